// What is wrong with an entry about a contract, by what stood before it: pure functions, and one judge for
// both who look. The audit replays a whole ledger (space/conduct/contracts.cpp, uses.cpp); the check of
// evidence holds the entries of one contract (space/evidence/evidence_check.h).
//
// Not judged here, as it takes more than a contract's entries: who an actor is, and signatures.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/time.h"
#include "space/contracts/contract.h"
#include "space/contracts/entries.h"

namespace tally::space {

struct Fault {
  std::string code;      // stable; where the server would have refused, that of the refusal
  std::string words;     // behind "Entry <n> ": "does not count by one"
  std::string expected;  // where two values differ; else empty
  std::string found;
};
using Faults = std::vector<Fault>;

// A contract as the entries before left it.
struct ContractFacts {
  const core::Hash& document;
  const PartyId& consumer;
  const DatasetId& dataset;
  std::uint64_t version = 0;
  ContractState state = ContractState::offered;
  const Terms* terms = nullptr;            // null: nobody has the document
  const std::vector<std::uint64_t>& used;  // by rule
  bool time_is_trusted = true;
};

// A use as the entries before left it.
struct RecordedUse {
  std::uint64_t rule = 0;
  bool is_voided = false;
  std::uint64_t redeliveries = 0;
  core::Instant at;
};

// The authorities that this version knows. For a token the operator alone vouches, who issued it.
inline constexpr std::string_view token_authority = "token";

// The offer says what the document says. Code: contract.not_as_signed.
Faults judge_offer(const ContractOffered& event, const Terms& terms);
// Codes: contract.not_as_signed, contract.expired, contract.not_offered.
Faults judge_acceptance(const ContractAccepted& event,
                        core::Instant at,
                        const ContractFacts& contract);

// Codes: use.wrong_document, use.wrong_dataset, use.wrong_unit; use.unknown_action; those of decide_use,
// use.wrong_rule, use.wrong_limit; use.count_broken.
Faults judge_use(const UseRecorded& event, core::Instant at, const ContractFacts& contract);

// Of a use of this contract; null: it has no such use. Codes: use.unknown, use.voided, use.wrong_delivery,
// use.delivered_too_often, use.delivered_too_late, those of decide_redelivery.
Faults judge_redelivery(const UseRedelivered& event,
                        core::Instant at,
                        const RecordedUse* use,
                        const ContractFacts& contract);

// Codes: entry.wrong_author, use.unknown_reason, use.unknown, use.voided, use.wrong_rule,
// use.count_broken.
Faults judge_void(const UseVoided& event,
                  std::string_view by,
                  const RecordedUse* use,
                  const ContractFacts& contract);

// The state of a contract that was accepted and not ended, by what is spent.
ContractState state_of(const Terms& terms, const std::vector<std::uint64_t>& used);

}  // namespace tally::space
