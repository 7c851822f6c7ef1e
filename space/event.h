// Events: what a decision answers with, what an entry holds, what is folded into the tables.
//
// An event is a struct with `fields` (its body in the ledger, `salt` among them) and
// `static constexpr std::string_view kind`. schemas/entries describes each kind.
#pragma once

#include <memory>
#include <string_view>

#include "core/mapping.h"
#include "ledger/ledger.h"

namespace tally::space {

template <class Event>
std::shared_ptr<ledger::Receipt> append_event(ledger::Ledger& ledger,
                                              core::sql::Tx& tx,
                                              std::string_view by,
                                              const Event& event) {
  return ledger.append(tx, Event::kind, by, core::canonical(event));
}

}  // namespace tally::space
