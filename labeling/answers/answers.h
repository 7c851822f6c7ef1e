// Recording answers. Every answer by a person is one ledger entry (label.recorded/1); its value
// stays beside the ledger and enters it as a commitment.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "labeling/answers/answer.h"
#include "labeling/projects/project_tables.h"
#include "ledger/journal.h"
#include "space/once.h"

namespace tally::labeling {

// What is known of an answer once it is recorded. Its labels are for those who see the project.
struct AnswerView {
  AnswerId id;
  TaskId task;
  std::int64_t seat = 0;
  std::uint64_t seq = 0;  // of its entry
  TaskState task_state{};

  static constexpr auto fields = core::FieldList{
      core::field("id", &AnswerView::id),
      core::field("task", &AnswerView::task),
      core::field("seat", &AnswerView::seat),
      core::field("seq", &AnswerView::seq),
      core::field("task_state", &AnswerView::task_state),
  };
};

class Answers {
 public:
  explicit Answers(ledger::Journal& journal) : journal_(journal) {}

  // {"answer":{..}}. Refusals, in this order: task.not_found, lease.malformed (invalid),
  // request.invalid (the labels), idempotency_key.reused, clock.not_trusted (unavailable), those of
  // check_lease.
  core::Result<space::Change> record(const Principal& caller,
                                     const space::Once& once,
                                     const TaskId& task,
                                     const AnswerCommand& command);

  // {"answers":[{..}]}: all or none. The receipt is that of the last. Refusals as above, with
  // pointers "/answers/<n>/..", and first of all project.not_found.
  core::Result<space::Change> record_all(const Principal& caller,
                                         const space::Once& once,
                                         const ProjectId& project,
                                         const std::vector<TaskAnswer>& commands);

  // The receipt of an answer. Refusal: answer.not_found.
  core::Result<ledger::Receipt> receipt(const Principal& caller, const AnswerId& answer);

 private:
  struct Recorded;

  core::Result<std::vector<ReadAnswer>> read(const Principal& caller,
                                             const std::optional<ProjectId>& project,
                                             const std::vector<TaskAnswer>& commands);
  core::Result<Recorded> record_one(Tx& tx, const ActorId& annotator, const ReadAnswer& answer);

  ledger::Journal& journal_;
};

}  // namespace tally::labeling
