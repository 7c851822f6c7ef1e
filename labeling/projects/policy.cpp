#include "labeling/projects/policy.h"

#include <algorithm>
#include <string>

namespace tally::labeling {
namespace {

constexpr int log_fraction_bits = 24;

// log2(x) with 24 bits of fraction, rounded down: the integer part is the highest bit, each further
// bit is one squaring of the mantissa.
std::int64_t log2_fixed(std::uint64_t x) {
  TALLY_ASSERT(x >= 1 && x < (std::uint64_t{1} << 31));
  int whole = 0;
  while ((x >> (whole + 1)) != 0) ++whole;
  std::int64_t result = whole;
  std::uint64_t mantissa = x << (31 - whole);  // 1.0 is 2^31
  for (int bit = 0; bit < log_fraction_bits; ++bit) {
    mantissa = (mantissa * mantissa) >> 31;
    result <<= 1;
    if ((mantissa >> 32) == 0) continue;
    result |= 1;
    mantissa >>= 1;
  }
  return result;
}

// H = log2(S) - (1/S) sum s log2(s), as a share of its greatest value log2(K).
std::int64_t entropy_ppm(std::span<const std::int64_t> scores_ppm) {
  std::int64_t sum = 0;
  std::int64_t weighted = 0;  // at most 2^20 * 2^29
  for (std::int64_t score : scores_ppm) {
    if (score == 0) continue;
    sum += score;
    weighted += score * log2_fixed(static_cast<std::uint64_t>(score));
  }
  std::int64_t entropy = log2_fixed(static_cast<std::uint64_t>(sum)) - weighted / sum;
  std::int64_t entropy_max = log2_fixed(scores_ppm.size());
  return std::clamp<std::int64_t>(entropy * ppm_one / entropy_max, 0, ppm_one);
}

struct TopTwo {
  std::uint32_t index = 0;
  std::int64_t first = -1;
  std::int64_t second = -1;
};

TopTwo top_two(std::span<const std::int64_t> scores_ppm) {
  TALLY_ASSERT(scores_ppm.size() >= 2);
  TopTwo top;
  for (std::size_t i = 0; i < scores_ppm.size(); ++i) {
    if (scores_ppm[i] > top.first) {
      top = {static_cast<std::uint32_t>(i), scores_ppm[i], top.first};
    } else if (scores_ppm[i] > top.second) {
      top.second = scores_ppm[i];
    }
  }
  return top;
}

core::Error wrong(std::string pointer, std::string detail) {
  return {core::Refusal::invalid,
          "request.invalid",
          "the policy contradicts itself",
          {{std::move(pointer), "out_of_range", std::move(detail)}}};
}

}  // namespace

core::Result<core::Done> validate(const Policy& policy, std::string_view pointer) {
  if (policy.agree > policy.seats)
    return wrong(std::string(pointer) + "/agree", "is more than the seats");
  if (policy.hold_below_ppm > policy.accept_from_ppm)
    return wrong(std::string(pointer) + "/hold_below_ppm", "is above accept_from_ppm");
  return core::Done{};
}

std::int64_t priority_ppm(Priority priority, std::span<const std::int64_t> scores_ppm) {
  auto top = top_two(scores_ppm);
  switch (priority) {
    case Priority::least_confidence:
      return ppm_one - top.first;
    case Priority::margin:
      return ppm_one - (top.first - top.second);
    case Priority::entropy:
      return entropy_ppm(scores_ppm);
  }
  core::assertion_failed("a priority without a formula", __FILE__, __LINE__);
}

Routing route_prediction(const Policy& policy, std::span<const std::int64_t> scores_ppm) {
  auto top = top_two(scores_ppm);
  Routing routing;
  routing.predicted = top.index;
  routing.top_ppm = top.first;
  routing.priority_ppm = priority_ppm(policy.priority, scores_ppm);
  if (top.first >= policy.accept_from_ppm) {
    routing.route = Route::accept;
  } else {
    routing.route = top.first < policy.hold_below_ppm ? Route::hold : Route::human;
  }
  return routing;
}

}  // namespace tally::labeling
