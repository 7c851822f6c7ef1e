// Load on a server from one thread: N connections, each with one request under way at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace tally::bench {

struct Load {
  int port = 0;
  std::size_t connections = 1;
  double seconds = 3;
  double warm_up_seconds = 0.5;  // not counted
  // The whole request, for the n-th request of a connection.
  std::function<std::string(std::size_t connection, std::uint64_t n)> request;
  // Sees each body of a 200; may be empty.
  std::function<void(const std::string& body)> sample;
};

struct LoadResult {
  double per_second = 0;
  double p50_ms = 0;
  double p99_ms = 0;
  std::uint64_t answers = 0;   // counted
  std::uint64_t answered = 0;  // with those of the warm-up
  std::uint64_t failures = 0;  // other statuses than 200, broken connections
  std::string first_failure;
};

LoadResult run_load(const Load& load);

}  // namespace tally::bench
