#include "ledger/exporter.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

#include "core/file.h"
#include "core/hash.h"
#include "ledger/bundle_check.h"
#include "ledger/merkle_tree.h"
#include "ledger/tile.h"

namespace tally::ledger {
namespace {

using core::Broken;
using core::Done;
using core::Error;
using core::Refusal;
using core::Result;

constexpr std::size_t hash_bytes = 32;
constexpr std::size_t tile_bytes = tile_width_max * hash_bytes;
constexpr std::size_t bundle_bytes_max = tile_width_max * (entry_bytes_max + 2);

Hash hash_at(std::string_view tile, std::size_t i) {
  return *Hash::from_bytes(tile.substr(i * hash_bytes, hash_bytes));
}

Hash root_of_tile(std::string_view tile) {
  std::vector<Hash> hashes;
  for (std::size_t i = 0; i < tile_width_max; ++i) hashes.push_back(hash_at(tile, i));
  return hash_up(hashes.data(), hashes.size());
}

Error wrong_source(const std::string& words) {
  return {Refusal::conflict, "export.wrong_source", words};
}

// The directory that is written.
class Shelf {
 public:
  Shelf(std::string directory, ExportReport& report)
      : directory_(std::move(directory)), report_(report) {}

  std::string file(const std::string& path) const { return directory_ + "/" + path; }

  std::optional<std::string> find(const std::string& path, std::size_t bytes_max) const {
    std::error_code ignored;
    if (!std::filesystem::is_regular_file(file(path), ignored)) return std::nullopt;
    auto bytes = core::read_file(file(path), bytes_max);
    return bytes ? std::optional(*std::move(bytes)) : std::nullopt;
  }

  void keep() { report_.files_kept += 1; }

  void write(const std::string& path, const std::string& bytes) {
    std::string parent = std::filesystem::path(file(path)).parent_path();
    if (parent != made_) must(core::make_directories(parent));
    made_ = parent;
    must(core::write_file(file(path), bytes, core::FileMode::shared, file(".part")));
    report_.files_written += 1;
    report_.bytes_written += bytes.size();
  }

  static void must(const Result<Done>& done) {
    if (!done) throw Broken(done.error().message);
  }

 private:
  std::string directory_;
  ExportReport& report_;
  std::string made_;  // the directory that was written to last
};

class Exporter {
 public:
  Exporter(LedgerSource& source,
           const std::string& note,
           const std::string& directory,
           const ExportOptions& options)
      : source_(source), note_(note), options_(options), shelf_(directory, report_) {}

  Result<ExportReport> run() {
    for (auto step : {&Exporter::read_checkpoint, &Exporter::read_edge, &Exporter::compare_with_old,
                      &Exporter::write_tree, &Exporter::write_checkpoint}) {
      auto done = (this->*step)();
      if (!done) return done.error();
    }
    return std::move(report_);
  }

 private:
  std::uint64_t size() const { return report_.checkpoint.head.size; }

  Result<Done> read_checkpoint() {
    auto checkpoint = read(note_);
    if (!checkpoint) return checkpoint.error();
    report_.checkpoint = *std::move(checkpoint);
    return Done{};
  }

  Result<Checkpoint> read(const std::string& note) const {
    if (options_.log_keys)
      return open_checkpoint(note, options_.log_keys->origin(), *options_.log_keys);
    auto parsed = parse_note(note);
    if (!parsed) return parsed.error();
    return parse_checkpoint(parsed->text);
  }

  // The tiles that are not full: together they give the root.
  Result<Done> read_edge() {
    for (unsigned level = 0; level < 8; ++level) {
      std::uint64_t tile = last_tile(level);
      unsigned width = tile_width(level, tile, size());
      if (width == 0) continue;
      auto bytes = fetch_tile(level, tile, width);
      if (!bytes) {
        return wrong_source("the source lacks " +
                            format_tile_path({.level = level, .index = tile, .width = width}));
      }
      edge_[level] = *std::move(bytes);
    }
    TileSubtrees subtrees([this](unsigned level, std::uint64_t) { return edge_[level]; });
    if (root_of(subtrees, size()) != report_.checkpoint.head.root) {
      return wrong_source("the source's tiles do not give the root of its checkpoint of size " +
                          std::to_string(size()));
    }
    return Done{};
  }

  std::uint64_t last_tile(unsigned level) const {
    unsigned bits = tile_height * (level + 1);
    return bits < 64 ? size() >> bits : 0;
  }

  Result<Done> compare_with_old() {
    auto note = shelf_.find("checkpoint", note_bytes_max);
    if (!note) {
      std::error_code ignored;
      if (!std::filesystem::exists(shelf_.file("checkpoint"), ignored)) return Done{};
      note = "";
    }
    auto parsed = parse_note(*note);
    auto old = parsed ? parse_checkpoint(parsed->text) : Result<Checkpoint>(parsed.error());
    if (!old) {
      return Error{Refusal::conflict, "export.no_checkpoint",
                   shelf_.file("checkpoint") + " is there and is not a checkpoint"};
    }
    if (old->origin != report_.checkpoint.origin) {
      return Error{Refusal::conflict, "export.other_log",
                   "the directory holds the log " + old->origin};
    }
    if (old->head.size > size()) {
      return Error{Refusal::conflict, "export.behind",
                   "the directory holds size " + std::to_string(old->head.size) +
                       ", the source only " + std::to_string(size())};
    }
    if (!is_consistent_with(old->head)) {
      return Error{Refusal::conflict, "export.forked",
                   "the directory's checkpoint of size " + std::to_string(old->head.size) +
                       " is no earlier state of the source; keep both, they are evidence"};
    }
    return Done{};
  }

  bool is_consistent_with(const TreeHead& old) {
    const TreeHead& now = report_.checkpoint.head;
    TileSubtrees subtrees([this](unsigned level, std::uint64_t tile) {
      return fetch_tile(level, tile, tile_width(level, tile, size())).value_or("");
    });
    if (old.size == 0) return old.root == empty_root();
    return verifies(prove_consistency(subtrees, old.size, now.size), old.root, now.root);
  }

  // Downwards from each tile that is not full, in the ledger's order.
  Result<Done> write_tree() {
    for (auto& [level, bytes] : edge_) {
      TilePath path{.level = level, .index = last_tile(level)};
      path.width = static_cast<unsigned>(bytes.size() / hash_bytes);
      std::string name = format_tile_path(path);
      if (shelf_.find(name, tile_bytes) == bytes) {
        shelf_.keep();
      } else {
        shelf_.write(name, bytes);
      }
      if (auto done = write_below(path, bytes); !done) return done;
    }
    return Done{};
  }

  Result<Done> write_below(const TilePath& path, std::string_view hashes) {
    if (path.level == 0) return write_entries(path, hashes);
    for (unsigned i = 0; i < path.width; ++i) {
      TilePath below{.level = path.level - 1, .index = path.index * tile_width_max + i};
      auto done = write_full(below, hash_at(hashes, i));
      if (!done) return done;
    }
    return Done{};
  }

  Result<Done> write_full(const TilePath& path, const Hash& root) {
    std::string name = format_tile_path(path);
    auto is_right = [&](const std::optional<std::string>& bytes) {
      return bytes && bytes->size() == tile_bytes && root_of_tile(*bytes) == root;
    };
    auto bytes = shelf_.find(name, tile_bytes);
    if (is_right(bytes)) {
      shelf_.keep();
    } else {
      bytes = fetch_tile(path.level, path.index, tile_width_max);
      if (!is_right(bytes)) return wrong_source("the source's " + name + " is missing or changed");
      shelf_.write(name, *bytes);
    }
    return write_below(path, *bytes);
  }

  Result<Done> write_entries(const TilePath& tile, std::string_view hashes) {
    if (options_.with_entries) {
      TilePath path{.kind = TileKind::entries, .index = tile.index, .width = tile.width};
      std::string name = format_tile_path(path);
      auto bytes = shelf_.find(name, bundle_bytes_max);
      if (bytes && holds_leaves(*bytes, hashes)) {
        shelf_.keep();
      } else {
        bytes = fetch_bundle(path.index, path.width);
        if (!holds_leaves(*bytes, hashes))
          return wrong_source("the source's " + name + " is missing or changed");
        shelf_.write(name, *bytes);
      }
      if (auto done = write_documents(*bytes); !done) return done;
    }
    if (options_.progress) options_.progress(tile.index * tile_width_max + tile.width);
    return Done{};
  }

  Result<Done> write_documents(std::string_view bundle) {
    auto entries = parse_bundle(bundle);
    if (!options_.document_of || !entries) return Done{};
    for (std::string_view entry : *entries) {
      auto digest = options_.document_of(entry);
      if (!digest) continue;
      if (auto done = write_document(*digest); !done) return done;
    }
    return Done{};
  }

  Result<Done> write_document(const Hash& digest) {
    std::string name = document_path(digest);
    auto bytes = shelf_.find(name, document_bytes_max);
    if (bytes && core::sha256(*bytes) == digest) {
      shelf_.keep();
      return Done{};
    }
    bytes = options_.documents->find(digest);
    if (!bytes) return Done{};
    if (core::sha256(*bytes) != digest)
      return wrong_source("the source's " + name + " was changed");
    shelf_.write(name, *bytes);
    return Done{};
  }

  static bool holds_leaves(std::string_view bundle, std::string_view hashes) {
    auto entries = parse_bundle(bundle);
    if (!entries || entries->size() * hash_bytes != hashes.size()) return false;
    for (std::size_t i = 0; i < entries->size(); ++i)
      if (hash_leaf((*entries)[i]) != hash_at(hashes, i)) return false;
    return true;
  }

  Result<Done> write_checkpoint() {
    if (shelf_.find("checkpoint", note_bytes_max) == note_) {
      shelf_.keep();
      return Done{};
    }
    // What an export that was killed had written may not be durable yet.
    if (report_.files_kept > 0) Shelf::must(core::sync_file_system(shelf_.file("")));
    shelf_.write("checkpoint", note_);
    return Done{};
  }

  std::optional<std::string> fetch_tile(unsigned level, std::uint64_t tile, unsigned width) {
    std::optional<std::string> bytes;
    source_.visit_tile(level, tile, [&](std::string_view found) {
      if (found.size() >= width * hash_bytes) bytes = found.substr(0, width * hash_bytes);
    });
    return bytes;
  }

  std::string fetch_bundle(std::uint64_t bundle, unsigned width) {
    std::string bytes;
    const SourceEdge& edge = source_.edge();
    if (bundle < edge.bundles) {
      source_.visit_bundle(bundle, [&](std::string_view found) { bytes = found; });
    } else {
      for (const TailRow& row : edge.tail) bytes += row.entries;
    }
    cut_bundle(bytes, width);
    return bytes;
  }

  LedgerSource& source_;
  const std::string& note_;
  const ExportOptions& options_;
  ExportReport report_;
  Shelf shelf_;
  std::map<unsigned, std::string, std::greater<>> edge_;  // by level, the highest first
};

}  // namespace

Result<ExportReport> export_ledger(LedgerSource& source,
                                   const std::string& checkpoint_note,
                                   const std::string& directory,
                                   const ExportOptions& options) {
  Shelf::must(core::make_directories(directory));
  auto lock = core::FileLock::take(directory);
  if (!lock) return lock.error();
  return Exporter(source, checkpoint_note, directory, options).run();
}

}  // namespace tally::ledger
