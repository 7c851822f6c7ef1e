#include "space/contracts/contract_view.h"

namespace tally::space {
namespace {

std::vector<RuleView> rules_of(const Terms& terms, const std::vector<std::uint64_t>& used) {
  std::vector<RuleView> rules;
  for (std::size_t i = 0; i < terms.permissions.size(); ++i) {
    const Permission& permission = terms.permissions[i];
    rules.push_back({.limit = permission.uses_max,
                     .not_after = permission.not_after,
                     .not_before = permission.not_before,
                     .rule = i,
                     .unit = "call",
                     .used = used.at(i)});
  }
  return rules;
}

}  // namespace

ContractView view_of(const ContractRow& row,
                     const Terms& terms,
                     const std::vector<std::uint64_t>& used) {
  return {.active_at = row.active_at,
          .consumer = row.consumer,
          .dataset = row.dataset,
          .document = std::nullopt,
          .document_digest = row.document,
          .document_erased_under = std::nullopt,
          .ended_at = row.ended_at,
          .entries = row.seq,
          .held = std::nullopt,
          .id = row.id,
          .offered_at = row.offered_at,
          .provider = row.provider,
          .rules = rules_of(terms, used),
          .state = row.state,
          .uses = row.uses,
          .version = row.version};
}

}  // namespace tally::space
