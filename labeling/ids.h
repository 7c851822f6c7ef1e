// The ids of labeling. Pseudonyms: they stand in the ledger, items and labels do not.
#pragma once

#include <string_view>

#include "core/id.h"

namespace tally::labeling {

struct ProjectTag {
  static constexpr std::string_view prefix = "prj";
};
struct TaskTag {
  static constexpr std::string_view prefix = "tsk";
};
struct LeaseTag {
  static constexpr std::string_view prefix = "lse";
};
struct AnswerTag {
  static constexpr std::string_view prefix = "ans";
};

using ProjectId = core::Id<ProjectTag>;
using TaskId = core::Id<TaskTag>;
using LeaseId = core::Id<LeaseTag>;
using AnswerId = core::Id<AnswerTag>;

}  // namespace tally::labeling
