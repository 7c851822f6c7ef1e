// Routes under /v1/parties and /v1/actors. Each handler translates; it decides nothing.
#pragma once

#include "api/router.h"
#include "api/services.h"

namespace tally::api {

//   POST /v1/parties                a signed registration                open: the signature tells
//   GET  /v1/parties                all of them                          parties:approve
//   GET  /v1/parties/{id}           one, with its public key             parties:read
//   POST /v1/parties/{id}/approve   give it roles                        parties:approve
//   POST /v1/parties/{id}/tokens    a token for a signed request         open: the signature tells
//   POST /v1/actors                 another actor of the caller's party  actors:write
//   GET  /v1/actors                 the actors of the caller's party     actors:write
//   POST /v1/actors/{id}/revoke     end an actor's token                 actors:write
void add_party_routes(Router& router, Services& services);

}  // namespace tally::api
