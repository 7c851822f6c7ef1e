// A party says, under its signature, how often a contract was used.
//
// At any time, as a statement of the count that the ledger has. Where the contract is held because its
// ledger was continued (space/continuation/continuation.h), a party may know of uses that were lost: it may
// state more than the ledger has, never less, and the count is raised to that. The contract opens when both
// have stated the count as it then stands.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/mapping.h"
#include "ledger/journal.h"
#include "space/contracts/contracts.h"
#include "space/once.h"
#include "space/parties/principal.h"

namespace tally::space {

// Over whose canonical bytes is signed, with verb `confirm`.
struct ConfirmationDocument {
  ContractId contract;
  core::Hash document;  // the contract's
  std::string format;
  std::string nonce;
  std::vector<std::uint64_t> used;  // of each permission of the contract, in their order

  static constexpr std::string_view format_name = "tallystick/confirmation/v1";
  static constexpr auto fields =
      core::FieldList{core::field("contract", &ConfirmationDocument::contract),
                      core::field("document", &ConfirmationDocument::document),
                      core::field("format", &ConfirmationDocument::format),
                      core::field("nonce", &ConfirmationDocument::nonce, core::matches_hex(32)),
                      core::field("used", &ConfirmationDocument::used, core::length(1, 8))};
};

struct ContractConfirmed {
  static constexpr std::string_view kind = "contract.confirmed/1";
  ContractId contract{};
  core::Hash contract_prev{};
  std::uint64_t contract_seq = 0;
  core::Hash document{};  // the confirmation that was signed
  KeyId key{};
  PartyId party{};
  std::string salt{};
  Signature signature{};
  std::vector<std::uint64_t> used{};

  static constexpr auto fields =
      core::FieldList{core::field("contract", &ContractConfirmed::contract),
                      core::field("contract_prev", &ContractConfirmed::contract_prev),
                      core::field("contract_seq", &ContractConfirmed::contract_seq),
                      core::field("document", &ContractConfirmed::document),
                      core::field("key", &ContractConfirmed::key),
                      core::field("party", &ContractConfirmed::party),
                      core::field("salt", &ContractConfirmed::salt, core::matches_hex(32)),
                      core::field("signature", &ContractConfirmed::signature),
                      core::field("used", &ContractConfirmed::used, core::length(1, 8))};
};

struct ConfirmCommand {
  core::Json document;
  PartySignature signature;
};

// By either party. Refusals: request.invalid, contract.not_found, contract.other_document,
// contract.terminated, contract.document_erased, confirmation.other_rules (not one count for each
// permission), confirmation.below_record (less than the ledger has), confirmation.above_record (more, though
// the contract is not held), confirmation.above_limit, signature.invalid.
core::Result<Change> confirm(ledger::Journal& journal,
                             const Principal& caller,
                             const Once& once,
                             const ContractId& id,
                             const ConfirmCommand& command);

}  // namespace tally::space
