// The opening of a space: entry 0 and the operator, in one transaction.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/bytes.h"
#include "core/mapping.h"
#include "core/signature.h"
#include "ledger/journal.h"
#include "space/ids.h"
#include "space/parties/principal.h"

namespace tally::space {

struct LedgerOpened {
  static constexpr std::string_view kind = "ledger.opened/1";

  std::string log_key;      // the vkey under which checkpoints are signed
  core::Hash operator_key;  // signs grants, and the operator's own requests
  std::string origin;
  std::string salt;
  std::string suite;

  static constexpr auto fields =
      core::FieldList{core::field("log_key", &LedgerOpened::log_key),
                      core::field("operator_key", &LedgerOpened::operator_key),
                      core::field("origin", &LedgerOpened::origin),
                      core::field("salt", &LedgerOpened::salt, core::matches_hex(32)),
                      core::field("suite", &LedgerOpened::suite)};
};

struct OpenedSpace {
  Principal principal;  // the operator's first actor
  std::string token;    // and its token, kept nowhere but here
};

// Writes entry 0 (ledger.opened/1, by "system"), and makes the operator: a party with that key and
// the role operator, and an actor with all its scopes. Refusal: space.opened (conflict: the ledger is
// not empty).
core::Result<OpenedSpace> open_space(ledger::Journal& journal,
                                     const core::SigningKey& operator_key,
                                     std::string_view operator_name,
                                     std::int64_t token_lifetime_seconds);

}  // namespace tally::space
