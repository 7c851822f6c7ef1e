#include "labeling/queue/task_tables.h"

#include "core/assert.h"
#include "labeling/projects/project_tables.h"

namespace tally::labeling {
namespace {

using core::sql::Session;
using core::sql::Statement;
using core::sql::Tx;

struct Statements {
  core::sql::Connection& db;
  Statement find{db, R"(
    select id, project, item, seats, agree, answers, free_seats, fence, state
      from task
     where id = ?1
  )"};
};

struct WriteStatements {
  core::sql::Connection& db;
  Statement refill{db, R"(
    update queue
       set tasks = tasks + ?2, freed = freed + 1, refilled = freed + 1
     where project = ?1
    returning tasks
  )"};
  Statement insert{db, R"(
    insert into task (id, project, item, place, seats, agree, free_seats)
    values (?1, ?2, ?3, ?4, ?5, ?6, ?7)
  )"};
};

}  // namespace

std::optional<Task> find_task(Session& session, const TaskId& id) {
  auto row = session.use<Statements>().find(id);
  if (!row.next()) return std::nullopt;
  Task task;
  task.id = row.id<TaskId>(0);
  task.project = row.id<ProjectId>(1);
  task.item = row.text(2);
  task.seats = row.integer(3);
  task.agree = row.integer(4);
  task.answers = row.integer(5);
  task.free_seats = FreeSeats(row.integer(6));
  task.fence = row.integer(7);
  task.state = named<TaskState>(row.view(8));
  return task;
}

std::int64_t queue_place(std::int64_t priority_ppm, std::int64_t number) {
  constexpr std::int64_t numbers = std::int64_t{1} << 32;
  TALLY_ASSERT(priority_ppm >= 0 && priority_ppm <= ppm_one && number > 0 && number < numbers);
  return (ppm_one - priority_ppm) * numbers + number;
}

void add_tasks(Tx& tx, const ProjectId& project, std::span<const NewTask> tasks) {
  if (tasks.empty()) return;
  auto& sql = tx.use<WriteStatements>();
  std::int64_t number = 0;
  {
    auto row = sql.refill(project, tasks.size());
    if (!row.next()) throw core::Broken("a project has lost its queue: " + project.text());
    number = row.integer(0) - static_cast<std::int64_t>(tasks.size());
  }
  for (const NewTask& task : tasks) {
    sql.insert(task.id, project, task.item, queue_place(task.priority_ppm, ++number),
               task.panel.seats, task.panel.agree, FreeSeats::all(task.panel.seats).bits())
        .run();
  }
}

}  // namespace tally::labeling
