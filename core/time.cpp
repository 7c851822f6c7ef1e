#include "core/time.h"

#include <array>
#include <chrono>
#include <cstdio>
#include <ctime>

#include "core/bytes.h"
#include "core/result.h"

namespace tally::core {
namespace {

class SystemClock : public Clock {
 public:
  Instant now() const override {
    auto since = std::chrono::system_clock::now().time_since_epoch();
    return {std::chrono::duration_cast<std::chrono::milliseconds>(since).count()};
  }
  std::int64_t monotonic_ms() const override {
    // Unlike the steady clock it goes on while the machine is suspended.
    timespec time{};
    if (clock_gettime(CLOCK_BOOTTIME, &time) != 0) throw Broken("the machine has no boot clock");
    return std::int64_t{time.tv_sec} * 1000 + time.tv_nsec / 1'000'000;
  }
};

std::optional<int> digits(std::string_view text, std::size_t at, std::size_t count) {
  int value = 0;
  for (std::size_t i = at; i < at + count; ++i) {
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    value = value * 10 + (text[i] - '0');
  }
  return value;
}

}  // namespace

std::string format_time(Instant instant) {
  using namespace std::chrono;
  sys_time<milliseconds> time{milliseconds{instant.unix_ms}};
  auto day = floor<days>(time);
  year_month_day date{day};
  hh_mm_ss clock{time - day};
  std::array<char, 64> text{};
  int size = std::snprintf(
      text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d", static_cast<int>(date.year()),
      static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
      static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
      static_cast<int>(clock.seconds().count()));
  std::string out(text.data(), static_cast<std::size_t>(size));
  if (auto ms = clock.subseconds().count(); ms != 0) {
    size = std::snprintf(text.data(), text.size(), ".%03d", static_cast<int>(ms));
    out.append(text.data(), static_cast<std::size_t>(size));
  }
  return out + "Z";
}

std::optional<Instant> parse_time(std::string_view text) {
  using namespace std::chrono;
  if (text.size() < 20 || text.back() != 'Z') return std::nullopt;
  if (text[4] != '-' || text[7] != '-' || text[10] != 'T' || text[13] != ':' || text[16] != ':') {
    return std::nullopt;
  }
  auto y = digits(text, 0, 4), mo = digits(text, 5, 2), d = digits(text, 8, 2);
  auto h = digits(text, 11, 2), mi = digits(text, 14, 2), s = digits(text, 17, 2);
  if (!y || !mo || !d || !h || !mi || !s) return std::nullopt;
  year_month_day date{year{*y}, month{static_cast<unsigned>(*mo)}, day{static_cast<unsigned>(*d)}};
  if (!date.ok() || *y < 1970 || *h > 23 || *mi > 59 || *s > 59) return std::nullopt;
  int ms = 0;
  std::string_view fraction = text.substr(19, text.size() - 20);
  if (!fraction.empty()) {
    if (fraction[0] != '.' || fraction.size() < 2 || fraction.size() > 4) return std::nullopt;
    auto value = digits(fraction, 1, fraction.size() - 1);
    if (!value) return std::nullopt;
    ms = *value;
    for (std::size_t i = fraction.size(); i < 4; ++i) ms *= 10;
  }
  auto time = sys_days{date}.time_since_epoch() + hours{*h} + minutes{*mi} + seconds{*s};
  return Instant{duration_cast<milliseconds>(time).count() + ms};
}

const Clock& system_clock() {
  static SystemClock clock;
  return clock;
}

}  // namespace tally::core
