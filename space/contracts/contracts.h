// The contracts of the space: offered by the provider, accepted by the consumer, ended by either.
//
// Both sign the canonical bytes of one document; the operator files it by its digest and cannot
// alter a term. Signatures are verified when they arrive and again before the first use.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/guarded.h"
#include "ledger/journal.h"
#include "space/contracts/contract_tables.h"
#include "space/contracts/contract_view.h"
#include "space/once.h"
#include "space/page.h"
#include "space/parties/principal.h"
#include "space/signing.h"

namespace tally::space {

struct PartySignature {
  KeyId key;
  Signature signature;
};

struct OfferCommand {
  core::Json document;
  PartySignature signature;
};
struct AcceptCommand {
  core::Hash document;  // the digest that the consumer read and signed
  PartySignature signature;
};
struct TerminateCommand {
  core::Json document;
  PartySignature signature;
};

// What a termination says, over whose canonical bytes it is signed.
struct TerminationDocument {
  ContractId contract;
  core::Hash document;
  std::string format;
  std::string nonce;
  std::string reason;

  static constexpr std::string_view format_name = "tallystick/termination/v1";
  static constexpr auto fields =
      core::FieldList{core::field("contract", &TerminationDocument::contract),
                      core::field("document", &TerminationDocument::document),
                      core::field("format", &TerminationDocument::format),
                      core::field("nonce", &TerminationDocument::nonce, core::matches_hex(32)),
                      core::field("reason", &TerminationDocument::reason, core::length(1, 500))};
};

class Contracts {
 public:
  explicit Contracts(ledger::Journal& journal) : journal_(journal) {}

  // By the provider. One document is one contract, else the signatures under it would agree to two.
  // Refusals: request.invalid (the document), contract.not_your_offer, contract.document_in_use,
  // dataset.not_found, dataset.not_published, contract.dataset_mismatch, party.not_found, party.not_a_consumer,
  // signature.invalid.
  core::Result<Change> offer(const Principal& caller,
                             const Once& once,
                             const OfferCommand& command);

  // By the consumer. Refusals: contract.not_found, contract.not_consumer, contract.other_document,
  // contract.not_offered, contract.expired, signature.invalid.
  core::Result<Change> accept(const Principal& caller,
                              const Once& once,
                              const ContractId& id,
                              const AcceptCommand& command);

  // By either party, at any time. Refusals: request.invalid, contract.not_found,
  // contract.other_document, contract.terminated, signature.invalid.
  core::Result<Change> terminate(const Principal& caller,
                                 const Once& once,
                                 const ContractId& id,
                                 const TerminateCommand& command);

  // With the document and the count of each rule; for its parties alone. Refusal:
  // contract.not_found.
  core::Result<ContractAnswer> show(const Principal& caller, const ContractId& id);
  // Newest first, at most `limit`, those before `before`.
  Page<ContractView> list(const Principal& caller,
                          std::uint64_t limit,
                          const std::optional<ContractId>& before);

  // After what it says has changed: its document was erased.
  void forget(const ContractId& id);

  // Null when there is no such contract.
  std::shared_ptr<const Agreement> agreement(const ContractId& id);

 private:
  ledger::Journal& journal_;
  // Cache only; an agreement never changes.
  core::Guarded<std::unordered_map<std::string, std::shared_ptr<const Agreement>>> agreements_;
};

// A signature that arrives, by a key of the party. Refusals: party.not_found, those of check_signature.
core::Result<core::Done> check_party_signature(core::sql::Session& session,
                                               SignedVerb verb,
                                               const std::string& origin,
                                               const PartyId& party,
                                               const core::Hash& document,
                                               const PartySignature& given);
// What a change of a contract is answered with: a canonical ContractAnswer. It must be there.
std::string contract_body(core::sql::Session& session, const ContractId& id);

}  // namespace tally::space
