// The time of entries: it never goes back, and it does not follow a clock that jumps.
//
// While wall clock and monotonic clock agree, an entry carries the wall clock's time. When they
// depart from each other by more than `departure_ms_max` in either direction, the wall clock is not
// taken over: time runs on by the monotonic clock, and it is not trusted until the operator
// acknowledges.
#pragma once

#include <algorithm>
#include <cstdint>

#include "core/time.h"

namespace tally::ledger {

class Timeline {
 public:
  static constexpr std::int64_t departure_ms_max = 60'000;

  explicit Timeline(const core::Clock& clock) : clock_(&clock) { acknowledge(); }

  // Continues after a restart: `last` is the time of the last entry. A wall clock that stands before
  // it by more than the bound is not trusted.
  void resume(core::Instant last, bool trusted) {
    last_ = last;
    acknowledge();
    trusted_ = trusted && clock_->now().unix_ms >= last.unix_ms - departure_ms_max;
    if (!trusted_) base_wall_ms_ = std::max(base_wall_ms_, last.unix_ms);
  }

  core::Instant now() {
    std::int64_t wall = clock_->now().unix_ms;
    std::int64_t expected = base_wall_ms_ + clock_->monotonic_ms() - base_monotonic_ms_;
    std::int64_t departure = wall - expected;
    if (trusted_ && (departure > departure_ms_max || departure < -departure_ms_max))
      trusted_ = false;
    last_.unix_ms = std::max(last_.unix_ms, trusted_ ? wall : expected);
    return last_;
  }

  bool is_trusted() const { return trusted_; }
  core::Instant last() const { return last_; }
  core::Instant wall() const { return clock_->now(); }

  void acknowledge() {
    base_wall_ms_ = clock_->now().unix_ms;
    base_monotonic_ms_ = clock_->monotonic_ms();
    trusted_ = true;
  }

 private:
  const core::Clock* clock_;
  core::Instant last_;
  std::int64_t base_wall_ms_ = 0;
  std::int64_t base_monotonic_ms_ = 0;
  bool trusted_ = true;
};

}  // namespace tally::ledger
