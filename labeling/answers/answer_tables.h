// The rows of answers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "labeling/answers/answer.h"
#include "labeling/projects/project_tables.h"

namespace tally::labeling {

struct AnswerRow {
  AnswerId id;
  std::uint64_t seq = 0;
  ProjectId project;
};
std::optional<AnswerRow> find_answer(Session& session, const AnswerId& id);

// What the seats of a task said so far, in the order of the seats.
std::vector<std::string> list_labels(Session& session, const TaskId& task);

struct PrivateValue {
  std::string labels;
  std::string salt;
};

// label.recorded/1, applied: the answer, its task and the counts; the lease is gone.
void store_answer(
    Tx& tx, const DecidedAnswer& decided, const PrivateValue& value, std::uint64_t seq, Instant at);

}  // namespace tally::labeling
