#include "space/conduct/faults.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "space/uses/uses.h"

namespace tally::space {
namespace {

void add_unless(Faults& faults,
                bool is_right,
                const char* code,
                const char* words,
                std::string expected = "",
                std::string found = "") {
  if (is_right) return;
  faults.push_back({code, words, std::move(expected), std::move(found)});
}

void compare(Faults& faults,
             std::uint64_t expected,
             std::uint64_t found,
             const char* code,
             const char* words) {
  if (expected == found) return;
  faults.push_back({code, words, std::to_string(expected), std::to_string(found)});
}

std::optional<Action> find_action(std::string_view name) {
  for (const auto& [action, text] : enum_names(Action{})) {
    if (text == name) return action;
  }
  return std::nullopt;
}

// Each check of the decision that failed, under the code that the refusal would have had.
void add_checks(Faults& faults, const Decision& decision, const char* words) {
  for (const Check& check : decision.checks) {
    if (check.passed) continue;
    faults.push_back(
        {check.code, std::string(words) + " (" + check.check + ")", check.required, check.actual});
  }
}

void judge_members(Faults& faults, const UseRecorded& use, const ContractFacts& contract) {
  if (use.document != contract.document) {
    faults.push_back({"use.wrong_document", "rests on another document than the contract's",
                      core::to_hex(contract.document), core::to_hex(use.document)});
  }
  if (use.dataset != contract.dataset || use.version != contract.version) {
    faults.push_back({"use.wrong_dataset", "uses another dataset version than the contract's",
                      contract.dataset.text() + " " + std::to_string(contract.version),
                      use.dataset.text() + " " + std::to_string(use.version)});
  }
  if (use.unit != "call") {
    faults.push_back({"use.wrong_unit", "counts something else than calls", "call", use.unit});
  }
}

// Inside state, action, purpose, time and count: by the function that decided it.
void judge_decision(Faults& faults,
                    const UseRecorded& use,
                    core::Instant at,
                    const ContractFacts& contract) {
  const Terms& terms = *contract.terms;
  auto action = find_action(use.action);
  if (!action) {
    faults.push_back({"use.unknown_action", "records a use by an unknown action", "", use.action});
    return;
  }
  auto decision = decide_use(
      terms, {contract.state, *action, use.purpose, at, contract.time_is_trusted, contract.used});
  add_checks(faults, decision, "records a use that the contract does not permit");
  compare(faults, decision.rule, use.rule, "use.wrong_rule",
          "spends the count of another permission than the one that covers it");
  compare(faults, terms.permissions[decision.rule].uses_max, use.limit, "use.wrong_limit",
          "names another limit than the contract");
}

bool is_open(ContractState state) {
  return state == ContractState::active || state == ContractState::exhausted;
}

// What can be judged when nobody has the document.
void judge_state(Faults& faults, ContractState state) {
  bool is_ended = state == ContractState::terminated;
  add_unless(faults, is_open(state), is_ended ? "contract.terminated" : "contract.not_active",
             "records a use of a contract that permits none", "active",
             std::string(state_name(state)));
}

}  // namespace

Faults judge_offer(const ContractOffered& event, const Terms& terms) {
  Faults faults;
  auto compare_texts = [&](const std::string& signed_one, const std::string& said) {
    add_unless(faults, signed_one == said, "contract.not_as_signed",
               "says something else than the document that was signed", signed_one, said);
  };
  compare_texts(terms.provider.text(), event.provider.text());
  compare_texts(terms.consumer.text(), event.consumer.text());
  compare_texts(terms.dataset.text(), event.dataset.text());
  compare_texts(std::to_string(terms.version), std::to_string(event.version));
  compare_texts(core::to_hex(terms.dataset_digest), core::to_hex(event.dataset_digest));
  return faults;
}

Faults judge_acceptance(const ContractAccepted& event,
                        core::Instant at,
                        const ContractFacts& contract) {
  Faults faults;
  add_unless(faults, event.consumer == contract.consumer, "contract.not_as_signed",
             "is accepted by somebody else than its consumer", contract.consumer.text(),
             event.consumer.text());
  add_unless(faults, event.document == contract.document, "contract.not_as_signed",
             "accepts another document than the one that was offered",
             core::to_hex(contract.document), core::to_hex(event.document));
  bool is_over = contract.terms != nullptr &&
                 std::ranges::all_of(contract.terms->permissions, [&](const Permission& each) {
                   return each.not_after && *each.not_after <= at;
                 });
  add_unless(faults, !is_over, "contract.expired", "accepts a contract whose time is over", "",
             core::format_time(at));
  add_unless(faults, contract.state == ContractState::offered, "contract.not_offered",
             "accepts a contract that is not offered", "offered",
             std::string(state_name(contract.state)));
  return faults;
}

Faults judge_use(const UseRecorded& event, core::Instant at, const ContractFacts& contract) {
  Faults faults;
  judge_members(faults, event, contract);
  if (contract.terms != nullptr) {
    judge_decision(faults, event, at, contract);
  } else {
    judge_state(faults, contract.state);
  }
  // Of a rule that is none, judge_decision has told.
  if (event.rule >= contract.used.size()) return faults;
  compare(faults, contract.used[event.rule], event.count_before, "use.count_broken",
          "does not count on from the use before");
  compare(faults, event.count_before + 1, event.count_after, "use.count_broken",
          "does not count by one");
  return faults;
}

Faults judge_redelivery(const UseRedelivered& event,
                        core::Instant at,
                        const RecordedUse* use,
                        const ContractFacts& contract) {
  Faults faults;
  if (use == nullptr) {
    return {{"use.unknown", "is about a use that this contract has not", "", event.use.text()}};
  }
  add_unless(faults, !use->is_voided, "use.voided", "delivers a use that was voided");
  compare(faults, use->redeliveries + 1, event.delivery, "use.wrong_delivery",
          "does not number the deliveries one by one");
  UseLimits limits;
  add_unless(faults, event.delivery <= limits.redeliveries_max, "use.delivered_too_often",
             "delivers more often than is permitted",
             "at most " + std::to_string(limits.redeliveries_max), std::to_string(event.delivery));
  std::int64_t age_ms = at.unix_ms - use->at.unix_ms;
  add_unless(faults, age_ms < limits.replay_window_ms, "use.delivered_too_late",
             "delivers later than is permitted",
             "within " + std::to_string(limits.replay_window_ms) + " ms",
             std::to_string(age_ms) + " ms");
  // Action and purpose were judged with the use: those of its rule pass again.
  if (contract.terms != nullptr && use->rule < contract.terms->permissions.size()) {
    const Permission& permission = contract.terms->permissions[use->rule];
    auto decision = decide_redelivery(
        *contract.terms, {contract.state, permission.actions[0], permission.purposes[0], at,
                          contract.time_is_trusted, contract.used});
    add_checks(faults, decision, "delivers when the contract does not permit it");
  }
  return faults;
}

Faults judge_void(const UseVoided& event,
                  std::string_view by,
                  const RecordedUse* use,
                  const ContractFacts& contract) {
  Faults faults;
  add_unless(faults, by == "system", "entry.wrong_author",
             "voids a use, which the server alone does", "system", std::string(by));
  add_unless(faults, event.reason == "content_unreadable", "use.unknown_reason",
             "voids a use for an unknown reason", "content_unreadable", event.reason);
  if (use == nullptr) {
    faults.push_back(
        {"use.unknown", "is about a use that this contract has not", "", event.use.text()});
    return faults;
  }
  if (use->is_voided) {
    faults.push_back({"use.voided", "voids a use that was voided", "", ""});
    return faults;
  }
  compare(faults, use->rule, event.rule, "use.wrong_rule",
          "gives back the count of another permission than the use spent");
  if (use->rule < contract.used.size() && contract.used[use->rule] > 0) {
    compare(faults, contract.used[use->rule] - 1, event.count_after, "use.count_broken",
            "does not give back exactly one");
  }
  return faults;
}

ContractState state_of(const Terms& terms, const std::vector<std::uint64_t>& used) {
  for (std::size_t rule = 0; rule < terms.permissions.size(); ++rule) {
    if (used[rule] < terms.permissions[rule].uses_max) return ContractState::active;
  }
  return ContractState::exhausted;
}

}  // namespace tally::space
