// How the queue finds what waits for one annotator; queue.h tells why this is bounded.
#include <algorithm>

#include "labeling/queue/lease_tables.h"
#include "labeling/queue/queue.h"

namespace tally::labeling {
namespace {

using core::sql::Cursor;
using core::sql::Statement;

// Skipping fewer rows than this is cheaper than remembering that they were skipped.
constexpr std::int64_t rows_skipped_unremembered = 16;

struct Statements {
  core::sql::Connection& db;
  Statement queue{db, "select freed, refilled from queue where project = ?1"};
  Statement place{db, R"(
    select place, freed from queue_place where project = ?1 and annotator = ?2
  )"};
  Statement keep_place{db, R"(
    insert into queue_place (project, annotator, place, freed) values (?1, ?2, ?3, ?4)
    on conflict (project, annotator) do update set place = excluded.place, freed = excluded.freed
  )"};
  Statement ahead{db, R"(
    select id, item, place, freed, fence, free_seats, seats
      from task
     where project = ?1 and place > ?2 and free_seats <> 0
     order by place
     limit ?3
  )"};
  Statement returned{db, R"(
    select id, item, place, freed, fence, free_seats, seats
      from task
     where project = ?1 and freed > ?2 and freed > 0 and free_seats <> 0
     order by freed
     limit ?3
  )"};
  Statement holds{db, "select 1 from lease where task = ?1 and annotator = ?2"};
  Statement answered{db, "select 1 from answer where task = ?1 and annotator = ?2"};
};

WaitingTask task_from_row(const Cursor& row) {
  return {row.id<TaskId>(0), row.text(1),    row.integer(2),
          row.integer(3),    row.integer(4), FreeSeats(row.integer(5))};
}

// The way of one annotator through the queue of one project.
class Search {
 public:
  Search(Tx& tx, const ProjectId& project, const ActorId& annotator, std::int64_t count)
      : sql_(tx.use<Statements>()), project_(project), annotator_(annotator), wanted_(count) {
    start();
  }

  FoundTasks run() {
    if (known_.place > 0 && freed_ > known_.freed) look_at_returned();
    look_ahead();
    std::sort(found_.tasks.begin(), found_.tasks.end(),
              [](const auto& a, const auto& b) { return a.place < b.place; });
    if (is_worth_keeping_) sql_.keep_place(project_, annotator_, known_.place, known_.freed).run();
    return std::move(found_);
  }

 private:
  void start() {
    std::int64_t refilled = 0;
    {
      auto row = sql_.queue(project_);
      if (!row.next()) throw core::Broken("a project has lost its queue: " + project_.text());
      freed_ = row.integer(0);
      refilled = row.integer(1);
    }
    {
      auto row = sql_.place(project_, annotator_);
      if (row.next()) known_ = {row.integer(0), row.integer(1)};
    }
    if (known_.place == 0 || refilled > known_.freed) restart();
  }

  void restart() { known_ = {0, freed_}; }

  bool is_full() const { return std::cmp_greater_equal(found_.tasks.size(), wanted_); }

  // A task of which no seat was ever taken needs no look at who had it.
  bool was_had(const WaitingTask& task, std::int64_t seats) {
    if (task.free_seats.bits() == FreeSeats::all(seats).bits()) return false;
    return sql_.holds(task.id, annotator_).next() || sql_.answered(task.id, annotator_).next();
  }

  // What came back behind the known place. As long as all of it was had or lies ahead, it need not
  // be looked at again.
  void look_at_returned() {
    std::vector<WaitingTask> back;
    bool are_behind_us = true;
    std::int64_t seen = known_.freed;
    std::int64_t rows = 0;
    {
      auto row = sql_.returned(project_, known_.freed, returns_max);
      while (row.next()) {
        ++rows;
        auto task = task_from_row(row);
        if (task.place <= known_.place && !was_had(task, row.integer(6))) {
          back.push_back(std::move(task));
          are_behind_us = false;
        } else if (are_behind_us) {
          seen = task.freed;
        }
      }
    }
    found_.rows_examined += rows;
    if (rows == returns_max) {
      restart();
      is_worth_keeping_ = true;
      return;
    }
    is_worth_keeping_ = seen - known_.freed >= rows_skipped_unremembered;
    known_.freed = seen;
    std::sort(back.begin(), back.end(),
              [](const auto& a, const auto& b) { return a.place < b.place; });
    if (std::cmp_greater(back.size(), wanted_)) back.erase(back.begin() + wanted_, back.end());
    found_.tasks = std::move(back);
  }

  void look_ahead() {
    std::int64_t skipped = 0;
    std::int64_t rows = 0;
    auto row = sql_.ahead(project_, known_.place, rows_examined_max);
    while (!is_full() && row.next()) {
      ++rows;
      auto task = task_from_row(row);
      last_examined_ = task.place;
      if (was_had(task, row.integer(6))) {
        ++skipped;
      } else {
        found_.tasks.push_back(std::move(task));
      }
    }
    found_.rows_examined += rows;
    found_.is_at_end = rows < rows_examined_max;
    if (skipped >= rows_skipped_unremembered) {
      known_.place = last_examined_;
      is_worth_keeping_ = true;
    }
  }

  Statements& sql_;
  const ProjectId& project_;
  const ActorId& annotator_;
  std::int64_t wanted_;
  std::int64_t freed_ = 0;  // of the queue, now
  std::int64_t last_examined_ = 0;
  QueuePlace known_;
  FoundTasks found_;
  bool is_worth_keeping_ = false;
};

}  // namespace

FoundTasks find_waiting(Tx& tx,
                        const ProjectId& project,
                        const ActorId& annotator,
                        std::int64_t count) {
  return Search(tx, project, annotator, count).run();
}

}  // namespace tally::labeling
