#include "ledger/tile_stack.h"

#include <algorithm>
#include <bit>
#include <string>

#include "core/assert.h"
#include "ledger/bundle_check.h"
#include "ledger/tile.h"

namespace tally::ledger {
namespace {

constexpr std::size_t hash_bytes = sizeof(Hash::bytes);

std::optional<Finding> judge_hashes(unsigned level,
                                    std::uint64_t tile,
                                    std::span<const Hash> expected,
                                    std::string_view found) {
  auto wrong_width = judge_width(level, tile, static_cast<unsigned>(expected.size()), found.size());
  if (wrong_width) return wrong_width;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    std::string_view hash = found.substr(i * hash_bytes, hash_bytes);
    if (hash == expected[i].view()) continue;
    return Finding{"tile.changed", Place::tile_at(level, static_cast<std::int64_t>(tile)),
                   "Hash " + std::to_string(i) + " of the tile is not that of the tile below it.",
                   core::to_hex(expected[i]), core::to_hex(hash)};
  }
  return std::nullopt;
}

std::optional<Finding> compare(LedgerSource& source,
                               unsigned level,
                               std::uint64_t tile,
                               std::span<const Hash> expected) {
  std::optional<Finding> finding;
  bool is_there = source.visit_tile(level, tile, [&](std::string_view found) {
    finding = judge_hashes(level, tile, expected, found);
  });
  return is_there ? finding : judge_hashes(level, tile, expected, "");
}

}  // namespace

void TileStack::push_complete(const Hash& root) {
  if (levels_.size() < 2) levels_.resize(2);
  TALLY_ASSERT(levels_[0].empty());
  levels_[1].push_back(root);
  size_ += tile_width_max;
}

void TileStack::push_ragged(std::span<const Hash> leaves) {
  if (levels_.empty()) levels_.resize(1);
  levels_[0].assign(leaves.begin(), leaves.end());
  size_ += leaves.size();
}

std::uint64_t TileStack::tile_number(std::size_t level) const {
  return size_ >> (tile_height * (level + 1));
}

std::optional<Finding> TileStack::take_full(LedgerSource& source) {
  for (std::size_t level = 1; level < levels_.size(); ++level) {
    if (levels_[level].size() < tile_width_max) break;
    std::vector<Hash> full = std::move(levels_[level]);
    levels_[level].clear();
    auto finding = compare(source, static_cast<unsigned>(level), tile_number(level) - 1, full);
    if (finding) return finding;
    if (levels_.size() == level + 1) levels_.emplace_back();
    levels_[level + 1].push_back(hash_up(full.data(), full.size()));
  }
  return std::nullopt;
}

std::optional<Finding> TileStack::compare_ragged(LedgerSource& source) const {
  for (std::size_t level = 1; level < levels_.size(); ++level) {
    if (levels_[level].empty()) continue;
    auto finding =
        compare(source, static_cast<unsigned>(level), tile_number(level), levels_[level]);
    if (finding) return finding;
  }
  return std::nullopt;
}

Edge TileStack::edge() const {
  std::vector<Hash> hashes;
  for (auto level = levels_.rbegin(); level != levels_.rend(); ++level) {
    std::vector<Hash> row = *level;
    std::size_t at = 0;
    while (at < row.size()) {
      std::size_t count = std::bit_floor(row.size() - at);
      hashes.push_back(hash_up(row.data() + at, count));
      at += count;
    }
  }
  return Edge(size_, std::move(hashes));
}

std::optional<Finding> judge_width(unsigned level,
                                   std::uint64_t tile,
                                   unsigned width,
                                   std::size_t bytes) {
  if (bytes == width * hash_bytes) return std::nullopt;
  bool is_missing = bytes == 0;
  return Finding{is_missing ? "tile.missing" : "tile.wrong_width",
                 Place::tile_at(level, static_cast<std::int64_t>(tile)),
                 is_missing ? "The tile is not there." : "The tile has another width.",
                 std::to_string(width * hash_bytes) + " bytes", std::to_string(bytes) + " bytes"};
}

}  // namespace tally::ledger
