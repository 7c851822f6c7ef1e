// Attestations, which close a contract's entries, and the evidence up to them.
#pragma once

#include "api/router.h"
#include "api/services.h"

namespace tally::api {

//   POST /v1/contracts/{id}/attestations   closes what was recorded so far   either party, operator
//   GET  /v1/contracts/{id}/evidence       all of it, to be verified offline   either party
void add_evidence_routes(Router& router, Services& services);

}  // namespace tally::api
