// From a change of the space to its reply, and from a request to what makes it happen once.
#pragma once

#include <string>

#include "api/request.h"
#include "space/once.h"

namespace tally::api {

// {"receipt":{"proof":"<tlog-proof file>","seq":n}} put behind the members of the change's body. The
// same key gets the same reply, byte for byte, with status 200 in place of 201.
Reply reply_change(int status, const space::Change& change);

// `"receipt":{"proof":..,"seq":..}`, a member of a larger object.
std::string receipt_member(const std::string& proof, std::uint64_t seq);

// Scoped to the caller's party, the method and the path; the request is its canonical body.
// Refusals: idempotency_key.missing, idempotency_key.malformed, those of parse_json.
core::Result<space::Once> once_for(const Request& request);

}  // namespace tally::api
