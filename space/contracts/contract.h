// A contract as it stands, and the decisions about it: values and pure functions.
//
//   offered --accept--> active <----------------> exhausted
//      |                  |   last use / a void       |
//      +----terminate-----+----------terminate--------+--> terminated
//
// Time is no state: a contract whose time is over stays `active` and permits nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/result.h"
#include "space/contracts/document.h"
#include "space/ids.h"

namespace tally::space {

enum class ContractState : std::uint8_t { offered, active, exhausted, terminated };
constexpr auto enum_names(ContractState) {
  return std::array{std::pair{ContractState::offered, std::string_view("offered")},
                    std::pair{ContractState::active, std::string_view("active")},
                    std::pair{ContractState::exhausted, std::string_view("exhausted")},
                    std::pair{ContractState::terminated, std::string_view("terminated")}};
}
std::string_view state_name(ContractState state);
// Throws Broken: only tables are asked.
ContractState parse_contract_state(std::string_view name);

// One check of a decision, with what was required and what was found.
struct Check {
  std::string check;  // state, action, purpose, dateTime, count
  std::string required;
  std::string actual;
  bool passed = false;
  std::string code;     // of the refusal, if it failed
  std::string pointer;  // into the request, where there is one

  static constexpr auto fields = core::FieldList{
      core::field("check", &Check::check),   core::field("required", &Check::required),
      core::field("actual", &Check::actual), core::field("passed", &Check::passed),
      core::field("code", &Check::code),     core::field("pointer", &Check::pointer)};
};

// Every check, not only the first that failed. `rule` is the permission whose count a use spends.
struct Decision {
  bool allowed = false;
  std::uint64_t rule = 0;
  std::vector<Check> checks;
};

struct UseFacts {
  ContractState state = ContractState::offered;
  Action action = Action::read;
  std::string purpose;
  core::Instant now;
  bool time_is_trusted = true;
  std::vector<std::uint64_t> used;  // by rule
};

// May this be used now? Checks in this order; the first that fails names the refusal:
// contract.not_active | contract.terminated, contract.action_not_permitted,
// contract.purpose_not_permitted, contract.not_yet_valid | contract.expired | clock.not_trusted,
// contract.uses_exhausted.
Decision decide_use(const Terms& terms, const UseFacts& facts);

// May a use that is recorded be delivered again? As decide_use without the count: what is spent is
// spent.
Decision decide_redelivery(const Terms& terms, const UseFacts& facts);

// The refusal of a decision that does not allow: `forbidden`, each failed check a detail.
core::Error refusal_of(const Decision& decision);

}  // namespace tally::space
