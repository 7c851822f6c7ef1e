// A ledger as somebody else keeps it: the same rows, written from entries that another one signed.
//
// Nothing is taken on trust. Each entry must name its place and the hash of the one before, and what was
// added must give the root of a checkpoint that the log's key signed: a copy never holds two histories.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "core/sql/session.h"
#include "ledger/ledger_rows.h"
#include "ledger/log_keys.h"
#include "ledger/merkle_tree.h"

namespace tally::ledger {

class LedgerCopy {
 public:
  explicit LedgerCopy(LogKeys log_keys) : log_keys_(std::move(log_keys)) {}

  // Where the copy stands. Throws Broken when its rows contradict each other.
  void open(core::sql::Session& session);
  TreeHead head() const { return tree_.head(); }

  // The next entries, from `first_seq` on. They count once seal() has found their root signed, in the same
  // transaction; when either refuses, the transaction is rolled back and the copy opened again.
  // Refusals: replica.gap (they begin elsewhere), replica.malformed_entry, replica.not_linked.
  core::Result<core::Done> add(core::sql::Tx& tx,
                               std::uint64_t first_seq,
                               const std::vector<std::string_view>& entries);
  // Refusals: those of open_checkpoint; replica.forked (the log signed another root for this size),
  // replica.gap (it signed another size).
  core::Result<core::Done> seal(core::sql::Tx& tx, const std::string& checkpoint_note);

 private:
  LogKeys log_keys_;
  LedgerRows rows_;
  RecentTree tree_;
  Hash last_hash_;
  core::Instant last_at_;
  bool time_is_trusted_ = true;
  std::uint64_t sealed_size_ = 0;
};

}  // namespace tally::ledger
