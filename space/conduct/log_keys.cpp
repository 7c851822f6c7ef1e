// The keys of the log itself: named by entry 0, added and retired by the ledger.
#include "ledger/log_keys.h"

#include <algorithm>

#include "ledger/log_signers.h"
#include "space/conduct/floor.h"

namespace tally::space {
namespace {

using ledger::format_vkey;
using ledger::LogKeyAdded;
using ledger::LogKeyRetired;
using ledger::Replay;
using ledger::ReplayedEntry;

// What the tables know is the keys of the ledger's own log, not of those that it carries.
template <class Event>
void apply_own(Replay& replay, const Event& event, const ReplayedEntry& entry) {
  if (replay.level() == 0) ledger::apply(replay.tx(), event, entry.seq, entry.at);
}

void judge_added(SpaceReplay& space,
                 Replay& replay,
                 const LogKeyAdded& event,
                 const ReplayedEntry& entry) {
  Judged judged(replay, entry);
  demand_system(judged);
  auto& keys = space.log_keys_at(replay.level());
  bool is_new = judged.demand(!keys.knows(event.key), "log.key_in_use",
                              "adds a key that is, or was, the log's", "", event.key);
  judged.demand(keys.is_in_force(event.signer), "log.key_not_let_in",
                "adds a key that no key of the log lets in", "", event.signer);
  if (auto checked = ledger::check_addition(replay.origin(), event); !checked)
    judged.wrong(checked.error().code, "adds a key of the log without its signatures");
  if (!is_new) return;
  keys.add(event.key);
  apply_own(replay, event, entry);
}

void judge_retired(SpaceReplay& space,
                   Replay& replay,
                   const LogKeyRetired& event,
                   const ReplayedEntry& entry) {
  Judged judged(replay, entry);
  demand_system(judged);
  auto& keys = space.log_keys_at(replay.level());
  if (!judged.demand(keys.is_in_force(event.key), "log.key_not_in_force",
                     "retires a key that is not in force", "", event.key)) {
    return;
  }
  judged.demand(keys.in_force_count() > 1, "log.key_last", "retires the last key of the log", "",
                event.key);
  keys.retire(event.key);
  apply_own(replay, event, entry);
}

// One of the keys that the auditor was given has to be the log's. Another that is not named belongs to
// a later time than this copy, or this is a history that parted before it: that cannot be told here.
void judge_given(SpaceReplay& space, Replay& replay) {
  const auto& named = space.log_keys_at(0);
  if (named.is_empty()) return;
  auto given = replay.log_keys().all();
  if (std::ranges::any_of(given, [&](const auto& key) { return named.knows(format_vkey(key)); })) {
    for (const auto& key : given) {
      if (named.knows(format_vkey(key))) continue;
      replay.report({.code = "ledger.key_not_named",
                     .place = "ledger",
                     .contract = {},
                     .words =
                         "No entry names a key that this audit was given: this copy is older than "
                         "the key, or of a history that parted from the log's before it, or the "
                         "key was made by `tallystick rotate log` and the server has not been "
                         "started since.",
                     .expected = format_vkey(key),
                     .found = {},
                     .not_checkable = true});
    }
    return;
  }
  replay.report({.code = "ledger.wrong_key",
                 .place = "entry 0",
                 .contract = {},
                 .words = "Neither entry 0 nor a later one names a key that this audit was given.",
                 .expected = format_vkey(given.front()),
                 .found = {}});
}

}  // namespace

void add_log_key_replayers(ledger::Replayers& replayers,
                           const std::shared_ptr<SpaceReplay>& space) {
  judge_by(replayers, space, judge_added);
  judge_by(replayers, space, judge_retired);
  replayers.at_end([space](Replay& replay) { judge_given(*space, replay); });
}

}  // namespace tally::space
