#include "labeling/continuation.h"

#include "space/continuation/continuation.h"

namespace tally::labeling {
namespace {

using core::sql::Statement;

struct Statements {
  core::sql::Connection& db;
  Statement move_imports{db, "update import set last_seq = last_seq + ?1"};
  // Below zero and back: a place may be that of another row until all have moved.
  Statement lift_entries{db, "update import_entry set seq = -(seq + ?1)"};
  Statement place_entries{db, "update import_entry set seq = -seq"};
  Statement name_projects{db, R"(
    insert into project_text (project, title, classes, salt)
    select id, '(lost)', '[]', '00000000000000000000000000000000'
      from project
     where not exists (select 1 from project_text t where t.project = project.id)
  )"};
  Statement open_queues{db, R"(
    insert into queue (project)
    select id from project where not exists (select 1 from queue q where q.project = project.id)
  )"};
  Statement end_leases{db, R"(
    delete from lease
     where task in (select a.task from answer a left join answer_value v on v.answer = a.id
                     where v.answer is null)
  )"};
  Statement doubt_tasks{db, R"(
    update task
       set answers = seats, free_seats = 0, state = 'in_doubt'
     where state = 'open'
       and id in (select a.task from answer a left join answer_value v on v.answer = a.id
                   where v.answer is null)
  )"};
  Statement count_leases{db, R"(
    update queue set leased = (select count(*) from lease l where l.project = queue.project)
  )"};
};

}  // namespace

void settle_continued(core::sql::Tx& tx) {
  auto& sql = tx.use<Statements>();
  sql.move_imports(space::carried_from).run();
  sql.lift_entries(space::carried_from).run();
  sql.place_entries().run();
  sql.name_projects().run();
  sql.open_queues().run();
  sql.end_leases().run();
  sql.doubt_tasks().run();
  sql.count_leases().run();
}

}  // namespace tally::labeling
