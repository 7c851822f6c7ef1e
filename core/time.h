// Time, injected. Wall time dates entries; monotonic time runs leases and deadlines.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tally::core {

// Milliseconds since 1970-01-01T00:00:00Z. Messages spell it in RFC 3339, entries as the number.
struct Instant {
  std::int64_t unix_ms = 0;

  bool operator==(const Instant&) const = default;
  auto operator<=>(const Instant&) const = default;
};

// "2026-11-22T05:13:24.123Z"; the fraction is left out when it is zero.
std::string format_time(Instant instant);
// RFC 3339 in UTC ("Z"), years 1970 to 9999, with at most three digits of fraction.
std::optional<Instant> parse_time(std::string_view text);

class Clock {
 public:
  virtual ~Clock() = default;
  virtual Instant now() const = 0;                // wall time
  virtual std::int64_t monotonic_ms() const = 0;  // never goes back; starts anywhere
};

const Clock& system_clock();

// Stands still until it is moved. For tests.
class ManualClock : public Clock {
 public:
  explicit ManualClock(Instant start) : now_(start) {}
  Instant now() const override { return now_; }
  std::int64_t monotonic_ms() const override { return monotonic_ms_; }
  void advance_ms(std::int64_t ms) {
    now_.unix_ms += ms;
    monotonic_ms_ += ms;
  }
  void step_wall_ms(std::int64_t ms) { now_.unix_ms += ms; }

 private:
  Instant now_;
  std::int64_t monotonic_ms_ = 1;
};

}  // namespace tally::core
