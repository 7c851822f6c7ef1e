#include "space/parties/authenticator.h"

#include <atomic>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "space/parties/actors.h"
#include "space/parties/token.h"
#include "support/space/temp_space.h"

using namespace tally;
using namespace tally::space;
using test::TempSpace;

namespace {

std::string refusal_of(const core::Result<Principal>& result) {
  REQUIRE(!result);
  CHECK(result.error().kind == core::Refusal::unauthenticated);
  return result.error().code;
}

}  // namespace

TEST_CASE("authenticator: a token answers with its actor, party and scopes") {
  TempSpace space;
  auto hospital = space.join("Hospital", {Role::provider});
  for (int time = 0; time < 2; ++time) {  // from the table, then from memory
    auto principal = space.authenticator().authenticate(hospital.token);
    REQUIRE(principal);
    CHECK(*principal == hospital.principal);
    CHECK(principal->party == hospital.party);
    CHECK(principal->scopes == scopes_of(RoleSet{Role::provider}));
    CHECK(principal->has("datasets:write"));
    CHECK_FALSE(principal->has("contracts:use"));
    CHECK_FALSE(principal->has("no:scope"));
  }
}

TEST_CASE("authenticator: a token that nobody holds is refused") {
  TempSpace space;
  CHECK(refusal_of(space.authenticator().authenticate("")) == "token.missing");
  CHECK(refusal_of(space.authenticator().authenticate("tally_")) == "token.unknown");
  auto other = draw_token(core::system_random());
  CHECK(refusal_of(space.authenticator().authenticate(other)) == "token.unknown");
  CHECK(refusal_of(space.authenticator().authenticate(space.operator_token + " ")) ==
        "token.unknown");
}

TEST_CASE("authenticator: a token ends at its time, known or not") {
  TempSpace space;
  auto hospital = space.join("Hospital", {Role::provider});
  auto left_ms = hospital.principal.expires_at.unix_ms - space.clock.now().unix_ms;
  space.clock.advance_ms(left_ms - 1);
  CHECK(space.authenticator().authenticate(hospital.token));
  space.clock.advance_ms(1);
  CHECK(refusal_of(space.authenticator().authenticate(hospital.token)) == "token.expired");
  space.reopen();
  CHECK(refusal_of(space.authenticator().authenticate(hospital.token)) == "token.expired");
}

TEST_CASE("authenticator: a revoked token is refused at once, and after a restart") {
  TempSpace space;
  auto hospital = space.join("Hospital", {Role::provider});
  Actors actors(space.journal(), space.authenticator());
  REQUIRE(actors.revoke(hospital.principal, hospital.principal.actor, "r-1"));
  CHECK(refusal_of(space.authenticator().authenticate(hospital.token)) == "token.revoked");
  space.reopen();
  CHECK(refusal_of(space.authenticator().authenticate(hospital.token)) == "token.revoked");
}

TEST_CASE("authenticator: more tokens than it keeps are still known") {
  TempSpace space;
  auto hospital = space.join("Hospital", {Role::provider});
  auto lab = space.join("Lab", {Role::consumer});
  Authenticator small(space.journal().readers, space.clock, 1);
  for (int time = 0; time < 3; ++time) {
    CHECK(*small.authenticate(hospital.token) == hospital.principal);
    CHECK(*small.authenticate(lab.token) == lab.principal);
  }
}

TEST_CASE("authenticator: nobody is admitted after a revocation returned" *
          doctest::test_suite("concurrent")) {
  TempSpace space;
  auto team = space.join("Labelers", {Role::labeler});
  Actors actors(space.journal(), space.authenticator());
  for (int round = 0; round < 8; ++round) {
    std::string key = std::to_string(round);
    NewActor wanted{"annotator " + key, {Scope::tasks_work}, 3600};
    auto annotator = actors.add(team.principal, wanted, "add " + key);
    REQUIRE(annotator);
    auto known = space.authenticator().authenticate(*annotator->token);
    REQUIRE(known);

    std::atomic<bool> is_revoked{false};
    std::atomic<int> admitted_late{0};
    std::atomic<int> started{0};
    std::vector<std::jthread> askers;
    for (int i = 0; i < 3; ++i) {
      askers.emplace_back([&] {
        started.fetch_add(1);
        for (int last = 0; last < 50;) {
          bool was_revoked = is_revoked.load();
          if (was_revoked) ++last;
          bool admitted(space.authenticator().authenticate(*annotator->token));
          if (admitted && was_revoked) admitted_late.fetch_add(1);
        }
      });
    }
    while (started.load() < 3) std::this_thread::yield();
    REQUIRE(actors.revoke(team.principal, known->actor, "revoke " + key));
    is_revoked.store(true);
    askers.clear();
    CHECK(admitted_late.load() == 0);
  }
}
