#include "ledger/ledger_rows.h"

#include "ledger/store.h"
#include "ledger/tile.h"

namespace tally::ledger {
namespace {

using core::Broken;
using core::sql::Blob;
using core::sql::Session;
using core::sql::Tx;

struct Statements {
  core::sql::Connection& db;
  core::sql::Statement head{db, R"(
    select size, root, edge, last_hash, last_at, time_trusted from ledger_head where id = 1
  )"};
};

struct WriteStatements {
  core::sql::Connection& db;
  core::sql::Statement head{db, R"(
    insert into ledger_head (id, size, root, edge, last_hash, last_at, time_trusted)
    values (1, ?1, ?2, ?3, ?4, ?5, ?6)
    on conflict (id) do update
      set size = excluded.size, root = excluded.root, edge = excluded.edge,
          last_hash = excluded.last_hash, last_at = excluded.last_at,
          time_trusted = excluded.time_trusted
  )"};
  core::sql::Statement bundle{db, "insert into ledger_bundle (bundle, entries) values (?1, ?2)"};
  core::sql::Statement tail{db, R"(
    insert into ledger_tail (first_seq, count, entries) values (?1, ?2, ?3)
  )"};
  core::sql::Statement clear_tail{db, "delete from ledger_tail where first_seq < ?1"};
  core::sql::Statement tile{db, R"(
    insert into ledger_tile (level, tile, hashes) values (?1, ?2, ?3)
    on conflict (level, tile) do update set hashes = excluded.hashes
  )"};
  core::sql::Statement batch{db, "insert into ledger_batch (size, root) values (?1, ?2)"};
  core::sql::Statement checkpoint{db, R"(
    insert into ledger_checkpoint (id, size, note) values (1, ?1, ?2)
    on conflict (id) do update set size = excluded.size, note = excluded.note
  )"};
};

Edge decode_edge(std::uint64_t size, std::string_view bytes) {
  std::vector<Hash> hashes;
  for (std::size_t i = 0; i + 32 <= bytes.size(); i += 32) {
    hashes.push_back(*Hash::from_bytes(bytes.substr(i, 32)));
  }
  return Edge(size, std::move(hashes));
}

std::string encode_hashes(const std::vector<Hash>& hashes) {
  std::string bytes;
  for (const Hash& hash : hashes) bytes += hash.view();
  return bytes;
}

}  // namespace

std::optional<StoredHead> read_head(Session& session) {
  auto row = session.use<Statements>().head();
  if (!row.next()) return std::nullopt;
  StoredHead head;
  head.size = row.natural(0);
  head.root = row.hash(1);
  head.edge = decode_edge(head.size, row.view(2));
  head.last_hash = row.hash(3);
  head.last_at = row.instant(4);
  head.time_trusted = row.integer(5) == 1;
  return head;
}

void LedgerRows::resume(Session& session, std::uint64_t size) {
  edge_tiles_.clear();
  for (unsigned level = 0; (size >> (tile_height * level)) > 0; ++level) {
    std::uint64_t tile = size >> (tile_height * (level + 1));
    unsigned width = tile_width(level, tile, size);
    std::string hashes = width == 0 ? "" : read_tile(session, level, tile).value_or("");
    if (hashes.size() != std::size_t{width} * 32) {
      throw Broken("the ledger's edge tile at level " + std::to_string(level) +
                   " has a wrong width");
    }
    edge_tiles_.push_back(std::move(hashes));
  }
  edge_bundle_ = read_tail(session, size);
}

void LedgerRows::append(Tx& tx, const std::vector<NewEntry>& entries, const RecentTree& tree) {
  std::uint64_t first_seq = tree.size() - entries.size();
  append_bytes(tx, entries, first_seq);
  append_tiles(tx, entries, first_seq, tree);
}

void LedgerRows::append_bytes(Tx& tx,
                              const std::vector<NewEntry>& entries,
                              std::uint64_t first_seq) {
  auto& sql = tx.use<WriteStatements>();
  std::string run;
  std::uint64_t run_first = first_seq;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    append_to_bundle(run, entries[i].bytes);
    std::uint64_t size = first_seq + i + 1;
    if (size % tile_width_max != 0) continue;
    edge_bundle_ += run;
    sql.bundle(size / tile_width_max - 1, Blob{edge_bundle_}).run();
    sql.clear_tail(size).run();
    edge_bundle_.clear();
    run.clear();
    run_first = size;
  }
  if (run.empty()) return;
  edge_bundle_ += run;
  sql.tail(run_first, first_seq + entries.size() - run_first, Blob{run}).run();
}

void LedgerRows::append_tiles(Tx& tx,
                              const std::vector<NewEntry>& entries,
                              std::uint64_t first_seq,
                              const RecentTree& tree) {
  auto& sql = tx.use<WriteStatements>();
  std::vector<bool> changed(8, false);
  auto push = [&](auto& self, unsigned level, std::uint64_t index, const Hash& hash) -> void {
    if (edge_tiles_.size() <= level) edge_tiles_.resize(level + 1);
    std::string& tile = edge_tiles_[level];
    tile += hash.view();
    changed[level] = true;
    if (tile.size() < std::size_t{tile_width_max} * 32) return;
    std::uint64_t tile_index = index / tile_width_max;
    sql.tile(level, tile_index, Blob{tile}).run();
    tile.clear();
    changed[level] = false;
    auto root = tree.find_node(tile_height * (level + 1), tile_index);
    TALLY_ASSERT(root.has_value());
    self(self, level + 1, tile_index, *root);
  };
  for (std::size_t i = 0; i < entries.size(); ++i) push(push, 0, first_seq + i, entries[i].hash);
  for (unsigned level = 0; level < edge_tiles_.size(); ++level) {
    if (!changed[level]) continue;
    sql.tile(level, tree.size() >> (tile_height * (level + 1)), Blob{edge_tiles_[level]}).run();
  }
}

void LedgerRows::store_head(Tx& tx, const StoredHead& head) {
  auto& sql = tx.use<WriteStatements>();
  sql.head(head.size, head.root, Blob{encode_hashes(head.edge.hashes())}, head.last_hash,
           head.last_at, head.time_trusted)
      .run();
  sql.batch(head.size, head.root).run();
}

void LedgerRows::store_checkpoint(Tx& tx, std::uint64_t size, std::string_view note) {
  tx.use<WriteStatements>().checkpoint(size, note).run();
}

}  // namespace tally::ledger
