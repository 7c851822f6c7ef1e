// Answers: what a person says about an item, under a lease. Values and decisions.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/bytes.h"
#include "core/mapping.h"
#include "labeling/ids.h"
#include "labeling/queue/lease.h"
#include "labeling/queue/task_tables.h"

namespace tally::labeling {

inline constexpr std::size_t answers_max = 100;  // in one request

// A set of classes; empty: none fits.
struct AnswerCommand {
  std::string lease;  // its token
  std::vector<std::string> labels;

  static constexpr auto fields = core::FieldList{
      core::field("lease", &AnswerCommand::lease, core::length(1, 128)),
      core::field("labels", &AnswerCommand::labels, core::length(0, 1'000)),
  };
};

// One of several, which names its task.
struct TaskAnswer {
  TaskId task;
  std::string lease;
  std::vector<std::string> labels;

  static constexpr auto fields = core::FieldList{
      core::field("task", &TaskAnswer::task),
      core::field("lease", &TaskAnswer::lease, core::length(1, 128)),
      core::field("labels", &TaskAnswer::labels, core::length(0, 1'000)),
  };
};

// The last seat of a task decides it, or leaves it in doubt.
enum class Outcome : std::uint8_t { decided, in_doubt };
constexpr std::array<std::pair<Outcome, std::string_view>, 2> enum_names(Outcome) {
  return {{{Outcome::decided, "decided"}, {Outcome::in_doubt, "in_doubt"}}};
}

// The body of label.recorded/1 (schemas/entries).
struct LabelRecorded {
  static constexpr std::string_view kind = "label.recorded/1";

  space::ActorId annotator;
  AnswerId answer;
  LeaseId lease;
  std::int64_t leased_at = 0;
  std::int64_t leased_until = 0;
  std::optional<Outcome> outcome;  // with the last seat
  ProjectId project;
  std::string salt;
  std::int64_t seat = 0;
  TaskId task;
  core::Hash value;  // commitment to the labels, under a salt that stays private

  static constexpr auto fields = core::FieldList{
      core::field("annotator", &LabelRecorded::annotator),
      core::field("answer", &LabelRecorded::answer),
      core::field("lease", &LabelRecorded::lease),
      core::field("leased_at", &LabelRecorded::leased_at),
      core::field("leased_until", &LabelRecorded::leased_until),
      core::field("outcome", &LabelRecorded::outcome),
      core::field("project", &LabelRecorded::project),
      core::field("salt", &LabelRecorded::salt, core::matches_hex(32)),
      core::field("seat", &LabelRecorded::seat),
      core::field("task", &LabelRecorded::task),
      core::field("value", &LabelRecorded::value),
  };
};

// An answer whose labels are known to be classes of the project.
struct ReadAnswer {
  TaskId task;
  LeaseToken token;
  std::string labels;  // ClassList::labels_text
};

struct AnswerFacts {
  Task task;
  std::optional<Lease> live;         // the lease that the token names, if there still is one
  std::vector<std::string> earlier;  // what the other seats said
  space::ActorId annotator;
  Instant now;
  AnswerId id;
  std::string value_salt;
  std::string salt;
};

struct DecidedAnswer {
  LabelRecorded event;
  std::optional<std::string> decided;  // the labels that all seats together decided
};

// The state of the task once the answer is in.
TaskState state_after(const DecidedAnswer& decided);

// Refusals: those of check_lease.
core::Result<DecidedAnswer> decide_answer(const ReadAnswer& answer, const AnswerFacts& facts);

}  // namespace tally::labeling
