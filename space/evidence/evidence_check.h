// Evidence, checked by whoever has nothing but the file and the log's public key.
//
//   EvidenceCheck check(log_keys);                   // or a policy, and what is known of the parties' keys
//   for (each line) if (auto done = check.take(line); !done) return done.error();
//   auto verdict = check.finish();
//
// What is shown to be true: each entry is in the log; the contract's entries follow each other from its
// offer to the attestation in one chain without a gap; both parties signed the document with keys that
// were registered before the offer; and each entry is one that those before it allow, judged as the audit
// judges it (space/conduct/faults.h): purpose, time, counts, voids, redeliveries, no key charged twice.
//
// What is not, and cannot be by a part of a ledger:
// - that no other entries about the contract stand in a second chain beside this one, and that no entry
//   that retired a key was left out. `tallystick audit` of the whole ledger shows it; the other party's
//   evidence or receipts show what they hold.
// - that a party has no other registration: the keys are those that the file shows, unless they are
//   pinned (PartyPin).
// - who acted behind an actor's id, and that an actor might: the operator asserts it (Asserted).
// - that the log shows everybody the same: witnesses do, under a policy. And whatever followed the
//   attestation, or was left out as the clock was not trusted.
//
// Memory grows with the uses of the contract, by some 200 bytes each; an entry about one has 800 or more.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"
#include "core/result.h"
#include "ledger/checkpoint.h"
#include "ledger/envelope.h"
#include "ledger/log_keys.h"
#include "ledger/policy.h"
#include "space/conduct/faults.h"
#include "space/contracts/contract.h"
#include "space/evidence/shown_keys.h"
#include "space/signing.h"

namespace tally::space {

inline constexpr std::size_t evidence_line_bytes_max = std::size_t{2} << 20;
inline constexpr std::size_t unknown_entries_kept_max = 100;

// Entries of whose authority nothing is signed by a party: the operator issued the token under which they
// were asked for, or wrote them itself.
struct Asserted {
  std::uint64_t uses = 0;
  std::uint64_t redeliveries = 0;
  std::uint64_t voids = 0;
  std::uint64_t others = 0;  // attestations, projects, erasures
};

// Of a kind that this program does not know: it continues the chain, and who knows what it says.
struct UnknownEntry {
  std::uint64_t seq = 0;
  std::string kind;
};

struct EvidenceVerdict {
  std::string contract;
  PartyId provider;
  PartyId consumer;
  std::vector<ShownKey> provider_keys;
  std::vector<ShownKey> consumer_keys;
  std::uint64_t entries = 0;  // of the contract, with the attestation
  std::uint64_t uses = 0;     // recorded and not voided
  std::uint64_t limit = 0;    // of all permissions
  std::uint64_t voided = 0;
  std::uint64_t redelivered = 0;
  Asserted asserted;
  std::uint64_t unknown_count = 0;    // more than none: proved in part only
  std::vector<UnknownEntry> unknown;  // the first of them
  ContractState state = ContractState::offered;
  std::uint64_t attested_entry = 0;
  core::Instant attested_at;
  ledger::Checkpoint checkpoint;
  std::vector<ledger::VerifiedSignature> cosignatures;  // under a policy
};

class EvidenceCheck {
 public:
  explicit EvidenceCheck(ledger::LogKeys log_keys, std::vector<PartyPin> pins = {});
  explicit EvidenceCheck(ledger::Policy policy, std::vector<PartyPin> pins = {});

  // Refusals, each of which ends the check:
  //   evidence.malformed          a line is not what it should be, or stands in a wrong place
  //   those of open_checkpoint, of open_witnessed: the checkpoint is not the log's, or not cosigned
  //   evidence.not_included       an entry is not in the tree of the checkpoint
  //   evidence.foreign_entry      an entry is about another contract, or another party
  //   evidence.gap                an entry does not follow the contract's entry before, or stands behind
  //                               a later one, or is dated before it
  //   evidence.late_registration  a party was registered behind the contract's first entry
  //   evidence.wrong_document     a document is not the one that was signed
  //   evidence.wrong_key          a key is not what the entries before it allow
  //   evidence.wrong_signature    a signature is not by a key that was the party's there
  //   evidence.wrong_party_key    a key is not the one that is pinned; a pin is of no party of the contract
  //   evidence.not_permitted      an entry is outside purpose, action, time, count or state
  //   evidence.wrong_count        a count or a number does not go on where it stood
  //   evidence.wrong_use          an entry is about a use that is not there, or was voided or charged before
  //   evidence.unknown_authority  a use says that it was authorised in a way that cannot be checked
  //   evidence.stale_attestation  the attestation closes another number of uses
  core::Result<core::Done> take(std::string_view line);

  // Refusals: evidence.not_closed (there is no attestation at the end), evidence.wrong_party_key.
  core::Result<EvidenceVerdict> finish() const;

 private:
  using Taken = core::Result<core::Done>;

  Taken take_line(std::string_view line);
  Taken take_head(const core::Json& line);
  Taken take_document(const core::Json& document);
  Taken take_terms(const core::Json& document, const core::Hash& digest);
  Taken take_proof(const core::Json& line);
  Taken take_in_order(const ledger::Envelope& entry,
                      const core::Json& body,
                      const core::Hash& leaf);
  Taken take_registration(const ledger::Envelope& entry, const core::Json& body);
  Taken take_key_added(const ledger::Envelope& entry, const core::Json& body);
  Taken take_key_retired(const ledger::Envelope& entry, const core::Json& body);
  Taken take_entry(const ledger::Envelope& entry, const core::Json& body, const core::Hash& leaf);
  Taken take_act(const ledger::Envelope& entry, const core::Json& body);
  Taken take_offer(const ledger::Envelope& entry, const core::Json& body);
  Taken take_acceptance(const ledger::Envelope& entry, const core::Json& body);
  Taken take_termination(const ledger::Envelope& entry, const core::Json& body);
  Taken take_confirmation(const ledger::Envelope& entry, const core::Json& body);
  Taken take_use(const ledger::Envelope& entry, const core::Json& body);
  Taken take_redelivery(const ledger::Envelope& entry, const core::Json& body);
  Taken take_void(const ledger::Envelope& entry, const core::Json& body);
  Taken take_attestation(const ledger::Envelope& entry, const core::Json& body);
  Taken take_erasure(const ledger::Envelope& entry, const core::Json& body);
  void note_unknown(const ledger::Envelope& entry);

  ShownKeys& keys_of(const PartyId& party) {
    return party == verdict_.provider ? provider_ : consumer_;
  }
  ContractFacts facts() const;
  const std::string& origin() const { return verdict_.checkpoint.origin; }

  std::function<core::Result<ledger::WitnessedCheckpoint>(std::string_view note)> open_;
  std::vector<PartyPin> pins_;
  EvidenceVerdict verdict_;
  std::optional<Terms> terms_;
  core::Hash document_;
  std::optional<core::Hash> filed_;                      // the last document behind the contract's
  std::optional<std::vector<std::uint64_t>> confirmed_;  // what it states, if it is a confirmation
  ShownKeys provider_;
  ShownKeys consumer_;
  std::map<UseId, RecordedUse> uses_;
  std::set<core::Hash> charged_;     // keys of uses
  std::vector<std::uint64_t> used_;  // by rule
  core::Hash prev_;
  std::uint64_t lines_ = 0;
  std::uint64_t next_seq_ = 0;    // no entry behind the registrations may stand before this
  std::int64_t last_at_ms_ = 0;   // of those
  std::uint64_t registered_ = 0;  // the later registration
  bool is_closed_ = false;        // the last line was an attestation
};

}  // namespace tally::space
