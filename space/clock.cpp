#include "space/clock.h"

#include "space/event.h"

namespace tally::space {

using core::Result;
using core::sql::Tx;

Result<Change> acknowledge_clock(ledger::Journal& journal,
                                 const Principal& by,
                                 std::string_view key) {
  auto permitted = require(by, Scope::clock_acknowledge);
  if (!permitted) return permitted.error();
  return run_once(
      journal, {by.party.text(), "POST /v1/clock/acknowledge", std::string(key), ""},
      [&](Tx& tx) -> Result<Change> {
        journal.ledger.acknowledge_time();
        ClockAcknowledged event{journal.ledger.draw_salt()};
        auto receipt = append_event(journal.ledger, tx, by.actor.text(), event);
        return Change{core::canonical(ClockAnswer{journal.ledger.now()}), std::move(receipt)};
      });
}

}  // namespace tally::space
