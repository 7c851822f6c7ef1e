// The rows of tasks.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "core/sql/session.h"
#include "labeling/ids.h"
#include "labeling/projects/policy.h"
#include "labeling/queue/lease.h"

namespace tally::labeling {

enum class TaskState : std::uint8_t { open, decided, in_doubt };
constexpr std::array<std::pair<TaskState, std::string_view>, 3> enum_names(TaskState) {
  return {{{TaskState::open, "open"},
           {TaskState::decided, "decided"},
           {TaskState::in_doubt, "in_doubt"}}};
}

// One item that people are asked about.
struct Task {
  TaskId id;
  ProjectId project;
  std::string item;
  std::int64_t seats = 1;
  std::int64_t agree = 1;
  std::int64_t answers = 0;
  FreeSeats free_seats{0};
  std::int64_t fence = 0;
  TaskState state = TaskState::open;
};

std::optional<Task> find_task(core::sql::Session& session, const TaskId& id);

struct NewTask {
  TaskId id;
  std::string item;
  std::int64_t priority_ppm = 0;
  Panel panel;
};

// Where a task stands in its project's queue: the most uncertain first, then the oldest. `number`
// counts the project's tasks from 1.
std::int64_t queue_place(std::int64_t priority_ppm, std::int64_t number);

// Adds tasks in their order, and tells the queue that it was refilled.
void add_tasks(core::sql::Tx& tx, const ProjectId& project, std::span<const NewTask> tasks);

}  // namespace tally::labeling
