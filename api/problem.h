// Problem documents (RFC 9457): how every refusal and failure looks to a client.
//
//   {"code":"contract.uses_exhausted","detail":"...","errors":[{"code","detail","pointer"}],
//    "instance":"urn:tallystick:request:<id>","status":403,"title":"Forbidden",
//    "type":"urn:tallystick:problem:contract.uses_exhausted"}
//
// `code` is stable and for programs, `detail` is for people. `errors` is there when members of the
// body are wrong.
#pragma once

#include <string_view>

#include "api/request.h"
#include "core/result.h"

namespace tally::api {

// The one switch from a refusal's kind to its HTTP status.
int http_status(core::Refusal kind);

// With WWW-Authenticate on 401, and Retry-After (seconds) on 429 and 503.
Reply problem(const core::Error& error, std::string_view request_id);
// For what has a status of its own: 405, 416, 431.
Reply problem(int status, const core::Error& error, std::string_view request_id);
// 500 "internal": says nothing but where to find it in the log.
Reply internal_problem(std::string_view request_id);

}  // namespace tally::api
