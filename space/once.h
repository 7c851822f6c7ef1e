// Idempotency: a request with a key has its effect once, and the same answer ever after.
//
// The row is written with the effect and never before, so a crash leaves both or neither. Keys are
// scoped to the party and the route. Uses of contracts keep their keys themselves (space/uses), as
// these are never forgotten and stand in the ledger.
#pragma once

#include <functional>
#include <string>

#include "ledger/journal.h"
#include "space/ids.h"

namespace tally::space {

// A change as its caller sees it: what to answer, and the entry that records it.
struct Change {
  std::string body;  // canonical JSON object: the answer without its receipt. Never a secret.
  ledger::ReceiptPtr receipt;
  bool repeated = false;  // the key was seen before; nothing was changed now
};

// Who asks for what under which key. `request` is all that must be equal for a repetition to be the
// same request: path parameters and body, canonical.
struct Once {
  std::string party;  // or another scope, such as the address of someone who has no party yet
  std::string route;
  std::string key;
  std::string request;
};

// Runs `change` unless the key is known. Refusals, in this order: idempotency_key.reused (invalid:
// other content under the key), then those of `change`, which burn no key.
core::Result<Change> run_once(ledger::Journal& journal,
                              const Once& once,
                              const std::function<core::Result<Change>(core::sql::Tx&)>& change,
                              core::sql::Lane lane = core::sql::Lane::prompt);

}  // namespace tally::space
