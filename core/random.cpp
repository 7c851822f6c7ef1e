#include "core/random.h"

#include <algorithm>

#include <sodium.h>

#include "core/hash.h"
#include "core/sodium.h"

namespace tally::core {
namespace {

// The system's source, drawn in blocks of 4 KiB per thread: a salt of 16 bytes would otherwise cost
// a system call for each entry.
class SystemRandom : public Random {
 public:
  void fill(std::uint8_t* bytes, std::size_t size) override {
    struct Block {
      std::array<std::uint8_t, 4096> bytes{};
      std::size_t used = 4096;
    };
    thread_local Block block;
    start_sodium();
    if (size > block.bytes.size()) {
      randombytes_buf(bytes, size);
      return;
    }
    if (block.used + size > block.bytes.size()) {
      randombytes_buf(block.bytes.data(), block.bytes.size());
      block.used = 0;
    }
    std::copy_n(block.bytes.begin() + static_cast<std::ptrdiff_t>(block.used), size, bytes);
    sodium_memzero(block.bytes.data() + block.used, size);
    block.used += size;
  }
};

}  // namespace

std::string Random::bytes(std::size_t size) {
  std::string out(size, '\0');
  fill(reinterpret_cast<std::uint8_t*>(out.data()), size);
  return out;
}

std::string Random::salt() { return to_hex(bytes(16)); }

Random& system_random() {
  static SystemRandom random;
  return random;
}

void SeededRandom::fill(std::uint8_t* bytes, std::size_t size) {
  std::size_t done = 0;
  while (done < size) {
    Hash block = sha256(std::to_string(seed_) + "/" + std::to_string(counter_++));
    std::size_t part = std::min(size - done, block.bytes.size());
    std::copy_n(block.bytes.begin(), part, bytes + done);
    done += part;
  }
}

}  // namespace tally::core
