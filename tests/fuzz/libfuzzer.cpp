// One target for libFuzzer, which tests/CMakeLists.txt names: see scripts/fuzz.
#include <cstddef>
#include <cstdint>

#include "fuzz/targets.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const tally::fuzz::Target* target = tally::fuzz::find_target(TALLY_FUZZ_TARGET);
  target->run({reinterpret_cast<const char*>(data), size});
  return 0;
}
