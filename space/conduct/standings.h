// Contracts as the entries so far leave them: terms, counts, and where each contract's own chain is.
//
// A bounded cache that is written back into the scratch tables, so that a use costs no update.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "ledger/conduct.h"
#include "space/conduct/faults.h"
#include "space/conduct/judge.h"
#include "space/contracts/contract.h"
#include "space/contracts/contract_tables.h"

namespace tally::space {

// What the report says of a contract beside its row.
struct ContractTally {
  std::uint64_t uses = 0;      // recorded
  std::uint64_t asserted = 0;  // of these, vouched for by a token alone
  std::uint64_t redelivered = 0;
  std::uint64_t voided = 0;
  std::uint64_t projects = 0;
  std::uint64_t labels = 0;
};

struct ContractStanding {
  ContractRow row;
  std::uint64_t offered_entry = 0;
  std::optional<Terms> terms;       // nothing: the document is not there, or is not what was signed
  std::vector<std::uint64_t> used;  // by rule
  ContractTally tally;

  // What stands before the entry. Good as long as the standing.
  ContractFacts facts_at(const Judged& judged) const;
};

class ContractStandings {
 public:
  // Null when no entry offered such a contract.
  ContractStanding* find(ledger::Replay& replay, std::string_view contract);
  // Precondition: find() gave null.
  ContractStanding& add(ledger::Replay& replay, ContractStanding standing);
  // Writes back what has changed.
  void flush(ledger::Replay& replay);

  // The entry continues the contract's own chain, which moves on. Finding: contract.chain_broken.
  void link(const Judged& judged,
            ContractStanding& standing,
            std::uint64_t contract_seq,
            const core::Hash& contract_prev);

  // The contract that an entry names and continues. Null, and a finding (contract.unknown), when
  // there is none.
  template <class Event>
  ContractStanding* follow(const Judged& judged, const Event& event) {
    ContractStanding* standing = find(judged.replay(), judged.contract());
    if (standing == nullptr) {
      judged.wrong("contract.unknown", "is about a contract that was not offered before", "",
                   judged.contract());
    } else {
      link(judged, *standing, event.contract_seq, event.contract_prev);
    }
    return standing;
  }

  static const core::sql::Sql tables;

 private:
  std::optional<ContractStanding> load(ledger::Replay& replay, std::string_view contract);

  std::unordered_map<std::string, ContractStanding> cache_;
};

// The document under that digest, with that digest. Otherwise nothing, and what was found: a finding
// (document.altered, document.missing), or not checkable (document.erased: an entry took it away).
std::optional<std::string> find_document(const Judged& judged, const core::Hash& digest);

// The terms that were signed, if their document is there and can be enforced. Finding:
// document.not_enforceable.
std::optional<Terms> find_terms(const Judged& judged, const core::Hash& digest);

// An entry of a later kind took a document away: from now on it is missing for a reason.
void note_erasure(ledger::Replay& replay, const core::Hash& document, std::uint64_t entry);

// Whether a difference between tables is one that only the contract's document could settle, which is
// not there: what its permissions allow, and whether they are exhausted.
bool rests_on_missing_document(ledger::Replay& replay,
                               std::string_view table,
                               const ledger::RowDifference& difference);

// A contract as the replay leaves it, for the report.
struct ContractReport {
  std::string contract;
  ContractState state = ContractState::offered;
  std::uint64_t entries = 0;
  std::uint64_t limit = 0;  // of all rules; 0 when the terms are not known
  bool terms_known = false;
  ContractTally tally;
};
// In the order of their offers.
void list_contracts(ledger::Replay& replay, const std::function<void(const ContractReport&)>& tell);

}  // namespace tally::space
