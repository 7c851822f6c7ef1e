// The replayers of this floor, one function for each noun. Only space/replay.cpp calls them.
#pragma once

#include <memory>

#include "space/replay.h"

namespace tally::space {

// Has the event's kind judged by `judge(SpaceReplay&, Replay&, const Event&, const ReplayedEntry&)`.
template <class Event>
void judge_by(
    ledger::Replayers& replayers,
    const std::shared_ptr<SpaceReplay>& space,
    void (*judge)(SpaceReplay&, ledger::Replay&, const Event&, const ledger::ReplayedEntry&)) {
  replayers.on<Event>(
      [space, judge](ledger::Replay& replay, const Event& event,
                     const ledger::ReplayedEntry& entry) { judge(*space, replay, event, entry); });
}

void add_party_replayers(ledger::Replayers& replayers, const std::shared_ptr<SpaceReplay>& space);
void add_key_replayers(ledger::Replayers& replayers, const std::shared_ptr<SpaceReplay>& space);
void add_log_key_replayers(ledger::Replayers& replayers, const std::shared_ptr<SpaceReplay>& space);
void add_dataset_replayers(ledger::Replayers& replayers, const std::shared_ptr<SpaceReplay>& space);
void add_contract_replayers(ledger::Replayers& replayers,
                            const std::shared_ptr<SpaceReplay>& space);
void add_use_replayers(ledger::Replayers& replayers, const std::shared_ptr<SpaceReplay>& space);
void add_continuation_replayers(ledger::Replayers& replayers,
                                const std::shared_ptr<SpaceReplay>& space);
void add_erasure_replayers(ledger::Replayers& replayers, const std::shared_ptr<SpaceReplay>& space);
void add_projection_tables(ledger::Replayers& replayers);

}  // namespace tally::space
