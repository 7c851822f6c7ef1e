#include "labeling/queue/queue.h"

#include <algorithm>
#include <utility>

#include "labeling/queue/lease_tables.h"

namespace tally::labeling {
namespace {

using core::Error;
using core::Refusal;
using core::Result;

constexpr std::int64_t expired_at_once_max = 100;

Error clock_not_trusted() {
  return {Refusal::unavailable, "clock.not_trusted",
          "the server's clock departed; nothing is leased until the operator has acknowledged it"};
}

}  // namespace

std::int64_t Queue::expire_leases(Tx& tx, std::int64_t limit) {
  return labeling::expire_leases(tx, journal_.ledger.now(), limit);
}

Result<std::int64_t> Queue::reap(std::int64_t limit) {
  return journal_.writer.run(
      [&](Tx& tx) -> Result<std::int64_t> { return expire_leases(tx, limit); });
}

Result<LeaseStep> Queue::lease(Tx& tx,
                               const Principal& caller,
                               const ProjectId& project,
                               std::int64_t count) {
  auto found = project_of_party(tx, project, caller);
  if (!found) return found.error();
  if (!journal_.ledger.time_is_trusted()) return clock_not_trusted();
  if (auto stands = require_contract(tx, *found); !stands) return stands.error();
  if (expire_leases(tx, expired_at_once_max) == expired_at_once_max) {
    return LeaseStep{.leases = {}, .is_finished = false, .rows_examined = 0};
  }
  Instant now = journal_.ledger.now();
  auto waiting = find_waiting(tx, project, caller.actor, count);
  LeaseStep step{.leases = {},
                 .is_finished = waiting.is_at_end || !waiting.tasks.empty(),
                 .rows_examined = waiting.rows_examined};
  for (WaitingTask& task : waiting.tasks) {
    Lease lease;
    lease.token = {LeaseId::make(now, journal_.random), task.fence + 1, journal_.random.salt()};
    lease.task = task.id;
    lease.item = std::move(task.item);
    lease.annotator = caller.actor;
    lease.seat = task.free_seats.lowest();
    lease.leased_at = now;
    lease.leased_until = {now.unix_ms + found->policy.lease_seconds * 1'000};
    store_lease(tx, project, lease);
    step.leases.push_back(std::move(lease));
  }
  return step;
}

Result<std::vector<Lease>> Queue::lease(const Principal& caller,
                                        const ProjectId& project,
                                        const LeaseCommand& command) {
  while (true) {
    std::vector<Lease> held;
    auto step = journal_.writer.run([&](Tx& tx) -> Result<LeaseStep> {
      std::int64_t wanted = command.count;
      if (command.include_held.value_or(false)) {
        held = list_leases(tx, project, caller.actor, journal_.ledger.now());
        if (std::cmp_greater(held.size(), command.count))
          held.erase(held.begin() + command.count, held.end());
        wanted -= static_cast<std::int64_t>(held.size());
      }
      return lease(tx, caller, project, wanted);
    });
    if (!step) return step.error();
    if (!step->is_finished && held.empty()) continue;
    std::move(step->leases.begin(), step->leases.end(), std::back_inserter(held));
    return held;
  }
}

}  // namespace tally::labeling
