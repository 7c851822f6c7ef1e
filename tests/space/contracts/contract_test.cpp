#include "space/contracts/contract.h"

#include <doctest/doctest.h>

using namespace tally;
using namespace tally::space;

namespace {

Terms two_rules() {
  Terms terms;
  terms.permissions = {
      {{Action::read},
       {"labeling"},
       5,
       core::parse_time("2026-01-01T00:00:00Z"),
       core::parse_time("2027-01-01T00:00:00Z")},
      {{Action::read, Action::download}, {"training"}, 2, std::nullopt, std::nullopt},
  };
  return terms;
}

UseFacts fits() {
  return {ContractState::active,
          Action::read,
          "labeling",
          *core::parse_time("2026-06-01T00:00:00Z"),
          true,
          {0, 0}};
}

std::string refused(const UseFacts& facts) {
  auto decision = decide_use(two_rules(), facts);
  return decision.allowed ? "allowed" : refusal_of(decision).code;
}

}  // namespace

TEST_CASE("contract: a use inside purpose, action, time and count is allowed") {
  auto decision = decide_use(two_rules(), fits());
  CHECK(decision.allowed);
  CHECK(decision.rule == 0);
  CHECK(decision.checks.size() == 5);
  auto facts = fits();
  facts.purpose = "training.fine_tuning";
  facts.action = Action::download;
  CHECK(decide_use(two_rules(), facts).rule == 1);
}

TEST_CASE("contract: each limit refuses by its own code") {
  auto facts = fits();
  facts.used = {5, 0};
  CHECK(refused(facts) == "contract.uses_exhausted");
  facts.used = {4, 0};
  CHECK(refused(facts) == "allowed");
  facts = fits();
  facts.now = *core::parse_time("2027-01-01T00:00:00Z");
  CHECK(refused(facts) == "contract.expired");
  facts.now.unix_ms -= 1;
  CHECK(refused(facts) == "allowed");
  facts.now = *core::parse_time("2025-12-31T23:59:59.999Z");
  CHECK(refused(facts) == "contract.not_yet_valid");
  facts = fits();
  facts.purpose = "research";
  CHECK(refused(facts) == "contract.purpose_not_permitted");
  facts.purpose = "labeling";
  facts.action = Action::download;
  CHECK(refused(facts) == "contract.action_not_permitted");
  for (auto state : {ContractState::offered, ContractState::terminated}) {
    facts = fits();
    facts.state = state;
    CHECK(refused(facts) ==
          (state == ContractState::offered ? "contract.not_active" : "contract.terminated"));
  }
}

TEST_CASE("contract: a clock that is not trusted stops what is limited in time, and only that") {
  auto facts = fits();
  facts.time_is_trusted = false;
  CHECK(refused(facts) == "clock.not_trusted");
  facts.purpose = "training";
  CHECK(refused(facts) == "allowed");
}

TEST_CASE("contract: a refusal reports every check that failed, with what was required and found") {
  auto facts = fits();
  facts.purpose = "research";
  facts.used = {5, 2};
  facts.now = *core::parse_time("2028-01-01T00:00:00Z");
  auto error = refusal_of(decide_use(two_rules(), facts));
  CHECK(error.code == "contract.purpose_not_permitted");
  CHECK(error.kind == core::Refusal::forbidden);
  REQUIRE(error.details.size() == 3);
  CHECK(error.details[0].pointer == "/purpose");
  CHECK(error.details[1].code == "contract.expired");
  CHECK(error.details[2].detail == "required: at most 5; actual: 6");
}

TEST_CASE("contract: what is spent may be delivered again, what is over may not") {
  auto facts = fits();
  facts.state = ContractState::exhausted;
  facts.used = {5, 2};
  CHECK(decide_redelivery(two_rules(), facts).allowed);
  facts.state = ContractState::terminated;
  CHECK(!decide_redelivery(two_rules(), facts).allowed);
}
