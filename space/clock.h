// The operator's word that the machine's clock is right again.
//
// After the wall clock departed from the monotonic one (an entry clock.departed/1 says so), all that
// is limited in time is refused until this.
#pragma once

#include <string>
#include <string_view>

#include "core/mapping.h"
#include "ledger/journal.h"
#include "space/once.h"
#include "space/parties/principal.h"

namespace tally::space {

struct ClockAcknowledged {
  static constexpr std::string_view kind = "clock.acknowledged/1";

  std::string salt;

  static constexpr auto fields =
      core::FieldList{core::field("salt", &ClockAcknowledged::salt, core::matches_hex(32))};
};

// The answer of a change: {"now":<the time that entries carry from here on>}.
struct ClockAnswer {
  core::Instant now;

  static constexpr auto fields = core::FieldList{core::field("now", &ClockAnswer::now)};
};

// Refusals, in this order: scope.missing, idempotency_key.reused.
core::Result<Change> acknowledge_clock(ledger::Journal& journal,
                                       const Principal& by,
                                       std::string_view key);

}  // namespace tally::space
