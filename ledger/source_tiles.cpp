#include "ledger/source_tiles.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "core/file.h"
#include "core/result.h"
#include "ledger/checkpoint.h"
#include "ledger/note.h"
#include "ledger/tile.h"

namespace tally::ledger {
namespace {

constexpr std::size_t hash_bytes = 32;
constexpr std::size_t bundle_bytes_max = tile_width_max * (entry_bytes_max + 2);

std::uint64_t size_in(const std::string& note_bytes) {
  auto note = parse_note(note_bytes);
  auto checkpoint = note ? parse_checkpoint(note->text) : core::Result<Checkpoint>(note.error());
  return checkpoint ? checkpoint->head.size : 0;
}

}  // namespace

TileSource::TileSource(Fetch fetch, bool with_entries) : fetch_(std::move(fetch)) {
  auto note = fetch_("checkpoint", note_bytes_max);
  if (!note) throw core::Broken("there is no checkpoint of a ledger");
  size_ = size_in(*note);
  edge_.has_rows = false;
  edge_.bundles = size_ / tile_width_max;
  auto width = static_cast<unsigned>(size_ % tile_width_max);
  if (width > 0 && with_entries) {
    if (auto entries = fetch_bundle(edge_.bundles, width)) {
      edge_.tail.push_back({.first_seq = static_cast<std::int64_t>(size_ - width),
                            .count = width,
                            .entries = *std::move(entries)});
    }
  }
  edge_.checkpoints.push_back({.size = static_cast<std::int64_t>(size_), .note = *std::move(note)});
}

std::optional<std::string> TileSource::fetch_bundle(std::uint64_t bundle, unsigned width) {
  TilePath path{.kind = TileKind::entries, .index = bundle, .width = width};
  auto bytes = fetch_(format_tile_path(path), bundle_bytes_max);
  if (bytes || width == tile_width_max) return bytes;
  // Partial files may go once the full one is there.
  path.width = tile_width_max;
  bytes = fetch_(format_tile_path(path), bundle_bytes_max);
  if (bytes) cut_bundle(*bytes, width);
  return bytes;
}

bool TileSource::visit_bundle(std::uint64_t bundle, const Visitor& visit) {
  unsigned width = tile_width(0, bundle, size_);
  if (width == 0) return false;
  auto bytes = fetch_bundle(bundle, width);
  if (bytes) visit(*bytes);
  return bytes.has_value();
}

bool TileSource::visit_tile(unsigned level, std::uint64_t tile, const Visitor& visit) {
  unsigned width = tile_width(level, tile, size_);
  if (width == 0) return false;
  TilePath path{.level = level, .index = tile, .width = width};
  auto bytes = fetch_(format_tile_path(path), tile_width_max * hash_bytes);
  if (!bytes && width < tile_width_max) {
    path.width = tile_width_max;
    bytes = fetch_(format_tile_path(path), tile_width_max * hash_bytes);
    if (bytes) bytes->resize(std::min(bytes->size(), width * hash_bytes));
  }
  if (bytes) visit(*bytes);
  return bytes.has_value();
}

TileSource::Fetch fetch_from_directory(std::string directory) {
  return [directory = std::move(directory)](const std::string& path,
                                            std::size_t bytes_max) -> std::optional<std::string> {
    std::string file = directory + "/" + path;
    if (!std::filesystem::exists(file)) return std::nullopt;
    auto bytes = core::read_file(file, bytes_max);
    if (!bytes) throw core::Broken(bytes.error().message);
    return *std::move(bytes);
  };
}

}  // namespace tally::ledger
