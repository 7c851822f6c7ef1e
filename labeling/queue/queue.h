// The queue: who is asked what next.
//
// It hands out seats of waiting tasks, the most uncertain first, as leases. A task waits while a
// seat of it is free; an annotator who has answered a task, or holds a seat of it, is not given
// another. Leases are no ledger entries; one that runs out leaves nothing behind.
//
// The cost of a lease does not grow with the queue. Waiting tasks stand in one partial index in the
// order of their `place`. What an annotator had already and still waits for others stands in the way
// of the index, so each annotator's way through it is remembered: whatever waits at or before their
// `place` was had by them, or came back since and bears a later number in `freed`. A command
// examines at most `rows_examined_max` rows ahead and `returns_max` of what came back; when that was
// not enough the place is kept and the next command goes on from it. Only a refill (an import, a
// check) or more than `returns_max` returns send an annotator back to the start.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "labeling/projects/project_tables.h"
#include "labeling/queue/lease.h"
#include "ledger/journal.h"

namespace tally::labeling {

inline constexpr std::int64_t leases_max = 100;
inline constexpr std::int64_t rows_examined_max = 500;
inline constexpr std::int64_t returns_max = 100;

struct LeaseCommand {
  std::int64_t count = 1;
  // The caller's live leases of the project come first, for those whose answer got lost.
  std::optional<bool> include_held;

  static constexpr auto fields = core::FieldList{
      core::field("count", &LeaseCommand::count, core::range(1, leases_max)),
      core::field("include_held", &LeaseCommand::include_held),
  };
};

// One step of leasing: what one command did.
struct LeaseStep {
  std::vector<Lease> leases;
  bool is_finished = true;  // false: nothing was found yet, and there is more to look at
  std::int64_t rows_examined = 0;
};

class Queue {
 public:
  explicit Queue(ledger::Journal& journal) : journal_(journal) {}

  // Up to `count` leases, the most uncertain first; none when nothing waits for this annotator.
  // Refusals, in this order: project.not_found, clock.not_trusted (unavailable: time cannot be
  // measured, so nothing is given for a time), contract.terminated (the project's).
  core::Result<std::vector<Lease>> lease(const Principal& caller,
                                         const ProjectId& project,
                                         const LeaseCommand& command);

  // Ends at most `limit` leases that have run out, of all projects; how many. lease() does it for
  // itself as well, so this only keeps seats from lying idle where nobody asks.
  core::Result<std::int64_t> reap(std::int64_t limit);

  // --- in a command -----------------------------------------------------------------------------

  core::Result<LeaseStep> lease(Tx& tx,
                                const Principal& caller,
                                const ProjectId& project,
                                std::int64_t count);
  std::int64_t expire_leases(Tx& tx, std::int64_t limit);

 private:
  ledger::Journal& journal_;
};

}  // namespace tally::labeling
