#include "labeling/answers/answer_tables.h"

#include "labeling/queue/lease_tables.h"

namespace tally::labeling {
namespace {

using core::sql::Statement;

struct Statements {
  core::sql::Connection& db;
  Statement find{db, "select id, seq, project from answer where id = ?1"};
  Statement labels{db, R"(
    select v.labels
      from answer a
      join answer_value v on v.answer = a.id
     where a.task = ?1
     order by a.seat
  )"};
};

struct WriteStatements {
  core::sql::Connection& db;
  Statement insert{db, R"(
    insert into answer (id, seq, project, task, annotator, seat, lease, leased_at, leased_until,
                        value, answered_at)
    values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
  )"};
  Statement insert_value{db, R"(
    insert into answer_value (answer, labels, salt) values (?1, ?2, ?3)
  )"};
  Statement move_task{db, R"(
    update task set answers = answers + 1, state = ?2, labels = ?3 where id = ?1 and state = 'open'
  )"};
};

}  // namespace

std::optional<AnswerRow> find_answer(Session& session, const AnswerId& id) {
  auto row = session.use<Statements>().find(id);
  if (!row.next()) return std::nullopt;
  return AnswerRow{row.id<AnswerId>(0), row.natural(1), row.id<ProjectId>(2)};
}

std::vector<std::string> list_labels(Session& session, const TaskId& task) {
  std::vector<std::string> labels;
  auto row = session.use<Statements>().labels(task);
  while (row.next()) labels.push_back(row.text(0));
  return labels;
}

void store_answer(Tx& tx,
                  const DecidedAnswer& decided,
                  const PrivateValue& value,
                  std::uint64_t seq,
                  Instant at) {
  auto& sql = tx.use<WriteStatements>();
  const LabelRecorded& event = decided.event;
  sql.insert(event.answer, seq, event.project, event.task, event.annotator, event.seat, event.lease,
             event.leased_at, event.leased_until, event.value, at)
      .run();
  sql.insert_value(event.answer, value.labels, value.salt).run();
  auto changed = sql.move_task(event.task, name_of(state_after(decided)), decided.decided).run();
  TALLY_ASSERT(changed == 1);
  delete_answered_lease(tx, event.project, event.lease);
  CountChange counts{.answers = 1};
  if (event.outcome == Outcome::decided) counts.decided = 1;
  if (event.outcome == Outcome::in_doubt) counts.in_doubt = 1;
  add_counts(tx, event.project, counts);
}

}  // namespace tally::labeling
