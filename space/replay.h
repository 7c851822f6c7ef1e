// The ledger of a space, replayed: every kind of entry that this floor writes is judged by what stood
// before it, and folded into the tables again (ledger/conduct.h).
//
// Parties and datasets go through the same apply() as their changes did. Contracts, meters and uses
// are folded by another hand than the one that wrote them (space/conduct), so that one mistake in
// either shows as a difference.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "core/hash.h"
#include "ledger/conduct.h"
#include "ledger/log_keys.h"
#include "space/conduct/judge.h"
#include "space/conduct/standings.h"

namespace tally::space {

// What the floors above ask about who acted and how contracts stand. Lives as long as the replay.
struct SpaceReplay {
  // Of the log that is audited, and of those that it carries, by how deep (Replay::level()).
  std::vector<ledger::LogKeyring> log_keys;
  ledger::LogKeyring& log_keys_at(std::size_t level) {
    if (log_keys.size() <= level) log_keys.resize(level + 1);
    return log_keys[level];
  }
  // A log begins there: nothing is known of its keys, or of a log that it carries.
  ledger::LogKeyring& open_log(std::size_t level) {
    log_keys.resize(level);
    return log_keys.emplace_back();
  }

  // What entry 0 of a log that continues another one names as the operator's key, by how deep.
  std::map<std::size_t, core::Hash> named_operator_keys;

  ActorsSeen actors;
  ContractStandings contracts;
  std::optional<PartyId> operator_party;
  std::uint64_t erased_contents = 0;
  std::uint64_t held_contracts = 0;  // since a ledger was continued, for all that is known
};

std::shared_ptr<SpaceReplay> register_replayers(ledger::Replayers& replayers);

}  // namespace tally::space
