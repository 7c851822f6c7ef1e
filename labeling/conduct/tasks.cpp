// What tasks decided, held against what was asked and what was answered.
#include <optional>
#include <utility>
#include <vector>

#include "labeling/answers/answer_tables.h"
#include "labeling/answers/consensus.h"
#include "labeling/conduct/openings.h"
#include "labeling/queue/task_tables.h"
#include "space/conduct/openings.h"

namespace tally::labeling {
namespace {

using core::sql::Cursor;
using core::sql::Session;
using core::sql::Statement;
using ledger::Replay;
using space::about_row;

struct Replayed {
  core::sql::Connection& db;
  Statement note{db, R"(
    insert into conduct_panel (task, project, contract, item, seats, agree)
    values (?1, ?2, ?3, ?4, ?5, ?6)
    on conflict do nothing
  )"};
  Statement panels{db, R"(
    select p.task, p.project, p.contract, p.item, p.seats, p.agree, t.outcome,
           (select count(*) from answer a where a.task = p.task),
           (select coalesce(max(a.seat), 0) from answer a where a.task = p.task)
      from conduct_panel p left join conduct_task t on t.task = p.task
     order by p.task
  )"};
  Statement unknown{db, R"(
    select t.task, r.contract
      from conduct_task t
      join project r on r.id = t.project
      left join conduct_panel p on p.task = t.task
     where p.task is null
     order by t.task
  )"};
};

struct Stored {
  core::sql::Connection& db;
  Statement tasks{db, R"(
    select id, project, item, seats, agree, answers, state, labels from task order by id
  )"};
};

// A task as its line and its answers make it.
struct Expected {
  AskedPanel panel;
  std::optional<std::string> outcome;  // as its last answer's entry says
  std::int64_t answers = 0;
  std::int64_t last_seat = 0;
  std::optional<std::string> labels;  // decided
  std::string state = "open";
};

class Tasks {
 public:
  Tasks(Replay& replay, Session& database) : replay_(replay), database_(database) {}

  void check() {
    auto asked = replay_.tx().use<Replayed>().panels();
    auto stored = database_.use<Stored>().tasks();
    bool is_asked = asked.next();
    bool is_stored = stored.next();
    while (is_asked || is_stored) {
      int order = !is_stored ? -1 : !is_asked ? 1 : asked.view(0).compare(stored.view(0));
      if (order <= 0) {
        Expected task = read(asked);
        if (judge_answers(task)) compare(task, order == 0 ? &stored : nullptr);
        is_asked = asked.next();
      } else {
        tell_row("task " + stored.text(0), "", "No line of a chunk asks for this task");
      }
      if (order >= 0) is_stored = stored.next();
    }
  }

 private:
  static Expected read(const Cursor& row) {
    return {.panel = {row.text(0), row.text(1), row.text(2), row.text(3), row.integer(4),
                      row.integer(5)},
            .outcome = row.optional_text(6),
            .answers = row.integer(7),
            .last_seat = row.integer(8),
            .labels = std::nullopt};
  }

  // False: what was answered is wrong by itself, or not known.
  bool judge_answers(Expected& task) {
    const AskedPanel& panel = task.panel;
    auto wrong = [&](const char* code, const char* words, std::string expected, std::string found) {
      replay_.report(about_row(code, "task " + panel.task, panel.contract, words,
                               std::move(expected), std::move(found)));
      return false;
    };
    if (task.last_seat > panel.seats) {
      return wrong("label.wrong_seat", "A seat has answered that the task has not",
                   "1 to " + std::to_string(panel.seats), std::to_string(task.last_seat));
    }
    if (task.answers < panel.seats) {
      if (!task.outcome) return true;
      return wrong("label.seats_missing", "The task was ended before all seats had answered",
                   std::to_string(panel.seats) + " answers", std::to_string(task.answers));
    }
    auto id = TaskId::parse(panel.task);
    auto answers = id ? list_labels(database_, *id) : std::vector<std::string>{};
    if (std::cmp_not_equal(answers.size(), task.answers)) return false;  // told as opening.missing
    task.labels = find_consensus(answers, panel.agree);
    task.state = task.labels ? "decided" : "in_doubt";
    if (task.outcome == task.state) return true;
    return wrong("label.wrong_outcome", "The task's answers come to something else than its entry",
                 task.state, task.outcome.value_or("no outcome"));
  }

  void compare(const Expected& task, const Cursor* stored) {
    std::string row = "task " + task.panel.task;
    if (stored == nullptr) return tell_row(row, task.panel.contract, "The task is gone");
    auto column = [&](const char* name, const std::string& expected, int place) {
      std::string found = stored->is_null(place) ? "null" : stored->text(place);
      if (expected == found) return true;
      tell_row(row, task.panel.contract,
               std::string("The task's line and answers give another ") + name, expected, found);
      return false;
    };
    bool is_same = column("project", task.panel.project, 1) && column("item", task.panel.item, 2) &&
                   column("seats", std::to_string(task.panel.seats), 3) &&
                   column("agree", std::to_string(task.panel.agree), 4) &&
                   column("answers", std::to_string(task.answers), 5) &&
                   column("state", task.state, 6);
    if (is_same) column("labels", task.labels.value_or("null"), 7);
  }

  void tell_row(const std::string& row,
                const std::string& contract,
                const std::string& words,
                std::string expected = "",
                std::string found = "") {
    report_lost(replay_, about_row("task.differs", row, contract, words, std::move(expected),
                                   std::move(found)));
  }

  Replay& replay_;
  Session& database_;
};

}  // namespace

void note_panel(Replay& replay, const AskedPanel& panel) {
  replay.tx()
      .use<Replayed>()
      .note(panel.task, panel.project, panel.contract, panel.item, panel.seats, panel.agree)
      .run();
}

void check_tasks(Replay& replay, Session& database) {
  {
    auto row = replay.tx().use<Replayed>().unknown();
    while (row.next()) {
      report_lost(replay, about_row("label.unknown_task", "task " + row.text(0), row.text(1),
                                    "The task was answered, and no line of a chunk asks for it"));
    }
  }
  Tasks(replay, database).check();
}

}  // namespace tally::labeling
