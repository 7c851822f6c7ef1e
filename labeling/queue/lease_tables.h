// The rows of leases, and of each annotator's way through the queue.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "labeling/projects/project_tables.h"
#include "labeling/queue/lease.h"

namespace tally::labeling {

std::optional<Lease> find_lease(Session& session, const LeaseId& id);
// The annotator's leases of a project that are live at `now`, by task.
std::vector<Lease> list_leases(Session& session,
                               const ProjectId& project,
                               const ActorId& annotator,
                               Instant now);

// Takes the seat and moves the counts. The task's newest fence becomes the lease's.
void store_lease(Tx& tx, const ProjectId& project, const Lease& lease);
// After an answer: the seat stays taken.
void delete_answered_lease(Tx& tx, const ProjectId& project, const LeaseId& id);
// Ends at most `limit` leases that are over at `now`, and frees their seats.
std::int64_t expire_leases(Tx& tx, Instant now, std::int64_t limit);

// A waiting task, as the queue looks at it.
struct WaitingTask {
  TaskId id;
  std::string item;
  std::int64_t place = 0;
  std::int64_t freed = 0;
  std::int64_t fence = 0;
  FreeSeats free_seats{0};
};

// How far an annotator has come: see queue.h.
struct QueuePlace {
  std::int64_t place = 0;
  std::int64_t freed = 0;
};

struct FoundTasks {
  std::vector<WaitingTask> tasks;  // by place
  std::int64_t rows_examined = 0;
  bool is_at_end = true;  // false: stopped by rows_examined_max
};

// The first `count` tasks that wait for this annotator. Remembers how far it looked.
FoundTasks find_waiting(Tx& tx,
                        const ProjectId& project,
                        const ActorId& annotator,
                        std::int64_t count);

}  // namespace tally::labeling
