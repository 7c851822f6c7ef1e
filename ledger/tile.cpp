#include "ledger/tile.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "core/assert.h"
#include "core/result.h"

namespace tally::ledger {
namespace {

constexpr std::uint64_t leaves_max = std::numeric_limits<std::int64_t>::max();

std::string three_digits(std::uint64_t value) {
  std::string digits = std::to_string(value);
  return std::string(3 - digits.size(), '0') + digits;
}

std::string format_index(std::uint64_t index) {
  std::string text = three_digits(index % 1000);
  for (index /= 1000; index > 0; index /= 1000) {
    text.insert(0, "x" + three_digits(index % 1000) + "/");
  }
  return text;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Takes what is before `separator` off `text`; all of it, if there is none.
std::string_view take_until(std::string_view& text, std::string_view separator) {
  std::size_t at = text.find(separator);
  std::string_view head = text.substr(0, at);
  text.remove_prefix(at == std::string_view::npos ? text.size() : at + separator.size());
  return head;
}

// Elements of three digits, all but the last behind an `x`. The canonical spelling is checked later.
std::optional<std::uint64_t> parse_index(std::string_view text) {
  std::uint64_t index = 0;
  while (true) {
    bool is_last = text.find('/') == std::string_view::npos;
    std::string_view element = take_until(text, "/");
    if (!is_last) {
      if (!element.starts_with('x')) return std::nullopt;
      element.remove_prefix(1);
    }
    if (element.size() != 3 || !std::all_of(element.begin(), element.end(), is_digit))
      return std::nullopt;
    if (index > leaves_max / 1000 - 1) return std::nullopt;
    index = index * 1000 + *core::parse_decimal(element.substr(
                               std::min<std::size_t>(element.find_first_not_of('0'), 2)));
    if (is_last) return index;
  }
}

// True if the tile begins within 2^63 leaves.
bool is_reachable(unsigned level, std::uint64_t index) {
  unsigned bits = tile_height * (level + 1);
  return index == 0 || (bits < 64 && index <= leaves_max >> bits);
}

std::vector<std::vector<Hash>> hashed_up(std::vector<Hash> hashes) {
  std::vector<std::vector<Hash>> nodes;
  nodes.push_back(std::move(hashes));
  for (unsigned height = 1; height < tile_height && nodes.back().size() > 1; ++height) {
    const std::vector<Hash>& below = nodes.back();
    std::vector<Hash> row;
    for (std::size_t i = 0; i + 1 < below.size(); i += 2)
      row.push_back(hash_node(below[i], below[i + 1]));
    nodes.push_back(std::move(row));
  }
  return nodes;
}

}  // namespace

std::string format_tile_path(const TilePath& path) {
  TALLY_ASSERT(path.level < 64 && path.width >= 1 && path.width <= tile_width_max);
  std::string text = "tile/";
  text += path.kind == TileKind::entries ? "entries" : std::to_string(path.level);
  text += "/" + format_index(path.index);
  if (path.width < tile_width_max) text += ".p/" + std::to_string(path.width);
  return text;
}

std::optional<TilePath> parse_tile_path(std::string_view text) {
  std::string_view rest = text;
  if (take_until(rest, "/") != "tile") return std::nullopt;
  TilePath path;
  std::string_view kind = take_until(rest, "/");
  if (kind == "entries") {
    path.kind = TileKind::entries;
  } else {
    auto level = core::parse_decimal(kind);
    if (!level || *level > 63) return std::nullopt;
    path.level = static_cast<unsigned>(*level);
  }
  auto index = parse_index(take_until(rest, ".p/"));
  if (!index || !is_reachable(path.level, *index)) return std::nullopt;
  path.index = *index;
  if (!rest.empty()) {
    auto width = core::parse_decimal(rest);
    if (!width || *width == 0 || *width >= tile_width_max) return std::nullopt;
    path.width = static_cast<unsigned>(*width);
  }
  if (format_tile_path(path) != text) return std::nullopt;
  return path;
}

unsigned tile_width(unsigned level, std::uint64_t index, std::uint64_t size) {
  if (level * tile_height >= 64) return 0;
  std::uint64_t hashes = size >> (level * tile_height);
  std::uint64_t full_tiles = hashes / tile_width_max;
  if (index < full_tiles) return tile_width_max;
  return index == full_tiles ? static_cast<unsigned>(hashes % tile_width_max) : 0;
}

void append_to_bundle(std::string& bundle, std::string_view entry) {
  TALLY_ASSERT(entry.size() <= entry_bytes_max);
  bundle.push_back(static_cast<char>(entry.size() >> 8));
  bundle.push_back(static_cast<char>(entry.size() & 255));
  bundle.append(entry);
}

std::optional<std::vector<std::string_view>> parse_bundle(std::string_view bytes) {
  std::vector<std::string_view> entries;
  while (!bytes.empty()) {
    if (bytes.size() < 2 || entries.size() == tile_width_max) return std::nullopt;
    auto high = static_cast<unsigned char>(bytes[0]);
    auto low = static_cast<unsigned char>(bytes[1]);
    std::size_t length = std::size_t{high} * 256 + low;
    bytes.remove_prefix(2);
    if (bytes.size() < length) return std::nullopt;
    entries.push_back(bytes.substr(0, length));
    bytes.remove_prefix(length);
  }
  return entries;
}

void cut_bundle(std::string& bundle, unsigned width) {
  auto entries = parse_bundle(bundle);
  if (!entries || entries->size() <= width) return;
  std::size_t bytes = 0;
  for (unsigned i = 0; i < width; ++i) bytes += 2 + (*entries)[i].size();
  bundle.resize(bytes);
}

TileSubtrees::TileSubtrees(Source source, std::size_t tiles_max)
    : source_(std::move(source)), tiles_max_(tiles_max) {
  TALLY_ASSERT(tiles_max > 0);
  tiles_.reserve(tiles_max);
}

Hash TileSubtrees::subtree(unsigned level, std::uint64_t index) const {
  unsigned height = level % tile_height;
  unsigned rows = tile_height - height;  // a tile holds 2^rows nodes of this height
  std::uint64_t offset = index & ((std::uint64_t{1} << rows) - 1);
  const Tile& tile = tile_holding(level / tile_height, index >> rows, height, offset);
  return tile.nodes[height][offset];
}

const TileSubtrees::Tile& TileSubtrees::tile_holding(unsigned level,
                                                     std::uint64_t index,
                                                     unsigned height,
                                                     std::uint64_t offset) const {
  auto holds = [&](const Tile& tile) {
    return height < tile.nodes.size() && offset < tile.nodes[height].size();
  };
  auto known = std::find_if(tiles_.begin(), tiles_.end(), [&](const Tile& tile) {
    return tile.level == level && tile.index == index;
  });
  if (known != tiles_.end() && holds(*known)) return *known;

  // Not here, or the tree has grown since it was read.
  Tile tile = read(level, index);
  if (!holds(tile)) {
    throw core::Broken(format_tile_path({TileKind::hashes, level, index}) + " has only " +
                       std::to_string(tile.nodes[0].size()) + " hashes");
  }
  if (known == tiles_.end()) {
    if (tiles_.size() < tiles_max_) return tiles_.emplace_back(std::move(tile));
    known = tiles_.begin() + static_cast<std::ptrdiff_t>(oldest_);
    oldest_ = (oldest_ + 1) % tiles_max_;
  }
  *known = std::move(tile);
  return *known;
}

TileSubtrees::Tile TileSubtrees::read(unsigned level, std::uint64_t index) const {
  std::string bytes = source_(level, index);
  constexpr std::size_t hash_bytes = sizeof(Hash::bytes);
  if (bytes.size() % hash_bytes != 0 || bytes.size() > tile_width_max * hash_bytes) {
    throw core::Broken(format_tile_path({TileKind::hashes, level, index}) + " has " +
                       std::to_string(bytes.size()) + " bytes");
  }
  std::vector<Hash> hashes;
  for (std::size_t at = 0; at < bytes.size(); at += hash_bytes)
    hashes.push_back(*Hash::from_bytes(std::string_view(bytes).substr(at, hash_bytes)));
  return {level, index, hashed_up(std::move(hashes))};
}

}  // namespace tally::ledger
