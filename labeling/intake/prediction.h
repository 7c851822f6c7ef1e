// Lines: one prediction as it comes in, and the line about it that a chunk's root commits to.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/mapping.h"
#include "labeling/ids.h"
#include "labeling/projects/policy.h"

namespace tally::labeling {

inline constexpr std::size_t item_bytes_max = 128;
inline constexpr std::size_t prediction_line_bytes_max = 16 * 1024;

// {"item":"...","scores_ppm":[..one for each class..],"seats"?:5,"agree"?:3}
struct Prediction {
  std::string item;
  std::vector<std::int64_t> scores_ppm;
  std::optional<std::int64_t> seats;
  std::optional<std::int64_t> agree;

  static constexpr auto fields = core::FieldList{
      core::field("item", &Prediction::item, core::length(1, item_bytes_max)),
      core::field("scores_ppm",
                  &Prediction::scores_ppm,
                  core::length(2, 1'000),
                  core::each(core::range(0, ppm_one))),
      core::field("seats", &Prediction::seats, core::range(1, seats_max)),
      core::field("agree", &Prediction::agree, core::range(1, seats_max)),
  };

  Panel panel(const Policy& policy) const {
    return {seats.value_or(policy.seats), agree.value_or(policy.agree)};
  }
};

// Reads one line (without its newline). A refusal names the line (1 is the first) in its message and
// in each pointer: "/<line>/scores_ppm". Codes: prediction.malformed (no JSON), prediction.invalid.
core::Result<Prediction> read_prediction(std::string_view text,
                                         std::uint64_t line,
                                         const Policy& policy,
                                         std::size_t class_count);

// The refusal of line `line` because of its member `member`, or as a whole if that is empty.
core::Error wrong_prediction(std::uint64_t line,
                             std::string_view member,
                             std::string code,
                             std::string words);

// A line of a chunk: canonical JSON, private, kept beside the ledger; its hash is a leaf of the
// chunk's root. The salt keeps a guess from being confirmed by the hash alone.
struct RoutedLine {
  std::string item;
  std::uint32_t predicted = 0;
  Route route{};
  std::string salt;
  std::vector<std::int64_t> scores_ppm;
  std::optional<std::int64_t> seats = {};  // these three when people are asked
  std::optional<std::int64_t> agree = {};
  std::optional<TaskId> task = {};

  static constexpr auto fields = core::FieldList{
      core::field("item", &RoutedLine::item),
      core::field("predicted", &RoutedLine::predicted),
      core::field("route", &RoutedLine::route),
      core::field("salt", &RoutedLine::salt),
      core::field("scores_ppm", &RoutedLine::scores_ppm),
      core::field("seats", &RoutedLine::seats),
      core::field("agree", &RoutedLine::agree),
      core::field("task", &RoutedLine::task),
  };
};

// The same for an accepted item that is sent to people as a check.
struct CheckLine {
  std::string item;
  std::string salt;
  std::int64_t seats = 1;
  std::int64_t agree = 1;
  TaskId task;

  static constexpr auto fields = core::FieldList{
      core::field("item", &CheckLine::item),   core::field("salt", &CheckLine::salt),
      core::field("seats", &CheckLine::seats), core::field("agree", &CheckLine::agree),
      core::field("task", &CheckLine::task),
  };
};

}  // namespace tally::labeling
