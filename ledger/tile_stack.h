// The tree above the entry bundles, as an audit builds it: per level the hashes that no full tile
// covers yet, compared with the stored tiles as they fill. For one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "ledger/auditor.h"
#include "ledger/merkle_tree.h"
#include "ledger/source.h"

namespace tally::ledger {

class TileStack {
 public:
  // 256 entries more, by the root over them.
  void push_complete(const Hash& root);
  // The last entries, fewer than 256; nothing can be pushed after them.
  void push_ragged(std::span<const Hash> leaves);

  std::uint64_t size() const { return size_; }
  Edge edge() const;

  // Compares the tiles above level 0 that have become full, and lets them go. To be called after
  // each push_complete.
  std::optional<Finding> take_full(LedgerSource& source);
  // Compares those above level 0 that are not full.
  std::optional<Finding> compare_ragged(LedgerSource& source) const;

 private:
  std::uint64_t tile_number(std::size_t level) const;

  std::uint64_t size_ = 0;
  std::vector<std::vector<Hash>> levels_;  // by level, the hashes of the tile that is growing
};

// Nothing if a tile of so many bytes holds `width` hashes, whatever they are.
std::optional<Finding> judge_width(unsigned level,
                                   std::uint64_t tile,
                                   unsigned width,
                                   std::size_t bytes);

}  // namespace tally::ledger
