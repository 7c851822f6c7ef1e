#include "ledger/ledger.h"

#include "core/hash.h"
#include "ledger/checkpoint.h"
#include "ledger/cose.h"
#include "ledger/proof.h"
#include "ledger/store.h"
#include "ledger/tile.h"

namespace tally::ledger {
namespace {

using core::Broken;
using core::sql::Blob;
using core::sql::Session;
using core::sql::Tx;

// A batch, its last command and the clock's own entries are proved from memory.
static_assert(ledger_batch_entries_max + ledger_command_entries_max + 2 <=
              RecentTree::window_default);

std::string encode_entry(std::int64_t at,
                         std::string_view body,
                         std::string_view by,
                         std::string_view kind,
                         const Hash& prev,
                         std::uint64_t seq) {
  std::string entry;
  entry.reserve(body.size() + by.size() + kind.size() + 160);
  entry += "{\"at\":";
  entry += std::to_string(at);
  entry += ",\"body\":";
  entry += body;
  entry += ",\"by\":\"";
  entry += by;
  entry += "\",\"kind\":\"";
  entry += kind;
  entry += "\",\"prev\":\"";
  std::size_t at_prev = entry.size();
  entry.resize(at_prev + 64);
  core::write_hex(prev, entry.data() + at_prev);
  entry += "\",\"seq\":";
  entry += std::to_string(seq);
  entry += '}';
  return entry;
}

bool is_plain(std::string_view text) {
  for (char c : text) {
    if (c < 0x20 || c > 0x7e || c == '"' || c == '\\') return false;
  }
  return !text.empty();
}

struct Head {
  std::uint64_t size = 0;
  Hash root;
  Edge edge;
  Hash last_hash;
  Instant last_at;
  bool time_trusted = true;
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

struct Statements {
  core::sql::Connection& db;
  core::sql::Statement head{db, R"(
    select size, root, edge, last_hash, last_at, time_trusted from ledger_head where id = 1
  )"};
  core::sql::Statement position{db, "select size, last_hash from ledger_head where id = 1"};
  core::sql::Statement checkpoint_size{db, "select size from ledger_checkpoint where id = 1"};
  core::sql::Statement batch_holding{db, R"(
    select size, root from ledger_batch where size > ?1 order by size limit 1
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

std::optional<Head> read_head(Session& session) {
  auto row = session.use<Statements>().head();
  if (!row.next()) return std::nullopt;
  Head head;
  head.size = row.natural(0);
  head.root = row.hash(1);
  head.edge = decode_edge(head.size, row.view(2));
  head.last_hash = row.hash(3);
  head.last_at = row.instant(4);
  head.time_trusted = row.integer(5) == 1;
  return head;
}

}  // namespace

std::string Receipt::file() const { return format_receipt(entry, proof, *checkpoint); }

Ledger::Ledger(NoteSigner signer, const core::Clock& clock, core::Random& random)
    : signer_(std::move(signer)), random_(random), timeline_(clock) {}

std::string Ledger::log_vkey() const { return format_vkey(signer_.verifier()); }

void Ledger::open(Session& session) {
  if (auto head = read_head(session)) {
    resume(session, head->size);
    if (tree_.root() != head->root || tree_.edge() != head->edge) {
      throw Broken("the ledger's head row does not match its tiles; run `tallystick audit`");
    }
    auto last = read_entry(session, head->size - 1);
    if (!last || hash_leaf(*last) != head->last_hash) {
      throw Broken("the ledger's last entry does not match its head row; run `tallystick audit`");
    }
    last_hash_ = head->last_hash;
    last_at_ = head->last_at;
    timeline_.resume(head->last_at, head->time_trusted);
    departure_is_recorded_ = !head->time_trusted;
  }
  committed_size_ = tree_.size();
  auto row = session.use<Statements>().checkpoint_size();
  stored_checkpoint_size_ = row.next() ? row.natural(0) : 0;
  sign_head();
}

void Ledger::resume(Session& session, std::uint64_t size) {
  auto source = [&session](unsigned level, std::uint64_t index) {
    return read_tile(session, level, index).value_or("");
  };
  tree_ = RecentTree::resume(TileSubtrees(source), size);
  edge_tiles_.clear();
  for (unsigned level = 0; (size >> (tile_height * level)) > 0; ++level) {
    std::uint64_t tile = size >> (tile_height * (level + 1));
    unsigned width = tile_width(level, tile, size);
    std::string hashes = width == 0 ? "" : source(level, tile);
    if (hashes.size() != std::size_t{width} * 32) {
      throw Broken("the ledger's edge tile at level " + std::to_string(level) +
                   " has a wrong width");
    }
    edge_tiles_.push_back(std::move(hashes));
  }
  edge_bundle_ = read_tail(session, size);
}

// As it was when the command began: what is decided by this time is what its entries say.
Instant Ledger::now() { return timeline_.last(); }

std::shared_ptr<Receipt> Ledger::append(Tx&,
                                        std::string_view kind,
                                        std::string_view by,
                                        std::string_view body) {
  TALLY_ASSERT(is_plain(kind) && is_plain(by) && body.starts_with('{') && body.ends_with('}'));
  auto receipt = std::make_shared<Receipt>();
  receipt->seq = tree_.size();
  if (kind == clock_acknowledged_kind) timeline_.now();  // the wall clock's word again
  last_at_ = now();
  receipt->entry = encode_entry(last_at_.unix_ms, body, by, kind, last_hash_, receipt->seq);
  if (receipt->entry.size() > ledger_entry_bytes_max) {
    throw Broken("an entry of kind " + std::string(kind) + " exceeds the entry limit");
  }
  receipt->hash = hash_leaf(receipt->entry);
  if (mark_ && pending_.size() - mark_->pending >= ledger_command_entries_max) {
    throw Broken("a command of kind " + std::string(kind) + " appends more entries than it may");
  }
  tree_.append(receipt->hash);
  last_hash_ = receipt->hash;
  pending_.push_back(receipt);
  return receipt;
}

void Ledger::batch_began(Tx& tx) {
  {
    auto row = tx.use<Statements>().position();
    bool is_there = row.next();
    std::uint64_t size = is_there ? row.natural(0) : 0;
    if (size != tree_.size() || (is_there && row.hash(1) != last_hash_)) {
      throw Broken("the ledger's head row changed behind the writer's back");
    }
  }
  timeline_.now();
  if (!timeline_.is_trusted() && !departure_is_recorded_) append_departure(tx);
}

void Ledger::append_departure(Tx& tx) {
  if (tree_.size() == 0) return;  // entry 0 is the opening; before_commit comes back to this
  departure_is_recorded_ = true;
  append(tx, clock_departed_kind, "system",
         "{\"ledger_ms\":" + std::to_string(timeline_.last().unix_ms) + ",\"salt\":\"" +
             draw_salt() + "\",\"wall_ms\":" + std::to_string(timeline_.wall().unix_ms) + "}");
}

void Ledger::command_begins() {
  mark_ = Position{tree_.mark(),           last_hash_,     last_at_, timeline_,
                   departure_is_recorded_, pending_.size()};
  timeline_.now();
}

void Ledger::command_undone() {
  tree_.rewind(mark_->tree);
  last_hash_ = mark_->last_hash;
  last_at_ = mark_->last_at;
  timeline_ = mark_->timeline;
  departure_is_recorded_ = mark_->departure_is_recorded;
  pending_.resize(mark_->pending);
}

void Ledger::before_commit(Tx& tx) {
  if (stored_checkpoint_size_ != committed_size_) store_checkpoint(tx);
  if (pending_.empty()) return;
  // The head's time_trusted always follows from the entries.
  if (!timeline_.is_trusted() && !departure_is_recorded_) append_departure(tx);
  store_entries(tx);
  store_tiles(tx);
  store_head(tx);
}

void Ledger::store_entries(Tx& tx) {
  auto& sql = tx.use<WriteStatements>();
  std::string run;
  std::uint64_t run_first = committed_size_;
  for (std::size_t i = 0; i < pending_.size(); ++i) {
    append_to_bundle(run, pending_[i]->entry);
    std::uint64_t size = committed_size_ + i + 1;
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
  sql.tail(run_first, tree_.size() - run_first, Blob{run}).run();
}

void Ledger::store_tiles(Tx& tx) {
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
    auto root = tree_.find_node(tile_height * (level + 1), tile_index);
    TALLY_ASSERT(root.has_value());
    self(self, level + 1, tile_index, *root);
  };
  for (std::size_t i = 0; i < pending_.size(); ++i) {
    push(push, 0, committed_size_ + i, pending_[i]->hash);
  }
  for (unsigned level = 0; level < edge_tiles_.size(); ++level) {
    if (!changed[level]) continue;
    sql.tile(level, tree_.size() >> (tile_height * (level + 1)), Blob{edge_tiles_[level]}).run();
  }
}

void Ledger::store_head(Tx& tx) {
  auto& sql = tx.use<WriteStatements>();
  sql.head(tree_.size(), tree_.root(), Blob{encode_hashes(tree_.edge().hashes())}, last_hash_,
           last_at_, timeline_.is_trusted())
      .run();
  sql.batch(tree_.size(), tree_.root()).run();
}

void Ledger::store_checkpoint(Tx& tx) {
  auto head = signed_head();
  tx.use<WriteStatements>().checkpoint(head.head.size, *head.note).run();
  stored_checkpoint_size_ = head.head.size;
}

void Ledger::after_commit() {
  if (pending_.empty()) return;
  committed_size_ = tree_.size();
  sign_head();
  auto note = signed_head().note;
  for (auto& receipt : pending_) {
    receipt->proof = tree_.prove_inclusion(receipt->seq);
    receipt->checkpoint = note;
  }
  pending_.clear();
}

void Ledger::sign_head() {
  tree_.seal();
  auto head = tree_.head();
  auto note = std::make_shared<const std::string>(sign(head));
  signed_head_.with([&](SignedHead& current) { current = {head, note}; });
}

std::string Ledger::sign(const TreeHead& head) const {
  return sign_checkpoint({.origin = origin(), .head = head}, signer_);
}

SignedHead Ledger::signed_head() const {
  return signed_head_.with([](const SignedHead& head) { return head; });
}

std::optional<std::string> Ledger::find_entry(Session& session, std::uint64_t seq) const {
  return read_entry(session, seq);
}

std::optional<Receipt> Ledger::find_receipt(Session& session, std::uint64_t seq) const {
  auto entry = read_entry(session, seq);
  if (!entry) return std::nullopt;
  TreeHead signed_then;
  {
    auto row = session.use<Statements>().batch_holding(seq);
    if (!row.next())
      throw Broken("the ledger has no batch that holds entry " + std::to_string(seq));
    signed_then = {row.natural(0), row.hash(1)};
  }
  TileSubtrees tiles([&session](unsigned level, std::uint64_t index) {
    return read_tile(session, level, index).value_or("");
  });
  Receipt receipt;
  receipt.seq = seq;
  receipt.hash = hash_leaf(*entry);
  receipt.entry = *std::move(entry);
  receipt.proof = ledger::prove_inclusion(tiles, seq, signed_then.size);
  // Two signed roots of one size would prove for ever that the log lied; a wrong bit must not do that.
  if (root_of(tiles, signed_then.size) != signed_then.root ||
      !verifies(receipt.proof, receipt.hash, signed_then.root)) {
    throw Broken("the ledger no longer gives the root that it signed at size " +
                 std::to_string(signed_then.size) + "; run `tallystick audit`");
  }
  receipt.checkpoint = std::make_shared<const std::string>(sign(signed_then));
  return receipt;
}

std::string Ledger::cose_file(const Receipt& receipt) const {
  auto checkpoint = open_checkpoint(*receipt.checkpoint, origin(), signer_.verifier());
  if (!checkpoint || checkpoint->head.size != receipt.proof.size ||
      !verifies(receipt.proof, hash_leaf(receipt.entry), checkpoint->head.root)) {
    throw Broken("the receipt of entry " + std::to_string(receipt.seq) +
                 " is not proved by its checkpoint");
  }
  return sign_cose_receipt(receipt.entry, receipt.proof, checkpoint->head, signer_);
}

Receipt Ledger::receipt_of(Session& session, std::uint64_t seq) const {
  auto receipt = find_receipt(session, seq);
  if (!receipt) throw Broken("the ledger has no entry " + std::to_string(seq));
  return *std::move(receipt);
}

}  // namespace tally::ledger
