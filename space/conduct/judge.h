// What every replayer of this floor needs: saying what is wrong, and who may have written an entry.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "ledger/conduct.h"
#include "space/conduct/faults.h"
#include "space/ids.h"
#include "space/parties/roles.h"
#include "space/signing.h"

namespace tally::space {

inline constexpr std::string_view system_author = "system";  // of what the ledger itself writes

// A request is let in under a token and recorded a little later; meanwhile the token may end. Bulk
// work (uploads, imports) may take long.
inline constexpr std::int64_t in_flight_ms_max = 5 * 60 * 1000;
inline constexpr std::int64_t bulk_in_flight_ms_max = 24 * 3600 * 1000;

// An entry under judgment, and the contract that it is about, if any.
class Judged {
 public:
  Judged(ledger::Replay& replay, const ledger::ReplayedEntry& entry, std::string contract = "")
      : replay_(replay), entry_(entry), contract_(std::move(contract)) {}

  // `words` begin after "Entry n ": "is not signed by its provider".
  void wrong(std::string code,
             const std::string& words,
             std::string expected = "",
             std::string found = "") const;
  void unknown(std::string code, const std::string& words) const;
  void tell(const Faults& faults) const;
  // Tells unless `is_right`; answers it.
  bool demand(bool is_right,
              const char* code,
              const char* words,
              std::string expected = "",
              std::string found = "") const {
    if (!is_right) wrong(code, words, std::move(expected), std::move(found));
    return is_right;
  }
  template <class T>
  requires(std::integral<T>) bool demand_equal(T expected,
                                               T found,
                                               const char* code,
                                               const char* words) const {
    if (expected != found) wrong(code, words, std::to_string(expected), std::to_string(found));
    return expected == found;
  }

  ledger::Replay& replay() const { return replay_; }
  const ledger::ReplayedEntry& entry() const { return entry_; }
  const std::string& contract() const { return contract_; }

 private:
  ledger::Replay& replay_;
  const ledger::ReplayedEntry& entry_;
  std::string contract_;
};

// Written by the server and by no actor. Finding: entry.wrong_author.
void demand_system(const Judged& judged);

// Signed by the party, approved, with a key that it had at this place of the ledger, for the log that the
// entry was written in. Findings: contract.signer_not_approved, contract.wrong_key,
// contract.signature_invalid.
void judge_party_signature(const Judged& judged,
                           SignedVerb verb,
                           const PartyId& signer,
                           const KeyId& key,
                           const core::Hash& document,
                           const Signature& signature);

// Who acts, as the entries so far say. A cache over the scratch tables, bounded.
struct ActorFacts {
  PartyId party;
  ScopeSet scopes;
  core::Instant expires_at;
  std::optional<core::Instant> revoked_at;
};

class ActorsSeen {
 public:
  // Null when no entry added such an actor.
  const ActorFacts* find(ledger::Replay& replay, std::string_view actor);
  void note_revoked(ledger::Replay& replay, const ActorId& actor, core::Instant at);

  // The entry was written by an actor of `party` (any, if none is given) that had the scope and whose
  // token had not ended. Findings: actor.unknown, actor.of_another_party, actor.without_scope,
  // actor.revoked, actor.expired.
  void judge(const Judged& judged,
             const std::optional<PartyId>& party,
             Scope scope,
             std::int64_t in_flight_ms = in_flight_ms_max);

  static constexpr core::sql::Sql tables = R"(
    create table conduct_revoked (actor text primary key, at integer not null) strict;
  )";

 private:
  std::unordered_map<std::string, ActorFacts> cache_;
};

}  // namespace tally::space
