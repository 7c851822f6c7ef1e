// Commitments: how what could be guessed enters the ledger.
//
//   SHA-256("tallystick/commitment/v1\n" || salt || value)
//
// `salt` is the member of the entry's body, its 32 hex characters as ASCII. Whoever holds the value
// can show that the entry meant it; whoever holds the entry alone cannot try values, as long as the
// entry itself stays with those entitled to it, and learns nothing from hash tiles.
#pragma once

#include <string>
#include <string_view>

#include "core/assert.h"
#include "core/bytes.h"
#include "core/hash.h"

namespace tally::space {

inline core::Hash commitment_hash(std::string_view salt, std::string_view value) {
  TALLY_ASSERT(salt.size() == 32);
  std::string prefix = "tallystick/commitment/v1\n";
  prefix += salt;
  return core::sha256(prefix, value);
}

// In hex, as it stands in entries.
inline std::string commitment(std::string_view salt, std::string_view value) {
  return core::to_hex(commitment_hash(salt, value));
}

}  // namespace tally::space
