// The ledger: appends entries, keeps the tree, signs what is durable.
//
// An entry is canonical JSON (RFC 8785, integers only), at most 16 KiB:
//
//   {"at":<Unix ms>,"body":{..},"by":"<actor>","kind":"<noun.verb/version>","prev":"<64 hex>","seq":<n>}
//
// `prev` is the leaf hash (RFC 6962) of the entry before, 64 zeros for entry 0: one hash per entry
// serves the chain and the tree, and both bind to the position. The bytes that are hashed are the
// bytes that are stored.
//
// The ledger takes part in the writer's batches. Nothing is signed before its commit returned; as
// Ed25519 is deterministic and a checkpoint holds no time, a restart makes the same bytes.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/guarded.h"
#include "core/random.h"
#include "core/sql/session.h"
#include "core/sql/writer.h"
#include "core/time.h"
#include "ledger/follower.h"
#include "ledger/ledger_rows.h"
#include "ledger/log_keys.h"
#include "ledger/log_signers.h"
#include "ledger/merkle_tree.h"
#include "ledger/note.h"
#include "ledger/timeline.h"

namespace tally::ledger {

using core::Hash;
using core::Instant;

inline constexpr std::size_t ledger_entry_bytes_max = 16 * 1024;
// Entries that one command may append, and after which a batch takes no more commands.
inline constexpr std::size_t ledger_command_entries_max = 1024;
inline constexpr std::size_t ledger_batch_entries_max = 2048;

// Entry 0 of a ledger that a server keeps; its body names the origin.
inline constexpr std::string_view ledger_opened_kind = "ledger.opened/1";
// The same of a ledger that continues another one, whose entries follow, each in one of its own.
inline constexpr std::string_view ledger_reopened_kind = "ledger.reopened/1";
inline constexpr std::string_view entry_carried_kind = "entry.carried/1";
// The ledger itself appends the first when it stops trusting the wall clock; the second ends that.
inline constexpr std::string_view clock_departed_kind = "clock.departed/1";
inline constexpr std::string_view clock_acknowledged_kind = "clock.acknowledged/1";

// What the author of a change keeps. `seq`, `hash` and `entry` stand when append returns; `proof` and
// `checkpoint` when the batch is durable, which is when Writer::run returns.
struct Receipt {
  std::uint64_t seq = 0;
  Hash hash;  // leaf hash
  std::string entry;
  InclusionProof proof;
  std::shared_ptr<const std::string> checkpoint;  // a signed note

  // The receipt as a C2SP tlog-proof file; its `extra` line is the entry.
  std::string file() const;
};
using ReceiptPtr = std::shared_ptr<const Receipt>;

// A checkpoint that was signed after its commit.
struct SignedHead {
  TreeHead head;
  std::shared_ptr<const std::string> note;
};

class Ledger : public core::sql::Participant {
 public:
  Ledger(NoteSigner signer, const core::Clock& clock, core::Random& random)
      : Ledger(LogSigners(std::vector<NoteSigner>{std::move(signer)}), clock, random) {}
  Ledger(LogSigners signers, const core::Clock& clock, core::Random& random);

  // Reads where the ledger stands and signs it. Throws Broken when the head row, the tiles and the
  // entries at the edge contradict each other. An empty database is an empty ledger.
  void open(core::sql::Session& session);

  // From now on nothing is told before the follower holds it: no receipt, no checkpoint. Before the
  // writer starts; the follower must outlive it.
  void follow_with(Follower& follower) { follower_ = &follower; }

  const std::string& origin() const { return origin_; }
  // Of the key that signs, the older one of two.
  std::string log_vkey() const;

  // --- in a command, on the writer's thread -------------------------------------------------------

  // The time of this command: never before that of the last entry.
  Instant now();
  // False after the wall clock departed from the monotonic one, until acknowledged: whatever has a
  // limit in time must be refused.
  bool time_is_trusted() const { return timeline_.is_trusted(); }
  // Takes the wall clock's word again. The caller appends clock_acknowledged_kind.
  void acknowledge_time() {
    timeline_.acknowledge();
    departure_is_recorded_ = false;
  }

  // `body` is a canonical JSON object with a member `salt`; `by` and `kind` are plain ASCII.
  // Throws Broken when the entry would exceed ledger_entry_bytes_max, or the command
  // ledger_command_entries_max.
  std::shared_ptr<Receipt> append(core::sql::Tx& tx,
                                  std::string_view kind,
                                  std::string_view by,
                                  std::string_view body);
  // The log's key is exchanged: log.key_added/1 for the pending signer, log.key_retired/1 for the first
  // one of two. From this batch's checkpoint on. Preconditions: those of LogSigners.
  std::shared_ptr<Receipt> add_key(core::sql::Tx& tx);
  std::shared_ptr<Receipt> retire_first_key(core::sql::Tx& tx);
  // One that is in force and not held.
  std::shared_ptr<Receipt> retire_missing_key(core::sql::Tx& tx, const VerifierKey& key);
  std::uint64_t size() const { return tree_.size(); }
  std::string draw_salt() { return random_.salt(); }

  // --- from any thread ----------------------------------------------------------------------------

  SignedHead signed_head() const;  // the newest that is durable, here and at the follower
  std::shared_ptr<const LogSigners> signers() const;
  // Keys that were retired sign nothing more here, as if they were not held. To be called when that is
  // durable.
  void forget_retired_keys() { exchange(signers()->without_retired()); }
  std::optional<std::string> find_entry(core::sql::Session& session, std::uint64_t seq) const;
  // The receipt of an entry, the same bytes whenever it is asked for while the log's keys are the same.
  // Where those that signed its batch are gone, it leads to the first checkpoint that one of the others
  // signed. Throws Broken when the tiles no longer give the root that was signed, and Withheld when the
  // follower does not hold that batch yet.
  std::optional<Receipt> find_receipt(core::sql::Session& session, std::uint64_t seq) const;
  // The same for an entry that is known to be there.
  Receipt receipt_of(core::sql::Session& session, std::uint64_t seq) const;
  // A receipt as a COSE file (ledger/cose.h), the same bytes whenever it is asked for. Throws Broken
  // unless the receipt proves its entry under a checkpoint of this log: only roots that checkpoints
  // were signed for are signed again.
  std::string cose_file(const Receipt& receipt) const;

  // --- the writer's batches -----------------------------------------------------------------------

  void batch_began(core::sql::Tx& tx) override;
  void command_begins() override;
  void command_undone() override;
  void before_commit(core::sql::Tx& tx) override;
  std::optional<core::Error> after_commit() override;
  std::optional<core::Error> closed() const override;
  bool has_room() const override { return pending_.size() < ledger_batch_entries_max; }
  bool has_leftover() const override { return stored_checkpoint_size_ != tree_.size(); }

 private:
  struct Position {
    RecentTree::Mark tree;
    Hash last_hash;
    Instant last_at;
    Timeline timeline;
    bool departure_is_recorded = false;
    std::size_t pending = 0;
    std::shared_ptr<const LogSigners> signers;
  };

  void resume(core::sql::Session& session, std::uint64_t size);
  void append_departure(core::sql::Tx& tx);
  void store_checkpoint(core::sql::Tx& tx);
  SignedHead sign_head();
  void release(const SignedHead& head);
  std::string sign(const TreeHead& head) const;
  std::shared_ptr<Receipt> append_retirement(core::sql::Tx& tx, const VerifierKey& key);
  void exchange(LogSigners signers);

  std::string origin_;
  core::Guarded<std::shared_ptr<const LogSigners>> signers_;
  core::Random& random_;

  // The writer's thread alone. All of it is cache: the head row is the truth.
  Timeline timeline_;
  bool departure_is_recorded_ = false;
  RecentTree tree_;
  Hash last_hash_;
  Instant last_at_;                                // the time of the last entry
  std::vector<std::shared_ptr<Receipt>> pending_;  // appended in this batch
  std::optional<Position> mark_;
  std::uint64_t committed_size_ = 0;
  std::uint64_t stored_checkpoint_size_ = 0;
  LedgerRows rows_;
  Follower* follower_ = nullptr;
  std::uint64_t released_size_ = 0;  // of signed_head()

  core::Guarded<SignedHead> signed_head_;
};

}  // namespace tally::ledger
