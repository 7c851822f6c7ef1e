// The private keys of a log, and which of them signs what (ledger/log_keys.h): all checkpoints of one
// size bear the same signatures, whenever they are made, as long as the keys are there.
//
// Immutable: an exchange makes another one, so that it can be shared by threads.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/sql/session.h"
#include "core/time.h"
#include "ledger/checkpoint.h"
#include "ledger/log_keys.h"
#include "ledger/note.h"

namespace tally::ledger {

class LogSigners {
 public:
  // One or two, the older first. Which are in force, load() says; until then the first is.
  // Precondition: of one name.
  explicit LogSigners(std::vector<NoteSigner> held);

  // What the entries say of keys. Throws Broken when no key that is held is in force, when the first is
  // none that the ledger names, or when the second was retired.
  void load(core::sql::Session& session);

  const std::string& origin() const { return held_.front().signer.verifier().name; }
  const NoteSigner& first() const { return held_.front().signer; }
  // Held, and not in force: its entry is still to be written.
  const NoteSigner* pending() const;
  bool is_retired(const NoteSigner& signer) const;
  // Another one is held that is in force, so that the first can be retired.
  bool goes_on_without_first() const;
  // In force by the entries, and not held: checkpoints lack its signature.
  const std::vector<VerifierKey>& missing() const { return missing_; }

  // Whether a key that is held is in force at that size.
  bool can_sign(std::uint64_t size) const;
  // An entry whose checkpoint can be signed for good. Precondition: some sizes cannot.
  std::uint64_t first_entry_in_force() const;
  // Both throw Broken unless can_sign(head.size).
  std::string sign(const TreeHead& head) const;
  const NoteSigner& signer_of_cose(std::uint64_t size) const;

  // Of those held, which sign the tree of that size. Precondition: can_sign(size).
  LogKeys in_force(std::uint64_t size) const;
  // All that the log ever had: by these its own old words verify.
  LogKeys known() const;

  // With the pending one added, or the first retired, by that entry.
  LogSigners with_added(std::uint64_t seq) const;
  LogSigners with_first_retired(std::uint64_t seq) const;
  LogSigners without_retired() const;
  // A missing one was retired by an entry.
  LogSigners without_missing(const VerifierKey& key) const;

 private:
  struct Held {
    NoteSigner signer;
    std::optional<std::uint64_t> from = {};   // the first size at which it signs
    std::optional<std::uint64_t> until = {};  // the last one; none: it goes on
    bool signs(std::uint64_t size) const {
      return from && *from <= size && (!until || size <= *until);
    }
  };

  std::vector<Held> held_;
  std::vector<VerifierKey> others_;   // that are not held any more
  std::vector<VerifierKey> missing_;  // of these, in force
};

// The rows beside the entries.
void apply(core::sql::Tx& tx, const LogKeyAdded& event, std::uint64_t seq, core::Instant at);
void apply(core::sql::Tx& tx, const LogKeyRetired& event, std::uint64_t seq, core::Instant at);

}  // namespace tally::ledger
