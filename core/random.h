// Randomness, injected: production draws from the system, a test from a seed.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "core/bytes.h"

namespace tally::core {

class Random {
 public:
  virtual ~Random() = default;
  // Fills with unpredictable bytes. Thread-safe.
  virtual void fill(std::uint8_t* bytes, std::size_t size) = 0;

  std::string bytes(std::size_t size);
  // 16 random bytes as 32 lower-case hex characters: the `salt` of every ledger entry.
  std::string salt();
};

Random& system_random();

// The same bytes for the same seed. For tests alone.
class SeededRandom : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : seed_(seed) {}
  void fill(std::uint8_t* bytes, std::size_t size) override;

 private:
  std::uint64_t seed_;
  std::atomic<std::uint64_t> counter_{0};
};

}  // namespace tally::core
