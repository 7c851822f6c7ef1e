#include "space/parties/actors.h"

#include <doctest/doctest.h>

#include "space/parties/fixture.h"

using namespace tally;
using namespace tally::space;
using test::answer_of;
using test::code_of;
using test::Member;
using test::People;

TEST_CASE("actors: a signed request gives a token with all that the roles permit") {
  People people;
  auto lab = people.space.join("Lab", {Role::consumer});
  auto granted = people.actors.request_token(lab.party, people.token_request(lab));
  REQUIRE(granted);
  REQUIRE(granted->token);
  CHECK(granted->token->starts_with("tally_"));
  CHECK(granted->token->size() == 49);
  auto actor = answer_of<ActorAnswer>(granted->change).actor;
  CHECK(actor.party == lab.party);
  CHECK(actor.expires_at.unix_ms == people.space.clock.now().unix_ms + 3'600'000);
  CHECK(ScopeSet(actor.scopes) == scopes_of(RoleSet{Role::consumer}));
  CHECK(people.space.authenticator().authenticate(*granted->token)->actor == actor.id);

  CHECK(people.space.last_entry().find("kind")->as_string() == "actor.added/1");
  CHECK(granted->change.receipt->entry.find("someone") == std::string::npos);
  CHECK_FALSE(people.space.holds_on_disk(*granted->token));
}

TEST_CASE("actors: a request may ask for less than the roles permit, never for more") {
  People people;
  auto lab = people.space.join("Lab", {Role::consumer});
  auto request = people.token_request(lab);
  request.document.scopes = {Scope::datasets_read};
  people.sign(request, lab.key);
  auto granted = people.actors.request_token(lab.party, request);
  REQUIRE(granted);
  CHECK(answer_of<ActorAnswer>(granted->change).actor.scopes ==
        std::vector<Scope>{Scope::datasets_read});

  request = people.token_request(lab);
  request.document.scopes = {Scope::datasets_read, Scope::parties_approve, Scope::datasets_write};
  people.sign(request, lab.key);
  auto refused = people.actors.request_token(lab.party, request);
  CHECK(code_of(refused) == "scope.not_permitted");
  CHECK(refused.error().message.find("parties:approve datasets:write") != std::string::npos);
}

TEST_CASE("actors: a signed request serves once") {
  People people;
  auto lab = people.space.join("Lab", {Role::consumer});
  auto request = people.token_request(lab);
  REQUIRE(people.actors.request_token(lab.party, request));
  auto size = people.space.ledger_size();
  CHECK(code_of(people.actors.request_token(lab.party, request)) == "token_request.repeated");
  request.document.actor_name = "another";  // the nonce is what counts
  people.sign(request, lab.key);
  CHECK(code_of(people.actors.request_token(lab.party, request)) == "token_request.repeated");
  CHECK(people.space.ledger_size() == size);
  people.space.reopen();
  Actors reopened(people.space.journal(), people.space.authenticator());
  CHECK(code_of(reopened.request_token(lab.party, request)) == "token_request.repeated");
}

TEST_CASE("actors: a nonce is a party's own") {
  People people;
  auto lab = people.space.join("Lab", {Role::consumer});
  auto clinic = people.space.join("Clinic", {Role::provider});
  auto request = people.token_request(lab);
  REQUIRE(people.actors.request_token(lab.party, request));
  auto other = people.token_request(clinic);
  other.document.nonce = request.document.nonce;
  people.sign(other, clinic.key);
  CHECK(people.actors.request_token(clinic.party, other));
}

TEST_CASE("actors: a request is good for five minutes before and after its time") {
  People people;
  auto lab = people.space.join("Lab", {Role::consumer});
  auto age = [&](std::int64_t ms) {
    auto request = people.token_request(lab);
    request.document.issued_at = SignedTime({people.space.clock.now().unix_ms - ms});
    people.sign(request, lab.key);
    return people.actors.request_token(lab.party, request);
  };
  CHECK(age(300'000));
  CHECK(age(-300'000));
  CHECK(code_of(age(300'001)) == "token_request.stale");
  CHECK(code_of(age(-300'001)) == "token_request.stale");
}

TEST_CASE("actors: only the party's key asks for its tokens, and only once it is approved") {
  People people;
  auto lab = people.space.join("Lab", {Role::consumer});
  auto clinic = people.space.join("Clinic", {Role::provider});
  auto request = people.token_request(lab);
  people.sign(request, clinic.key);
  CHECK(code_of(people.actors.request_token(lab.party, request)) == "signature.invalid");
  request.key = KeyId::of(clinic.key.public_key());
  CHECK(code_of(people.actors.request_token(lab.party, request)) == "signature.wrong_key");
  auto wrong_path = people.actors.request_token(clinic.party, people.token_request(lab));
  CHECK(code_of(wrong_path) == "request.invalid");
  CHECK(wrong_path.error().details[0].pointer == "/document/party");

  auto pending = people.registration("Hospital");
  REQUIRE(people.parties.register_party(pending));
  auto key = core::SigningKey::from_seed(core::sha256("key of Hospital"));
  Member hospital{pending.document.id, key, {}, {}};
  auto early = people.token_request(hospital);
  CHECK(code_of(people.actors.request_token(hospital.party, early)) == "party.not_approved");
  hospital.party = PartyId();
  CHECK(code_of(people.actors.request_token(hospital.party, people.token_request(hospital))) ==
        "party.not_found");
}

TEST_CASE("actors: who may, adds others of the same party, who may no more") {
  People people;
  auto team = people.space.join("Labelers", {Role::labeler});
  NewActor wanted{"Ada", {Scope::tasks_work, Scope::actors_write}, 3600};
  auto granted = people.actors.add(team.principal, wanted, "k1");
  REQUIRE(granted);
  auto annotator = people.space.authenticator().authenticate(*granted->token);
  REQUIRE(annotator);
  CHECK(annotator->party == team.party);
  CHECK(people.space.last_entry().find("by")->as_string() == team.principal.actor.text());

  NewActor escalated{"Eve", {Scope::tasks_work, Scope::contracts_use}, 3600};
  CHECK(code_of(people.actors.add(*annotator, escalated, "k2")) == "scope.not_permitted");
  NewActor plain{"Bob", {Scope::tasks_work}, 3600};
  auto bob = people.actors.add(*annotator, plain, "k3");
  REQUIRE(bob);
  auto worker = people.space.authenticator().authenticate(*bob->token);
  CHECK(code_of(people.actors.add(*worker, plain, "k4")) == "scope.missing");
}

TEST_CASE("actors: one that another added ends with that other's token at the latest") {
  People people;
  auto team = people.space.join("Labelers", {Role::labeler});
  NewActor wanted{"Ada", {Scope::tasks_work}, token_lifetime_seconds_max};
  auto granted = people.actors.add(team.principal, wanted, "k1");
  REQUIRE(granted);
  CHECK(answer_of<ActorAnswer>(granted->change).actor.expires_at == team.principal.expires_at);
}

TEST_CASE("actors: a repeated request is answered without the token") {
  People people;
  auto team = people.space.join("Labelers", {Role::labeler});
  NewActor wanted{"Ada", {Scope::tasks_work}, 3600};
  auto first = people.actors.add(team.principal, wanted, "k1");
  auto size = people.space.ledger_size();
  auto again = people.actors.add(team.principal, wanted, "k1");
  REQUIRE(again);
  CHECK(again->change.repeated);
  CHECK_FALSE(again->token);
  CHECK(again->change.body == first->change.body);
  CHECK(people.space.ledger_size() == size);
  wanted.name = "Bob";
  CHECK(code_of(people.actors.add(team.principal, wanted, "k1")) == "idempotency_key.reused");
}

TEST_CASE("actors: a party revokes its own, the operator any, and others see nothing") {
  People people;
  auto team = people.space.join("Labelers", {Role::labeler});
  auto clinic = people.space.join("Clinic", {Role::provider});
  NewActor wanted{"Ada", {Scope::tasks_work}, 3600};
  auto granted = people.actors.add(team.principal, wanted, "k1");
  ActorId ada = answer_of<ActorAnswer>(granted->change).actor.id;

  CHECK(code_of(people.actors.revoke(clinic.principal, ada, "r1")) == "actor.not_found");
  CHECK(code_of(people.actors.revoke(team.principal, ActorId(), "r2")) == "actor.not_found");
  auto change = people.actors.revoke(team.principal, ada, "r3");
  REQUIRE(change);
  CHECK(answer_of<ActorAnswer>(*change).actor.state == ActorState::revoked);
  CHECK(people.space.last_entry().find("kind")->as_string() == "actor.revoked/1");
  CHECK(people.actors.revoke(team.principal, ada, "r3")->repeated);
  CHECK(code_of(people.actors.revoke(team.principal, ada, "r4")) == "actor.revoked");
  CHECK(people.actors.revoke(people.space.operator_principal, clinic.principal.actor, "r5"));
  CHECK(code_of(people.space.authenticator().authenticate(clinic.token)) == "token.revoked");
}

TEST_CASE("actors: who was revoked leaves no new token behind") {
  People people;
  auto team = people.space.join("Labelers", {Role::labeler});
  REQUIRE(people.actors.revoke(team.principal, team.principal.actor, "r"));
  // As if the request had been admitted a moment before.
  auto late = people.actors.add(team.principal, {"Eve", {Scope::tasks_work}, 3600}, "k");
  CHECK(code_of(late) == "token.revoked");
}

TEST_CASE("actors: a party lists its own") {
  People people;
  auto team = people.space.join("Labelers", {Role::labeler});
  auto clinic = people.space.join("Clinic", {Role::provider});
  REQUIRE(people.actors.add(team.principal, {"Ada", {Scope::tasks_work}, 3600}, "k1"));
  auto page = people.actors.list(team.principal, "", 10);
  REQUIRE(page);
  REQUIRE(page->items.size() == 2);
  for (const auto& actor : page->items) CHECK(actor.party == team.party);
  CHECK(people.actors.list(clinic.principal, "", 10)->items.size() == 1);
}
