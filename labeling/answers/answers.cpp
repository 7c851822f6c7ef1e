#include "labeling/answers/answers.h"

#include <utility>

#include "labeling/answers/answer_tables.h"
#include "labeling/answers/labels.h"
#include "labeling/queue/lease_tables.h"
#include "space/event.h"

namespace tally::labeling {
namespace {

using core::Error;
using core::Json;
using core::Refusal;
using core::Result;
using space::Change;
using space::Once;

Error task_not_found(const std::string& pointer) {
  Error error{Refusal::not_found, "task.not_found", "there is no such task"};
  if (!pointer.empty()) error.details.push_back({pointer + "/task", "not_found", error.message});
  return error;
}

Error lease_malformed(const std::string& pointer) {
  return {Refusal::invalid,
          "lease.malformed",
          "this is no lease token",
          {{pointer + "/lease", "malformed", "is no lease token"}}};
}

Error clock_not_trusted() {
  return {Refusal::unavailable, "clock.not_trusted",
          "the server's clock departed; whether a lease still runs cannot be told until the "
          "operator has acknowledged it"};
}

std::string place(const std::optional<ProjectId>& project, std::size_t index) {
  return project ? "/answers/" + std::to_string(index) : std::string();
}

// What is told of a lease in a batch says which of them it was.
Error at(const std::string& pointer, Error error) {
  if (!pointer.empty()) error.details.push_back({pointer + "/lease", error.code, error.message});
  return error;
}

// The classes of the projects that a request touches: mostly one.
class KnownClasses {
 public:
  explicit KnownClasses(Session& session) : session_(session) {}
  const ClassList& of(const ProjectId& project) {
    if (project_ != project) {
      classes_ = ClassList::from_text(project_text(session_, project).classes);
      project_ = project;
    }
    return classes_;
  }

 private:
  Session& session_;
  std::optional<ProjectId> project_;
  ClassList classes_;
};

Result<ReadAnswer> read_answer(Session& session,
                               const Principal& caller,
                               KnownClasses& classes,
                               const TaskAnswer& command,
                               const std::string& pointer) {
  auto task = find_task(session, command.task);
  if (!task || !project_of_party(session, task->project, caller)) return task_not_found(pointer);
  auto token = LeaseToken::parse(command.lease);
  if (!token) return lease_malformed(pointer);
  auto labels = classes.of(task->project).labels_text(command.labels, pointer + "/labels");
  if (!labels) return labels.error();
  return ReadAnswer{command.task, *std::move(token), *std::move(labels)};
}

}  // namespace

struct Answers::Recorded {
  AnswerView view;
  ledger::ReceiptPtr receipt;
};

Result<std::vector<ReadAnswer>> Answers::read(const Principal& caller,
                                              const std::optional<ProjectId>& project,
                                              const std::vector<TaskAnswer>& commands) {
  return journal_.readers.read([&](Session& session) -> Result<std::vector<ReadAnswer>> {
    if (project) {
      auto found = project_of_party(session, *project, caller);
      if (!found) return found.error();
    }
    KnownClasses classes(session);
    std::vector<ReadAnswer> answers;
    for (std::size_t i = 0; i < commands.size(); ++i) {
      auto answer = read_answer(session, caller, classes, commands[i], place(project, i));
      if (!answer) return answer.error();
      if (project && find_task(session, answer->task)->project != *project)
        return task_not_found(place(project, i));
      answers.push_back(*std::move(answer));
    }
    return answers;
  });
}

Result<Answers::Recorded> Answers::record_one(Tx& tx,
                                              const ActorId& annotator,
                                              const ReadAnswer& answer) {
  AnswerFacts facts;
  auto task = find_task(tx, answer.task);
  if (!task) throw core::Broken("a task is gone: " + answer.task.text());
  facts.task = *std::move(task);
  facts.live = find_lease(tx, answer.token.lease);
  if (facts.live && facts.live->task != answer.task) facts.live.reset();
  if (facts.task.answers + 1 == facts.task.seats) facts.earlier = list_labels(tx, answer.task);
  facts.annotator = annotator;
  facts.now = journal_.ledger.now();
  facts.id = AnswerId::make(facts.now, journal_.random);
  facts.value_salt = journal_.ledger.draw_salt();
  facts.salt = journal_.ledger.draw_salt();
  auto decided = decide_answer(answer, facts);
  if (!decided) return decided.error();
  auto receipt = space::append_event(journal_.ledger, tx, annotator.text(), decided->event);
  store_answer(tx, *decided, {answer.labels, facts.value_salt}, receipt->seq, facts.now);
  AnswerView view{.id = facts.id,
                  .task = answer.task,
                  .seat = decided->event.seat,
                  .seq = receipt->seq,
                  .task_state = state_after(*decided)};
  return Recorded{view, receipt};
}

Result<Change> Answers::record(const Principal& caller,
                               const Once& once,
                               const TaskId& task,
                               const AnswerCommand& command) {
  auto answers = read(caller, std::nullopt, {{task, command.lease, command.labels}});
  if (!answers) return answers.error();
  return space::run_once(journal_, once, [&](Tx& tx) -> Result<Change> {
    if (!journal_.ledger.time_is_trusted()) return clock_not_trusted();
    auto recorded = record_one(tx, caller.actor, answers->front());
    if (!recorded) return recorded.error();
    auto body = Json::object({{"answer", core::encode(recorded->view)}});
    return Change{core::canonical(body), recorded->receipt};
  });
}

Result<Change> Answers::record_all(const Principal& caller,
                                   const Once& once,
                                   const ProjectId& project,
                                   const std::vector<TaskAnswer>& commands) {
  TALLY_ASSERT(!commands.empty() && commands.size() <= answers_max);
  auto answers = read(caller, project, commands);
  if (!answers) return answers.error();
  return space::run_once(journal_, once, [&](Tx& tx) -> Result<Change> {
    if (!journal_.ledger.time_is_trusted()) return clock_not_trusted();
    Json::Array views;
    ledger::ReceiptPtr last;
    for (std::size_t i = 0; i < answers->size(); ++i) {
      auto recorded = record_one(tx, caller.actor, (*answers)[i]);
      if (!recorded) return at(place(project, i), recorded.error());
      views.push_back(core::encode(recorded->view));
      last = recorded->receipt;
    }
    return Change{core::canonical(Json::object({{"answers", std::move(views)}})), last};
  });
}

Result<ledger::Receipt> Answers::receipt(const Principal& caller, const AnswerId& answer) {
  return journal_.readers.read([&](Session& session) -> Result<ledger::Receipt> {
    auto found = find_answer(session, answer);
    if (!found || !visible_project(session, found->project, caller)) {
      return Error{Refusal::not_found, "answer.not_found", "there is no such answer"};
    }
    return journal_.ledger.receipt_of(session, found->seq);
  });
}

}  // namespace tally::labeling
