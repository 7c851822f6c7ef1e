// A contract as its parties see it: values with their members, and how they are made.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/mapping.h"
#include "space/continuation/continuation.h"
#include "space/contracts/contract_tables.h"

namespace tally::space {

// A permission and how often it was used.
struct RuleView {
  std::uint64_t limit = 0;
  std::optional<core::Instant> not_after;
  std::optional<core::Instant> not_before;
  std::uint64_t rule = 0;  // its position in the document
  std::string unit;
  std::uint64_t used = 0;

  static constexpr auto fields = core::FieldList{core::field("limit", &RuleView::limit),
                                                 core::field("not_after", &RuleView::not_after),
                                                 core::field("not_before", &RuleView::not_before),
                                                 core::field("rule", &RuleView::rule),
                                                 core::field("unit", &RuleView::unit),
                                                 core::field("used", &RuleView::used)};
};

struct ContractView {
  std::optional<core::Instant> active_at;
  PartyId consumer;
  DatasetId dataset;
  std::optional<core::Json> document;  // where one contract is shown
  core::Hash document_digest;
  std::optional<std::uint64_t> document_erased_under;  // the entry
  std::optional<core::Instant> ended_at;
  std::uint64_t entries = 0;  // of the ledger, about this contract
  std::optional<Hold> held;   // since its ledger was continued
  ContractId id;
  core::Instant offered_at;
  PartyId provider;
  std::vector<RuleView> rules;
  ContractState state = ContractState::offered;
  std::uint64_t uses = 0;
  std::uint64_t version = 0;

  static constexpr auto fields =
      core::FieldList{core::field("active_at", &ContractView::active_at),
                      core::field("consumer", &ContractView::consumer),
                      core::field("dataset", &ContractView::dataset),
                      core::field("document", &ContractView::document),
                      core::field("document_digest", &ContractView::document_digest),
                      core::field("document_erased_under", &ContractView::document_erased_under),
                      core::field("ended_at", &ContractView::ended_at),
                      core::field("entries", &ContractView::entries),
                      core::field("held", &ContractView::held),
                      core::field("id", &ContractView::id),
                      core::field("offered_at", &ContractView::offered_at),
                      core::field("provider", &ContractView::provider),
                      core::field("rules", &ContractView::rules),
                      core::field("state", &ContractView::state),
                      core::field("uses", &ContractView::uses),
                      core::field("version", &ContractView::version)};
};

struct ContractAnswer {
  ContractView contract;

  static constexpr auto fields =
      core::FieldList{core::field("contract", &ContractAnswer::contract)};
};

// `used` by rule.
ContractView view_of(const ContractRow& row,
                     const Terms& terms,
                     const std::vector<std::uint64_t>& used);

}  // namespace tally::space
