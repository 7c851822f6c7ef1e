#include "ledger/ledger.h"

#include "core/hash.h"
#include "ledger/checkpoint.h"
#include "ledger/cose.h"
#include "ledger/ledger_rows.h"
#include "ledger/proof.h"
#include "ledger/store.h"
#include "ledger/tile.h"

namespace tally::ledger {
namespace {

using core::Broken;
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

core::Error withheld_error() {
  return {core::Refusal::unavailable, "replica.unconfirmed",
          "the entry is stored, but the replica has not confirmed it yet; ask again"};
}

bool is_plain(std::string_view text) {
  for (char c : text) {
    if (c < 0x20 || c > 0x7e || c == '"' || c == '\\') return false;
  }
  return !text.empty();
}

struct Statements {
  core::sql::Connection& db;
  core::sql::Statement position{db, "select size, last_hash from ledger_head where id = 1"};
  core::sql::Statement checkpoint{db, "select size, note from ledger_checkpoint where id = 1"};
  core::sql::Statement batch_holding{db, R"(
    select size, root from ledger_batch where size > ?1 order by size limit 1
  )"};
};

// The head of the batch that wrote the entry.
TreeHead batch_of(Session& session, std::uint64_t seq) {
  auto row = session.use<Statements>().batch_holding(seq);
  if (!row.next()) throw Broken("the ledger has no batch that holds entry " + std::to_string(seq));
  return {row.natural(0), row.hash(1)};
}

}  // namespace

std::string Receipt::file() const { return format_receipt(entry, proof, *checkpoint); }

Ledger::Ledger(LogSigners signers, const core::Clock& clock, core::Random& random)
    : origin_(signers.origin()),
      signers_(std::make_shared<const LogSigners>(std::move(signers))),
      random_(random),
      timeline_(clock) {}

std::string Ledger::log_vkey() const { return format_vkey(signers()->first().verifier()); }

std::shared_ptr<const LogSigners> Ledger::signers() const {
  return signers_.with([](const auto& signers) { return signers; });
}

void Ledger::exchange(LogSigners signers) {
  auto shared = std::make_shared<const LogSigners>(std::move(signers));
  signers_.with([&](auto& current) { current = std::move(shared); });
}

std::shared_ptr<Receipt> Ledger::add_key(Tx& tx) {
  auto now_in_force = signers();
  auto event =
      make_addition(now_in_force->signer_of_cose(size()), *now_in_force->pending(), draw_salt());
  auto receipt = append(tx, LogKeyAdded::kind, "system", core::canonical(event));
  apply(tx, event, receipt->seq, now());
  exchange(now_in_force->with_added(receipt->seq));
  return receipt;
}

std::shared_ptr<Receipt> Ledger::append_retirement(Tx& tx, const VerifierKey& key) {
  LogKeyRetired event{format_vkey(key), draw_salt()};
  auto receipt = append(tx, LogKeyRetired::kind, "system", core::canonical(event));
  apply(tx, event, receipt->seq, now());
  return receipt;
}

std::shared_ptr<Receipt> Ledger::retire_first_key(Tx& tx) {
  auto now_in_force = signers();
  auto receipt = append_retirement(tx, now_in_force->first().verifier());
  exchange(now_in_force->with_first_retired(receipt->seq));
  return receipt;
}

std::shared_ptr<Receipt> Ledger::retire_missing_key(Tx& tx, const VerifierKey& key) {
  auto now_in_force = signers();
  auto receipt = append_retirement(tx, key);
  exchange(now_in_force->without_missing(key));
  return receipt;
}

void Ledger::open(Session& session) {
  {
    LogSigners loaded = *signers();
    loaded.load(session);
    exchange(std::move(loaded));
  }
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
  SignedHead head = sign_head();
  auto row = session.use<Statements>().checkpoint();
  bool is_stored = row.next();
  stored_checkpoint_size_ = is_stored ? row.natural(0) : 0;
  // One that was signed while a key in force was away is stored again, with all signatures. What is no
  // checkpoint of this log stays for the audit to see.
  bool is_newest = is_stored && stored_checkpoint_size_ == head.head.size;
  if (is_newest && row.text(1) != *head.note &&
      open_checkpoint(row.text(1), origin_, signers()->known()))
    stored_checkpoint_size_ = 0;
  release(head);
}

void Ledger::resume(Session& session, std::uint64_t size) {
  TileSubtrees tiles([&session](unsigned level, std::uint64_t index) {
    return read_tile(session, level, index).value_or("");
  });
  tree_ = RecentTree::resume(tiles, size);
  rows_.resume(session, size);
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
  mark_ = Position{tree_.mark(),           last_hash_,      last_at_, timeline_,
                   departure_is_recorded_, pending_.size(), signers()};
  timeline_.now();
}

void Ledger::command_undone() {
  tree_.rewind(mark_->tree);
  last_hash_ = mark_->last_hash;
  last_at_ = mark_->last_at;
  timeline_ = mark_->timeline;
  departure_is_recorded_ = mark_->departure_is_recorded;
  pending_.resize(mark_->pending);
  signers_.with([&](auto& current) { current = mark_->signers; });
}

void Ledger::before_commit(Tx& tx) {
  if (stored_checkpoint_size_ != released_size_) store_checkpoint(tx);
  if (pending_.empty()) return;
  // The head's time_trusted always follows from the entries.
  if (!timeline_.is_trusted() && !departure_is_recorded_) append_departure(tx);
  std::vector<NewEntry> entries;
  entries.reserve(pending_.size());
  for (const auto& receipt : pending_) entries.push_back({receipt->entry, receipt->hash});
  rows_.append(tx, entries, tree_);
  LedgerRows::store_head(
      tx, {tree_.size(), tree_.root(), tree_.edge(), last_hash_, last_at_, timeline_.is_trusted()});
}

void Ledger::store_checkpoint(Tx& tx) {
  auto head = signed_head();
  LedgerRows::store_checkpoint(tx, head.head.size, *head.note);
  stored_checkpoint_size_ = head.head.size;
}

std::optional<core::Error> Ledger::after_commit() {
  if (pending_.empty() && released_size_ == tree_.size()) return std::nullopt;
  committed_size_ = tree_.size();
  SignedHead head = sign_head();
  if (follower_ != nullptr) {
    if (auto why = follower_->hand_over(head, pending_)) {
      pending_.clear();
      return why;
    }
  }
  release(head);
  for (auto& receipt : pending_) {
    receipt->proof = tree_.prove_inclusion(receipt->seq);
    receipt->checkpoint = head.note;
  }
  pending_.clear();
  return std::nullopt;
}

std::optional<core::Error> Ledger::closed() const {
  return follower_ == nullptr ? std::nullopt : follower_->closed();
}

SignedHead Ledger::sign_head() {
  tree_.seal();
  auto head = tree_.head();
  return {head, std::make_shared<const std::string>(sign(head))};
}

void Ledger::release(const SignedHead& head) {
  released_size_ = head.head.size;
  signed_head_.with([&](SignedHead& current) { current = head; });
}

std::string Ledger::sign(const TreeHead& head) const { return signers()->sign(head); }

SignedHead Ledger::signed_head() const {
  return signed_head_.with([](const SignedHead& head) { return head; });
}

std::optional<std::string> Ledger::find_entry(Session& session, std::uint64_t seq) const {
  return read_entry(session, seq);
}

std::optional<Receipt> Ledger::find_receipt(Session& session, std::uint64_t seq) const {
  auto entry = read_entry(session, seq);
  if (!entry) return std::nullopt;
  TreeHead signed_then = batch_of(session, seq);
  auto keys = signers();
  if (!keys->can_sign(signed_then.size))
    signed_then = batch_of(session, keys->first_entry_in_force());
  if (follower_ != nullptr && signed_then.size > signed_head().head.size)
    throw Withheld(withheld_error());
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
  auto keys = signers();
  auto checkpoint = open_checkpoint(*receipt.checkpoint, origin(), keys->known());
  if (!checkpoint || checkpoint->head.size != receipt.proof.size ||
      !verifies(receipt.proof, hash_leaf(receipt.entry), checkpoint->head.root)) {
    throw Broken("the receipt of entry " + std::to_string(receipt.seq) +
                 " is not proved by its checkpoint");
  }
  return sign_cose_receipt(receipt.entry, receipt.proof, checkpoint->head,
                           keys->signer_of_cose(checkpoint->head.size));
}

Receipt Ledger::receipt_of(Session& session, std::uint64_t seq) const {
  auto receipt = find_receipt(session, seq);
  if (!receipt) throw Broken("the ledger has no entry " + std::to_string(seq));
  return *std::move(receipt);
}

}  // namespace tally::ledger
