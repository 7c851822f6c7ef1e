// The policy of a project: what the model's confidence decides, and whom it asks otherwise.
//
// All numbers are integers in parts per million, also inside the entropy, so that every machine
// computes the same priorities. Nothing here knows of clocks, disks or tables.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

#include "core/mapping.h"
#include "core/result.h"

namespace tally::labeling {

inline constexpr std::int64_t ppm_one = 1'000'000;
inline constexpr std::int64_t score_sum_slack_ppm = 10;  // rounding of up to 1,000 scores
inline constexpr std::int64_t seats_max = 32;

// What makes an item urgent. Labeling asks for the most uncertain first.
enum class Priority : std::uint8_t {
  least_confidence,  // 1 - p1
  margin,            // 1 - (p1 - p2)
  entropy,           // -sum p ln p / ln K
};
constexpr std::array<std::pair<Priority, std::string_view>, 3> enum_names(Priority) {
  return {{{Priority::least_confidence, "least_confidence"},
           {Priority::margin, "margin"},
           {Priority::entropy, "entropy"}}};
}

enum class Route : std::uint8_t {
  accept,  // the model's label stands unless a check replaces it
  human,   // people are asked
  hold,    // neither asked nor released
};
constexpr std::array<std::pair<Route, std::string_view>, 3> enum_names(Route) {
  return {{{Route::accept, "accept"}, {Route::human, "human"}, {Route::hold, "hold"}}};
}

// How many people are asked about an item, and how many equal answers decide.
struct Panel {
  std::int64_t seats = 1;
  std::int64_t agree = 1;

  bool operator==(const Panel&) const = default;
};

struct Policy {
  std::int64_t accept_from_ppm = 990'000;
  std::int64_t hold_below_ppm = 500'000;
  Priority priority = Priority::least_confidence;
  std::int64_t seats = 1;
  std::int64_t agree = 1;
  std::int64_t lease_seconds = 600;

  Panel panel() const { return {seats, agree}; }

  bool operator==(const Policy&) const = default;
  static constexpr auto fields = core::FieldList{
      core::field("accept_from_ppm", &Policy::accept_from_ppm, core::range(0, ppm_one)),
      core::field("hold_below_ppm", &Policy::hold_below_ppm, core::range(0, ppm_one)),
      core::field("priority", &Policy::priority),
      core::field("seats", &Policy::seats, core::range(1, seats_max)),
      core::field("agree", &Policy::agree, core::range(1, seats_max)),
      core::field("lease_seconds", &Policy::lease_seconds, core::range(1, 86'400)),
  };
};

// What the member rules cannot say. Refuses with request.invalid: agree above seats, hold_below_ppm
// above accept_from_ppm. `pointer` is the policy's place in the message.
core::Result<core::Done> validate(const Policy& policy, std::string_view pointer);

// What the policy makes of one prediction.
struct Routing {
  Route route = Route::hold;
  std::uint32_t predicted = 0;  // the class with the highest score, the first of equals
  std::int64_t top_ppm = 0;
  std::int64_t priority_ppm = 0;  // 0 certain .. 1,000,000 as uncertain as can be

  bool operator==(const Routing&) const = default;
};

// Precondition: at least two scores, each within 0..ppm_one, with a sum within the slack of ppm_one.
Routing route_prediction(const Policy& policy, std::span<const std::int64_t> scores_ppm);

std::int64_t priority_ppm(Priority priority, std::span<const std::int64_t> scores_ppm);

}  // namespace tally::labeling
