// The option --key of commands that check what a log signed.
#pragma once

#include <string>

#include "core/result.h"
#include "ledger/note.h"

namespace tally::api {

// A vkey, or @FILE that holds one. Refusals: key.missing (with what to do), vkey.malformed,
// checkpoint.wrong_key_type, and those of core::read_file.
core::Result<ledger::VerifierKey> read_log_key(const std::string& option);

}  // namespace tally::api
