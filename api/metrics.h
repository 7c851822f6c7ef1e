// What the operator watches, in the text format of Prometheus.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "ledger/journal.h"

namespace tally::api {

class Metrics {
 public:
  // Called for every reply, by many threads.
  void count_reply(int status, std::int64_t duration_us);

  // What another part has to say, in the same format. Before the server starts.
  void add(std::function<std::string()> part) { parts_.push_back(std::move(part)); }

  std::string text(ledger::Journal& journal) const;

 private:
  static constexpr std::array<std::int64_t, 10> bounds_us{
      250, 500, 1'000, 2'500, 5'000, 10'000, 25'000, 100'000, 500'000, 2'500'000};
  std::array<std::atomic<std::uint64_t>, 6> by_class_{};
  std::array<std::atomic<std::uint64_t>, bounds_us.size() + 1> by_duration_{};
  std::atomic<std::int64_t> duration_sum_us_{0};
  std::vector<std::function<std::string()>> parts_;
};

}  // namespace tally::api
