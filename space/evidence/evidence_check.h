// Evidence, checked by whoever has nothing but the file and the log's public key.
//
//   EvidenceCheck check(log_key);
//   for (each line) if (auto done = check.take(line); !done) return done.error();
//   auto verdict = check.finish();
//
// What is shown to be true: each entry is in the log; the contract's entries follow each other from its
// offer to the attestation, and none is missing; both parties signed the document with keys that were
// theirs then; every use was inside the document's purpose, time and count, and the counts go on
// without a gap. What is not: who acted behind an actor's id (`asserted` uses rest on the operator's
// word), that no entry that retired a key was left out of the file (who audits the whole ledger sees
// that), that the log shows everybody the same (witnesses do), and whatever followed the attestation.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"
#include "core/result.h"
#include "ledger/checkpoint.h"
#include "ledger/envelope.h"
#include "ledger/note.h"
#include "space/contracts/contract.h"
#include "space/signing.h"

namespace tally::space {

inline constexpr std::size_t evidence_line_bytes_max = std::size_t{2} << 20;

struct EvidenceVerdict {
  std::string contract;
  PartyId provider;
  PartyId consumer;
  std::uint64_t entries = 0;  // of the contract, with the attestation
  std::uint64_t uses = 0;     // recorded and not voided
  std::uint64_t limit = 0;    // of all permissions
  std::uint64_t voided = 0;
  std::uint64_t redelivered = 0;
  std::uint64_t asserted = 0;  // uses that a token alone vouches for
  ContractState state = ContractState::offered;
  std::uint64_t attested_entry = 0;
  core::Instant attested_at;
  ledger::Checkpoint checkpoint;
};

class EvidenceCheck {
 public:
  explicit EvidenceCheck(const ledger::VerifierKey& log_key) : log_key_(log_key) {}

  // Refusals, each of which ends the check:
  //   evidence.malformed          a line is not what it should be, or stands in a wrong place
  //   those of open_checkpoint    the checkpoint is not the log's
  //   evidence.not_included       an entry is not in the tree of the checkpoint
  //   evidence.foreign_entry      an entry is about another contract, or another party
  //   evidence.gap                an entry does not follow the contract's entry before, or stands behind
  //                               a later one
  //   evidence.wrong_document     a document is not the one that was signed
  //   evidence.wrong_signature    a signature is not by a key that was the party's there
  //   evidence.not_permitted      a use is outside purpose, action, time, count or state
  //   evidence.wrong_count        a count does not go on where it stood
  //   evidence.stale_attestation  the attestation closes another number of uses
  core::Result<core::Done> take(std::string_view line);

  // Refusal: evidence.not_closed (there is no attestation at the end).
  core::Result<EvidenceVerdict> finish() const;

 private:
  using Taken = core::Result<core::Done>;
  struct HeldKey {
    KeyId id;
    core::Hash public_key;
    bool is_retired = false;
  };
  struct Signer {
    std::optional<PartyId> party;
    std::vector<HeldKey> keys = {};

    HeldKey* find(const KeyId& id);
    const HeldKey* find_valid(const KeyId& id) const;
  };

  Taken take_head(const core::Json& line);
  Taken take_document(const core::Json& document);
  Taken take_proof(const core::Json& line);
  Taken take_registration(const ledger::Envelope& entry, const core::Json& body);
  Taken take_key_added(const ledger::Envelope& entry, const core::Json& body);
  Taken take_key_retired(const ledger::Envelope& entry, const core::Json& body);
  Taken take_entry(const ledger::Envelope& entry, const core::Json& body, const core::Hash& leaf);
  Taken take_act(const ledger::Envelope& entry, const core::Json& body);
  Taken take_use(const ledger::Envelope& entry, const core::Json& body);
  Taken take_void(const core::Json& body);
  Taken take_attestation(const ledger::Envelope& entry, const core::Json& body);
  Taken check_signer(SignedVerb verb,
                     const PartyId& party,
                     const core::Json& body,
                     const core::Hash& document) const;

  const ledger::VerifierKey& log_key_;
  EvidenceVerdict verdict_;
  std::optional<Terms> terms_;
  core::Hash document_;
  std::optional<core::Hash> termination_;  // filed, and not spoken of yet
  Signer provider_;
  Signer consumer_;
  std::vector<std::uint64_t> used_;
  core::Hash prev_;
  std::uint64_t lines_ = 0;
  std::uint64_t next_seq_ = 0;  // no entry behind the registrations may stand before this
  bool is_closed_ = false;      // the last line was an attestation
};

}  // namespace tally::space
