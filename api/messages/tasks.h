// The messages of leases and answers.
//
//   POST /v1/projects/{id}/leases    labeling::LeaseCommand -> LeasesAnswer
//   POST /v1/tasks/{id}/answers      labeling::AnswerCommand -> AnswerAnswer, receipt
//   POST /v1/projects/{id}/answers   AnswersBody -> AnswersAnswer, receipt of the last
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/mapping.h"
#include "labeling/answers/answers.h"
#include "labeling/queue/lease.h"

namespace tally::api {

// A seat of a task, to be answered before `until` with this token.
struct LeaseView {
  labeling::TaskId task;
  std::string item;
  std::int64_t seat = 0;
  std::string token;
  core::Instant until;

  static constexpr auto fields = core::FieldList{
      core::field("task", &LeaseView::task),   core::field("item", &LeaseView::item),
      core::field("seat", &LeaseView::seat),   core::field("token", &LeaseView::token),
      core::field("until", &LeaseView::until),
  };
};

// The most uncertain first; empty when nothing waits for the caller.
struct LeasesAnswer {
  std::vector<LeaseView> leases;

  static constexpr auto fields = core::FieldList{core::field("leases", &LeasesAnswer::leases)};
};

struct AnswersBody {
  std::vector<labeling::TaskAnswer> answers;

  static constexpr auto fields = core::FieldList{
      core::field("answers", &AnswersBody::answers, core::length(1, labeling::answers_max))};
};

struct AnswerAnswer {
  labeling::AnswerView answer;

  static constexpr auto fields = core::FieldList{core::field("answer", &AnswerAnswer::answer)};
};

struct AnswersAnswer {
  std::vector<labeling::AnswerView> answers;

  static constexpr auto fields = core::FieldList{core::field("answers", &AnswersAnswer::answers)};
};

}  // namespace tally::api
