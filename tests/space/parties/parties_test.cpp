#include "space/parties/parties.h"

#include <doctest/doctest.h>

#include "space/clock.h"
#include "space/commitment.h"
#include "space/parties/fixture.h"
#include "space/parties/party_tables.h"

using namespace tally;
using namespace tally::space;
using test::answer_of;
using test::code_of;
using test::People;

TEST_CASE("parties: one that registers is pending, and its entry names no name") {
  People people;
  auto registration = people.registration("Hospital of the Sacred Heart");
  auto change = people.parties.register_party(registration);
  REQUIRE(change);
  auto party = answer_of<PartyAnswer>(*change).party;
  CHECK(party.id == registration.document.id);
  CHECK(party.state == PartyState::pending);
  CHECK(party.roles.empty());
  CHECK(party.public_key == registration.document.public_key);

  auto entry = people.space.last_entry();
  CHECK(entry.find("kind")->as_string() == "party.registered/1");
  CHECK(entry.find("by")->as_string() == party.id.text());
  CHECK(change->receipt->entry.find("Sacred") == std::string::npos);
  const core::Json& body = *entry.find("body");
  CHECK(body.find("document")->as_string() ==
        commitment(body.find("salt")->as_string(), core::canonical(registration.document)));
  // Whoever reads the entry and guesses the name right still lacks the nonce.
  CHECK(change->receipt->entry.find(registration.document.nonce) == std::string::npos);
  auto guess = registration.document;
  guess.nonce = std::string(32, '0');
  CHECK(body.find("document")->as_string() !=
        commitment(body.find("salt")->as_string(), core::canonical(guess)));
}

TEST_CASE("parties: the same registration again is answered again and recorded once") {
  People people;
  auto registration = people.registration("Hospital");
  auto first = people.parties.register_party(registration);
  REQUIRE(first);
  auto size = people.space.ledger_size();
  auto again = people.parties.register_party(registration);
  REQUIRE(again);
  CHECK(again->repeated);
  CHECK(again->body == first->body);
  CHECK(again->receipt->file() == first->receipt->file());
  CHECK(people.space.ledger_size() == size);
}

TEST_CASE("parties: an id is one party's, and so is a key") {
  People people;
  auto hospital = people.registration("Hospital");
  REQUIRE(people.parties.register_party(hospital));
  auto size = people.space.ledger_size();

  auto other = people.registration("Clinic");
  other.document.id = hospital.document.id;
  people.sign(other, core::SigningKey::from_seed(core::sha256("key of Clinic")));
  CHECK(code_of(people.parties.register_party(other)) == "party.exists");

  auto twin = people.registration("Hospital");  // the same key under another id
  CHECK(code_of(people.parties.register_party(twin)) == "key.in_use");
  CHECK(people.space.ledger_size() == size);
}

TEST_CASE("parties: whoever does not hold the key cannot register it") {
  People people;
  auto registration = people.registration("Hospital");
  people.sign(registration, core::SigningKey::from_seed(core::sha256("a stranger")));
  CHECK(code_of(people.parties.register_party(registration)) == "signature.invalid");
  registration = people.registration("Hospital");
  registration.document.name = "Other hospital";
  CHECK(code_of(people.parties.register_party(registration)) == "signature.invalid");
  registration = people.registration("Hospital");
  registration.key = KeyId();
  CHECK(code_of(people.parties.register_party(registration)) == "signature.wrong_key");
}

TEST_CASE("parties: the operator approves, once, and gives no role of its own") {
  People people;
  auto registration = people.registration("Hospital");
  REQUIRE(people.parties.register_party(registration));
  PartyId id = registration.document.id;
  const Principal& by = people.space.operator_principal;

  CHECK(code_of(people.parties.approve(by, id, {{Role::operator_}}, "k0")) == "role.not_grantable");
  auto change = people.parties.approve(by, id, {{Role::consumer, Role::provider}}, "k1");
  REQUIRE(change);
  auto party = answer_of<PartyAnswer>(*change).party;
  CHECK(party.state == PartyState::approved);
  CHECK(party.roles == std::vector<Role>{Role::provider, Role::consumer});
  auto entry = people.space.last_entry();
  CHECK(entry.find("kind")->as_string() == "party.approved/1");
  CHECK(entry.find("by")->as_string() == by.actor.text());

  auto again = people.parties.approve(by, id, {{Role::consumer, Role::provider}}, "k1");
  REQUIRE(again);
  CHECK(again->repeated);
  CHECK(again->body == change->body);
  CHECK(code_of(people.parties.approve(by, id, {{Role::auditor}}, "k1")) ==
        "idempotency_key.reused");
  CHECK(code_of(people.parties.approve(by, id, {{Role::auditor}}, "k2")) == "party.not_pending");
  CHECK(code_of(people.parties.approve(by, PartyId(), {{Role::auditor}}, "k3")) ==
        "party.not_found");
}

TEST_CASE("parties: nobody but the operator approves or lists them") {
  People people;
  auto lab = people.space.join("Lab", {Role::consumer, Role::labeler, Role::auditor});
  auto registration = people.registration("Hospital");
  REQUIRE(people.parties.register_party(registration));
  CHECK(code_of(people.parties.approve(lab.principal, registration.document.id, {{Role::provider}},
                                       "k")) == "scope.missing");
  CHECK(code_of(people.parties.list(lab.principal, "", 10)) == "scope.missing");
}

TEST_CASE("parties: approved ones see each other; a pending one is seen by the operator alone") {
  People people;
  auto lab = people.space.join("Lab", {Role::consumer});
  auto hospital = people.space.join("Hospital", {Role::provider});
  auto pending = people.registration("Clinic");
  REQUIRE(people.parties.register_party(pending));

  auto seen = people.parties.find(lab.principal, hospital.party);
  REQUIRE(seen);
  CHECK(seen->name == "Hospital");
  CHECK(code_of(people.parties.find(lab.principal, pending.document.id)) == "party.not_found");
  CHECK(code_of(people.parties.find(lab.principal, PartyId())) == "party.not_found");
  CHECK(people.parties.find(people.space.operator_principal, pending.document.id));
}

TEST_CASE("parties: a list is cut into pages that together are all of them") {
  People people;
  for (int i = 0; i < 7; ++i) {
    people.space.clock.advance_ms(1);
    REQUIRE(people.parties.register_party(people.registration("Party " + std::to_string(i))));
  }
  std::vector<std::string> names;
  std::string cursor;
  int pages = 0;
  while (true) {
    auto page = people.parties.list(people.space.operator_principal, cursor, 3);
    REQUIRE(page);
    ++pages;
    for (const auto& party : page->items) names.push_back(party.name);
    if (!page->next_cursor) break;
    cursor = *page->next_cursor;
  }
  CHECK(pages == 3);
  REQUIRE(names.size() == 8);
  CHECK(names.front() == "The operator");
  CHECK(names.back() == "Party 6");
}

TEST_CASE("clock: the operator acknowledges it, once for each key") {
  People people;
  auto lab = people.space.join("Lab", {Role::consumer});
  people.space.clock.step_wall_ms(3'600'000);
  REQUIRE(people.parties.register_party(people.registration("Hospital")));
  CHECK_FALSE(people.space.journal().ledger.time_is_trusted());
  CHECK(code_of(acknowledge_clock(people.space.journal(), lab.principal, "k")) == "scope.missing");
  auto change = acknowledge_clock(people.space.journal(), people.space.operator_principal, "k");
  REQUIRE(change);
  CHECK(people.space.journal().ledger.time_is_trusted());
  CHECK(answer_of<ClockAnswer>(*change).now == people.space.clock.now());
  auto size = people.space.ledger_size();
  CHECK(acknowledge_clock(people.space.journal(), people.space.operator_principal, "k")->repeated);
  CHECK(people.space.ledger_size() == size);
}

TEST_CASE("parties: strangers can let only so many registrations wait") {
  space::PartyDocument document;
  auto decide = [&](std::uint64_t pending) {
    return space::decide_registration(document, {.pending = pending}, std::string(32, '0'));
  };
  CHECK(decide(space::pending_parties_max - 1));
  CHECK(code_of(decide(space::pending_parties_max)) == "party.too_many_pending");
  People people;
  auto pending = [&] {
    return people.space.read(
        [](core::sql::Session& session) { return space::count_pending(session, 10); });
  };
  CHECK(pending() == 0);
  REQUIRE(people.parties.register_party(people.registration("A")));
  CHECK(pending() == 1);
}
