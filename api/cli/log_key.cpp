#include "api/cli/log_key.h"

#include "api/cli/cli.h"

namespace tally::api {

using core::Error;
using core::Refusal;

core::Result<ledger::VerifierKey> read_log_key(const std::string& option) {
  if (option.empty()) {
    return Error{
        Refusal::invalid, "key.missing",
        "Without the log's public key there is nothing to check against, and a key from\n"
        "what is to be checked would prove nothing. Give --key VKEY or --key @FILE, as the\n"
        "operator published it (on the server: log.vkey in the data directory)."};
  }
  auto text = text_or_file(option);
  if (!text) return text.error();
  auto key = ledger::parse_vkey(*text);
  if (key && key->type != ledger::SignatureType::ed25519) {
    return Error{Refusal::invalid, "checkpoint.wrong_key_type",
                 "The key " + key->name + " is a witness's, not a log's."};
  }
  return key;
}

}  // namespace tally::api
