// Tiles: the tree and its entries cut into files that never change once full (C2SP tlog-tiles).
//
// A hash tile holds up to 256 hashes of 32 bytes: hash i of tile n at level l is the root of the
// 256^l leaves from (256 n + i) * 256^l on. An entry bundle holds up to 256 entries, each after its
// length in two bytes, big end first; entry i belongs to hash i of the tile of level 0. The last
// tile of a level may be partial; a partial tile is never hashed into the level above.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/merkle_tree.h"

namespace tally::ledger {

constexpr unsigned tile_height = 8;
constexpr unsigned tile_width_max = 256;
constexpr std::size_t entry_bytes_max = 65'535;

enum class TileKind : std::uint8_t { hashes, entries };

struct TilePath {
  TileKind kind = TileKind::hashes;
  unsigned level = 0;               // 0 to 63; 0 for entries
  std::uint64_t index = 0;          // n
  unsigned width = tile_width_max;  // 1 to 256; below 256 the path ends in `.p/<width>`

  bool operator==(const TilePath&) const = default;
};

// `tile/<level>/<index>[.p/<width>]` and `tile/entries/<index>[.p/<width>]`; 1234067 is spelled
// `x001/x234/067`. A path has one spelling; any other, and an index beyond 2^63 leaves, is nothing.
std::string format_tile_path(const TilePath& path);
std::optional<TilePath> parse_tile_path(std::string_view text);

// How many hashes the tile has in the tree of `size` leaves: 0 (it does not exist) to 256 (full).
unsigned tile_width(unsigned level, std::uint64_t index, std::uint64_t size);

// Precondition: entry.size() <= entry_bytes_max.
void append_to_bundle(std::string& bundle, std::string_view entry);
// The entries, as views of `bytes`; nothing if the lengths do not add up or there are over 256.
std::optional<std::vector<std::string_view>> parse_bundle(std::string_view bytes);
// Leaves the first `width` entries; does nothing to bytes that are no bundle, or hold no more.
void cut_bundle(std::string& bundle, unsigned width);

// Reads subtrees from hash tiles. Each tile read is checked for its length, hashed up once and kept
// while it is among the last `tiles_max`. For one thread at a time.
class TileSubtrees : public SubtreeReader {
 public:
  // The bytes of a tile, full or partial (at least as wide as the trees asked about); 32 per hash.
  using Source = std::function<std::string(unsigned tile_level, std::uint64_t tile_index)>;

  explicit TileSubtrees(Source source, std::size_t tiles_max = 16);

  // Throws core::Broken if the tile is too short to hold the subtree.
  Hash subtree(unsigned level, std::uint64_t index) const override;

 private:
  struct Tile {
    unsigned level;
    std::uint64_t index;
    std::vector<std::vector<Hash>> nodes;  // by height above the tile's hashes; full nodes only
  };

  Tile read(unsigned level, std::uint64_t index) const;
  const Tile& tile_holding(unsigned level,
                           std::uint64_t index,
                           unsigned height,
                           std::uint64_t offset) const;

  Source source_;
  std::size_t tiles_max_;
  mutable std::vector<Tile> tiles_;
  mutable std::size_t oldest_ = 0;  // the next one to give way
};

}  // namespace tally::ledger
