// One bundle of entries, checked by itself, so that bundles can be checked side by side.
//
// A bundle is checked against its tile of level 0. What binds it to the bundle before (the first
// entry's `prev` and `at`) is left to whoever joins them.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/auditor.h"
#include "ledger/merkle_tree.h"
#include "ledger/tile.h"

namespace tally::ledger {

struct BundleCheck {
  unsigned count = 0;  // entries that were found right
  std::array<Hash, tile_width_max> leaves;
  Hash root;  // of a complete bundle
  std::uint64_t entry_bytes = 0;
  std::size_t tile_bytes = 0;
  std::string opening;                // entry 0, of the bundle that holds it
  std::array<char, 64> first_prev{};  // hex
  std::int64_t first_at = 0;
  std::int64_t last_at = 0;
  std::vector<std::string> key_changes;  // the entries that add or retire a key of the log
  std::optional<bool> clock_departed;  // what the last entry about the clock says, if there is one
  std::optional<Finding> finding;
  // The finding is at the last entry, which differs from the tile: one of the two was changed. If
  // the `prev` that follows is the hash of the entry, it was the tile.
  bool is_unsettled = false;
};

// `tile` holds the hashes of the same entries, or none: then entries are checked without it.
// `first_seq` is a multiple of 256.
BundleCheck check_bundle(std::uint64_t first_seq, std::string_view bundle, std::string_view tile);

// The finding of a BundleCheck that is unsettled, once the `prev` after it is known.
Finding settle(const Finding& finding, std::string_view next_prev_hex);

// The `prev` of the first entry, 64 hex digits; nothing if it cannot be read.
std::optional<std::string> first_prev_of(std::string_view bundle);

// How many entries the framing holds; nothing if the lengths do not add up.
std::optional<std::uint64_t> count_framed(std::string_view bundle);

// The root of a perfect subtree; `hashes` (a power of two, at most 256) is used up.
Hash hash_up(Hash* hashes, std::size_t count);

}  // namespace tally::ledger
