// The file of --token-file.
#pragma once

#include <string>

#include "core/result.h"

namespace tally::api {

// The token that a file holds, blanks and newlines at its end aside. What is no token is not sent to
// a server, as it may be another secret: the words name the file and not what it holds. Refusals: those
// of core::read_file, token_file.malformed.
core::Result<std::string> read_token_file(const std::string& path);

}  // namespace tally::api
