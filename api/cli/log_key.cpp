#include "api/cli/log_key.h"

#include <algorithm>
#include <filesystem>
#include <string_view>
#include <system_error>

#include <CLI/CLI.hpp>

#include "api/cli/cli.h"

namespace tally::api {

using core::Error;
using core::Refusal;
using core::Result;
using ledger::LogKeys;
using ledger::VerifierKey;

namespace {

// Where the malformed key stands, or what was meant.
Error malformed(Error error, const std::string& option) {
  if (option.starts_with('@')) {
    error.message = option.substr(1) + ": " + error.message;
  } else if (std::error_code ignored; std::filesystem::exists(option, ignored)) {
    error.message = option + " is a file; --key takes the key itself, or @" + option + ".";
  }
  return error;
}

}  // namespace

Result<LogKeys> read_log_keys(const std::vector<std::string>& options) {
  std::vector<VerifierKey> keys;
  for (const std::string& option : options) {
    auto text = text_or_file(option);
    if (!text) return text.error();
    for (std::string_view left = *text; !left.empty();) {
      std::size_t end = std::min(left.find('\n'), left.size());
      auto key = ledger::parse_vkey(left.substr(0, end));
      if (!key) return malformed(key.error(), option);
      keys.push_back(*std::move(key));
      left.remove_prefix(std::min(end + 1, left.size()));
    }
  }
  if (!keys.empty()) return LogKeys::of(std::move(keys));
  return Error{Refusal::invalid, "key.missing",
               "Without the log's public key there is nothing to check against, and a key from\n"
               "what is to be checked would prove nothing. Give --key VKEY or --key @FILE, as the\n"
               "operator published it (on the server: log.vkey in the data directory)."};
}

void add_log_keys_option(CLI::App& command,
                         std::vector<std::string>& options,
                         const std::string& more) {
  command
      .add_option("--key", options,
                  "The log's public key: a vkey, or @FILE; again for each key that it had" + more)
      ->allow_extra_args(false);
}

}  // namespace tally::api
