// An attestation closes a contract's own chain at a position: "these are all in this chain, up to here".
// Whoever holds the entries before it can show that the chain has no gap (space/evidence/evidence.h).
#pragma once

#include <cstdint>
#include <string>

#include "core/mapping.h"
#include "ledger/journal.h"
#include "space/ids.h"
#include "space/once.h"
#include "space/parties/principal.h"

namespace tally::space {

struct ContractAttested {
  static constexpr std::string_view kind = "contract.attested/1";
  ContractId contract{};
  core::Hash contract_prev{};
  std::uint64_t contract_seq = 0;
  PartyId party{};  // who asked for it
  std::string salt{};
  std::uint64_t uses = 0;  // recorded and not voided, up to here

  static constexpr auto fields =
      core::FieldList{core::field("contract", &ContractAttested::contract),
                      core::field("contract_prev", &ContractAttested::contract_prev),
                      core::field("contract_seq", &ContractAttested::contract_seq),
                      core::field("party", &ContractAttested::party),
                      core::field("salt", &ContractAttested::salt, core::matches_hex(32)),
                      core::field("uses", &ContractAttested::uses)};
};

struct AttestationView {
  ContractId contract;
  std::uint64_t entries = 0;  // of the contract, with this one
  std::uint64_t seq = 0;      // of its entry in the ledger
  std::uint64_t uses = 0;

  static constexpr auto fields = core::FieldList{
      core::field("contract", &AttestationView::contract),
      core::field("entries", &AttestationView::entries), core::field("seq", &AttestationView::seq),
      core::field("uses", &AttestationView::uses)};
};

struct AttestationAnswer {
  AttestationView attestation;

  static constexpr auto fields =
      core::FieldList{core::field("attestation", &AttestationAnswer::attestation)};
};

// By either party, with contracts:write, or by the operator. Refusals: scope.missing,
// idempotency_key.reused, contract.not_found.
core::Result<Change> attest(ledger::Journal& journal,
                            const Principal& caller,
                            const Once& once,
                            const ContractId& id);

}  // namespace tally::space
