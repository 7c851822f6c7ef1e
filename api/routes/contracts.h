// Routes under /v1/contracts and /v1/uses. Each handler translates; it decides nothing.
#pragma once

#include "api/router.h"
#include "api/services.h"

namespace tally::api {

//   POST /v1/contracts                  offer a signed document            contracts:write
//   GET  /v1/contracts                  the caller's contracts             contracts:read
//   GET  /v1/contracts/{id}             one, with document and counts      contracts:read
//   POST /v1/contracts/{id}/accept      sign the offered document          contracts:write
//   POST /v1/contracts/{id}/terminate   end it, by either party            contracts:write
//   POST /v1/contracts/{id}/decisions   what a use would be answered now   contracts:use
//   POST /v1/contracts/{id}/uses        a metered use; answers with data   contracts:use
//   GET  /v1/uses/{id}                  a use, for its parties             contracts:read
//   GET  /v1/uses/{id}/receipt          its receipt, a .tlog-proof file    contracts:read
void add_contract_routes(Router& router, Services& services);

}  // namespace tally::api
