#include "ledger/ledger_copy.h"

#include "ledger/checkpoint.h"
#include "ledger/envelope.h"
#include "ledger/ledger.h"
#include "ledger/store.h"
#include "ledger/tile.h"

namespace tally::ledger {
namespace {

using core::Broken;
using core::Done;
using core::Error;
using core::Refusal;
using core::Result;
using core::sql::Session;
using core::sql::Tx;

Error refuse(const char* code, std::string words) {
  return {Refusal::conflict, code, std::move(words)};
}

}  // namespace

void LedgerCopy::open(Session& session) {
  auto head = read_head(session);
  std::uint64_t size = head ? head->size : 0;
  TileSubtrees tiles([&session](unsigned level, std::uint64_t index) {
    return read_tile(session, level, index).value_or("");
  });
  tree_ = RecentTree::resume(tiles, size);
  rows_.resume(session, size);
  last_hash_ = head ? head->last_hash : Hash{};
  last_at_ = head ? head->last_at : core::Instant{};
  time_is_trusted_ = !head || head->time_trusted;
  sealed_size_ = size;
  if (head && tree_.root() != head->root)
    throw Broken("the head row of the copy does not match its tiles");
}

Result<Done> LedgerCopy::add(Tx& tx,
                             std::uint64_t first_seq,
                             const std::vector<std::string_view>& entries) {
  if (first_seq != tree_.size()) {
    return refuse("replica.gap", "the copy ends at " + std::to_string(tree_.size()) +
                                     ", and what came begins at " + std::to_string(first_seq));
  }
  std::vector<NewEntry> added;
  added.reserve(entries.size());
  for (std::string_view entry : entries) {
    auto envelope = read_envelope(entry);
    if (!envelope || entry.size() > ledger_entry_bytes_max) {
      return refuse("replica.malformed_entry",
                    "entry " + std::to_string(tree_.size()) + " is not of the form of an entry");
    }
    if (envelope->seq != tree_.size() || envelope->prev != core::to_hex(last_hash_)) {
      return refuse("replica.not_linked", "entry " + std::to_string(tree_.size()) +
                                              " does not follow the one that the copy holds");
    }
    last_hash_ = hash_leaf(entry);
    last_at_ = {envelope->at};
    if (envelope->kind == clock_departed_kind) time_is_trusted_ = false;
    if (envelope->kind == clock_acknowledged_kind) time_is_trusted_ = true;
    tree_.append(last_hash_);
    added.push_back({entry, last_hash_});
  }
  rows_.append(tx, added, tree_);
  return Done{};
}

Result<Done> LedgerCopy::seal(Tx& tx, const std::string& checkpoint_note) {
  auto checkpoint = open_checkpoint(checkpoint_note, log_keys_.origin(), log_keys_);
  if (!checkpoint) return checkpoint.error();
  if (checkpoint->head.size != tree_.size()) {
    return refuse("replica.gap", "the checkpoint is of size " +
                                     std::to_string(checkpoint->head.size) +
                                     ", and the copy ends at " + std::to_string(tree_.size()));
  }
  if (checkpoint->head.root != tree_.root()) {
    return refuse("replica.forked", "the log signed another root for size " +
                                        std::to_string(tree_.size()) +
                                        " than the entries give; keep both, they are evidence");
  }
  if (tree_.size() != sealed_size_) {
    LedgerRows::store_head(
        tx, {tree_.size(), tree_.root(), tree_.edge(), last_hash_, last_at_, time_is_trusted_});
  }
  LedgerRows::store_checkpoint(tx, tree_.size(), checkpoint_note);
  sealed_size_ = tree_.size();
  return Done{};
}

}  // namespace tally::ledger
