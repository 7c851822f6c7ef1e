// When a use may be voided.
//
// The server voids a download whose content cannot be read to its end while it is sent. It waits for
// its client no longer than a second for so many bytes (api/connection.h), and some minutes are for
// all the rest.
#pragma once

#include <cstdint>

namespace tally::space {

inline constexpr std::uint64_t delivery_bytes_per_s_min = 1'024;

// After the entry of the use.
constexpr std::int64_t void_after_ms_max(std::uint64_t content_bytes) {
  constexpr std::int64_t rest_ms = 5 * 60 * 1'000;
  return rest_ms + static_cast<std::int64_t>(content_bytes / delivery_bytes_per_s_min) * 1'000;
}

}  // namespace tally::space
