#include "space/contracts/contract.h"

#include <algorithm>

#include "space/contracts/purpose.h"

namespace tally::space {
namespace {

std::string join(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

bool permits(const Permission& permission, Action action) {
  return std::ranges::find(permission.actions, action) != permission.actions.end();
}
bool permits(const Permission& permission, const std::string& purpose) {
  return std::ranges::any_of(permission.purposes, [&](const std::string& permitted) {
    return purpose_covers(permitted, purpose);
  });
}

// The permission that covers action and purpose; else the one that is nearest, for the report.
std::size_t choose_rule(const Terms& terms, const UseFacts& facts) {
  std::size_t nearest = 0;
  int best = -1;
  for (std::size_t i = 0; i < terms.permissions.size(); ++i) {
    int fit = (permits(terms.permissions[i], facts.action) ? 1 : 0) +
              (permits(terms.permissions[i], facts.purpose) ? 2 : 0);
    if (fit > best) {
      best = fit;
      nearest = i;
    }
  }
  return nearest;
}

// `exhausted` passes: the count below says how many uses were agreed, and a redelivery needs none.
Check check_state(ContractState state) {
  bool passed = state == ContractState::active || state == ContractState::exhausted;
  return {"state",
          "active",
          std::string(state_name(state)),
          passed,
          state == ContractState::terminated ? "contract.terminated" : "contract.not_active",
          ""};
}

Check check_action(const Permission& permission, Action action) {
  std::vector<std::string> names;
  for (Action each : permission.actions) names.emplace_back(action_name(each));
  return {"action",
          join(names),
          std::string(action_name(action)),
          permits(permission, action),
          "contract.action_not_permitted",
          "/action"};
}

Check check_purpose(const Permission& permission, const std::string& purpose) {
  return {"purpose",
          join(permission.purposes),
          purpose,
          permits(permission, purpose),
          "contract.purpose_not_permitted",
          "/purpose"};
}

Check check_time(const Permission& permission, const UseFacts& facts) {
  bool limited = permission.not_before || permission.not_after;
  std::string required;
  if (permission.not_before) required = "from " + core::format_time(*permission.not_before);
  if (permission.not_after) {
    required += std::string(required.empty() ? "" : " ") + "before " +
                core::format_time(*permission.not_after);
  }
  Check check{"dateTime",
              limited ? required : "any time",
              core::format_time(facts.now),
              true,
              "contract.expired",
              ""};
  if (!limited) return check;
  if (!facts.time_is_trusted) {
    check.passed = false;
    check.code = "clock.not_trusted";
  } else if (permission.not_before && facts.now < *permission.not_before) {
    check.passed = false;
    check.code = "contract.not_yet_valid";
  } else {
    check.passed = !permission.not_after || facts.now < *permission.not_after;
  }
  return check;
}

Check check_count(const Permission& permission, std::uint64_t used) {
  return {"count",
          "at most " + std::to_string(permission.uses_max),
          std::to_string(used + 1),
          used < permission.uses_max,
          "contract.uses_exhausted",
          ""};
}

Decision decide(const Terms& terms, const UseFacts& facts, bool redelivery) {
  Decision decision;
  decision.rule = choose_rule(terms, facts);
  const Permission& permission = terms.permissions.at(decision.rule);
  decision.checks = {check_state(facts.state), check_action(permission, facts.action),
                     check_purpose(permission, facts.purpose), check_time(permission, facts)};
  if (!redelivery) decision.checks.push_back(check_count(permission, facts.used.at(decision.rule)));
  decision.allowed = std::ranges::all_of(decision.checks, &Check::passed);
  return decision;
}

std::string words_for(const Check& check) {
  if (check.code == "contract.uses_exhausted") return "the contract's uses are spent";
  if (check.code == "contract.purpose_not_permitted")
    return "the contract does not permit this purpose";
  if (check.code == "contract.action_not_permitted")
    return "the contract does not permit this action";
  if (check.code == "contract.expired") return "the contract's time is over";
  if (check.code == "contract.not_yet_valid") return "the contract's time has not begun";
  if (check.code == "contract.terminated") return "the contract was terminated";
  if (check.code == "clock.not_trusted") {
    return "the server's clock jumped; what is limited in time waits for the operator to "
           "acknowledge it";
  }
  return "the contract is not active: both parties must have signed";
}

}  // namespace

std::string_view state_name(ContractState state) {
  for (const auto& [value, name] : enum_names(ContractState{})) {
    if (value == state) return name;
  }
  TALLY_ASSERT(false);
}

ContractState parse_contract_state(std::string_view name) {
  for (const auto& [state, text] : enum_names(ContractState{})) {
    if (text == name) return state;
  }
  throw core::Broken("the database holds an unknown contract state");
}

Decision decide_use(const Terms& terms, const UseFacts& facts) {
  return decide(terms, facts, false);
}

Decision decide_redelivery(const Terms& terms, const UseFacts& facts) {
  return decide(terms, facts, true);
}

core::Error refusal_of(const Decision& decision) {
  core::Error error{core::Refusal::forbidden, "", "", {}};
  for (const Check& check : decision.checks) {
    if (check.passed) continue;
    if (error.code.empty()) {
      error.code = check.code;
      error.message = words_for(check);
    }
    error.details.push_back(
        {check.pointer, check.code, "required: " + check.required + "; actual: " + check.actual});
  }
  TALLY_ASSERT(!error.code.empty());
  return error;
}

}  // namespace tally::space
