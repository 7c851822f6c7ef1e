// The option --key of commands that check what a log signed.
#pragma once

#include <string>
#include <vector>

#include "core/result.h"
#include "ledger/log_keys.h"

namespace CLI {
class App;
}

namespace tally::api {

// A vkey, or @FILE that holds some, a line each: of one log, whose key was exchanged. Refusals:
// key.missing (with what to do), vkey.malformed, those of LogKeys::of and of core::read_file.
core::Result<ledger::LogKeys> read_log_keys(const std::vector<std::string>& options);
// `--key`, again for each key. `more` ends its words.
void add_log_keys_option(CLI::App& command,
                         std::vector<std::string>& options,
                         const std::string& more = "");

}  // namespace tally::api
