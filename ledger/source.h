// Where an audit reads a ledger from: a database, or tiles behind a URL or in a directory.
//
// A source hands over what is stored and judges nothing: every number may be a lie, every blob of
// any length. It throws core::Broken when it cannot read at all.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tally::ledger {

// The rows as they are; see schemas/sql/0001_ledger.sql.
struct HeadRow {
  std::int64_t id = 1;
  std::int64_t size = 0;
  std::string root;
  std::string edge;
  std::string last_hash;
  std::int64_t last_at = 0;
  std::int64_t time_trusted = 1;
};

struct CheckpointRow {
  std::int64_t id = 1;
  std::int64_t size = 0;
  std::string note;
};

// Entries after the last complete bundle.
struct TailRow {
  std::int64_t first_seq = 0;
  std::int64_t count = 0;
  std::string entries;
};

struct TileExtent {
  std::int64_t level = 0;
  std::int64_t first = 0;  // the lowest and the highest number of a tile at this level
  std::int64_t last = 0;
};

// All that still changes while a ledger grows, at one moment.
struct SourceEdge {
  bool has_rows =
      true;  // false: no head row, no batches and no extents, only the files of tlog-tiles
  std::vector<HeadRow> heads;
  std::vector<CheckpointRow> checkpoints;
  std::vector<TailRow> tail;      // at most tile_width_max rows
  std::uint64_t bundles = 0;      // complete ones: numbers 0 to bundles - 1
  std::int64_t first_bundle = 0;  // the lowest number that is stored; 0 if there is none
  std::vector<TileExtent> tiles;
  std::optional<std::int64_t> first_batch;
  std::optional<std::int64_t> last_batch;
};

class LedgerSource {
 public:
  using Visitor = std::function<void(std::string_view bytes)>;

  virtual ~LedgerSource() = default;

  // The ledger as it was when the source was made.
  virtual const SourceEdge& edge() const = 0;
  // Shows the bytes, which are gone afterwards; a tile may be visited from within a bundle's visit,
  // no other visits nest. False: there is no such bundle, or tile. A tile that
  // was not full is shown as it was at edge().
  virtual bool visit_bundle(std::uint64_t bundle, const Visitor& visit) = 0;
  virtual bool visit_tile(unsigned level, std::uint64_t tile, const Visitor& visit) = 0;
};

}  // namespace tally::ledger
