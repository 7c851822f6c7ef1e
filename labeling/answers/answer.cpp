#include "labeling/answers/answer.h"

#include "core/assert.h"
#include "labeling/answers/consensus.h"
#include "space/commitment.h"

namespace tally::labeling {

core::Result<DecidedAnswer> decide_answer(const ReadAnswer& answer, const AnswerFacts& facts) {
  auto lawful = check_lease(answer.token, facts.live, facts.task.fence, facts.annotator, facts.now);
  if (!lawful) return lawful.error();
  const Lease& lease = *facts.live;
  TALLY_ASSERT(lease.task == facts.task.id && facts.task.state == TaskState::open);

  DecidedAnswer decided;
  LabelRecorded& event = decided.event;
  event.annotator = facts.annotator;
  event.answer = facts.id;
  event.lease = lease.token.lease;
  event.leased_at = lease.leased_at.unix_ms;
  event.leased_until = lease.leased_until.unix_ms;
  event.project = facts.task.project;
  event.salt = facts.salt;
  event.seat = lease.seat;
  event.task = facts.task.id;
  event.value = space::commitment_hash(facts.value_salt, answer.labels);
  if (facts.task.answers + 1 == facts.task.seats) {
    auto answers = facts.earlier;
    answers.push_back(answer.labels);
    decided.decided = find_consensus(answers, facts.task.agree);
    event.outcome = decided.decided ? Outcome::decided : Outcome::in_doubt;
  }
  return decided;
}

TaskState state_after(const DecidedAnswer& decided) {
  if (!decided.event.outcome) return TaskState::open;
  return *decided.event.outcome == Outcome::decided ? TaskState::decided : TaskState::in_doubt;
}

}  // namespace tally::labeling
