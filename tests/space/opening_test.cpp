#include "space/opening.h"

#include <doctest/doctest.h>

#include "support/space/temp_space.h"

using namespace tally;
using namespace tally::space;
using test::TempSpace;

TEST_CASE("opening: entry 0 names origin, suite and keys, and the operator follows") {
  TempSpace space;
  CHECK(space.kinds() == std::vector<std::string>{"ledger.opened/1", "party.registered/1",
                                                  "party.approved/1", "actor.added/1"});
  core::Json first = space.entry(0);
  const core::Json& body = *first.find("body");
  CHECK(first.find("by")->as_string() == "system");
  CHECK(body.find("origin")->as_string() == TempSpace::origin);
  CHECK(body.find("suite")->as_string() == "ed25519-sha256");
  CHECK(body.find("log_key")->as_string() == space.journal().ledger.log_vkey());
  CHECK(body.find("operator_key")->as_string() == core::to_hex(space.operator_key.public_key()));
}

TEST_CASE("opening: a space is opened once") {
  TempSpace space;
  auto again = open_space(space.journal(), space.operator_key, "Another", 60);
  REQUIRE(!again);
  CHECK(again.error().code == "space.opened");
  CHECK(space.ledger_size() == 4);
}

TEST_CASE("opening: the token and the operator's name never reach the ledger") {
  TempSpace space;
  CHECK_FALSE(space.holds_on_disk(space.operator_token));
  for (std::uint64_t seq = 0; seq < space.ledger_size(); ++seq) {
    CHECK(core::canonical(space.entry(seq)).find("The operator") == std::string::npos);
  }
}

TEST_CASE("opening: a space that was closed is found again as it was") {
  TempSpace space;
  auto before = space.journal().ledger.signed_head().head;
  space.reopen();
  CHECK(space.journal().ledger.signed_head().head == before);
}
