// Keys of parties: added, retired, and judged by the place of the ledger at which they sign.
#include "space/parties/keys.h"

#include <algorithm>

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include "space/conduct/replayed.h"
#include "space/parties/actors.h"
#include "space/parties/key_tables.h"
#include "space/parties/parties.h"
#include "space/parties/rotation.h"
#include "space/uses/market.h"

using namespace tally;
using namespace tally::space;
using test::answer_of;
using test::code_of;
using test::Market;
using test::Member;
using test::Rotation;

namespace {

struct Rotating : Market {
  Rotation rotation{space};
  Keys keys{space.journal()};
  Actors actors{space.journal(), space.authenticator()};
  Member second = rotation.with_key(consumer, "second");  // the consumer, with another key

  core::Result<Change> add(const Member& by, const Member& held) {
    return keys.add(by.party, rotation.addition(by, held));
  }
  core::Result<Change> retire(const Member& by, const Member& held) {
    return keys.retire(by.party, rotation.id(held), rotation.retirement(by, held));
  }
  core::Result<Change> accept_with(const Member& member) {
    auto offered = core::encode(document(3));
    auto id = id_of(offer(offered));
    return contracts.accept(
        consumer.principal, once(consumer, "accept"), id,
        {core::sha256(core::canonical(offered)), sign(member, SignedVerb::accept, offered)});
  }
  TokenRequest token_request(const Member& member) {
    TokenRequest request;
    request.document.party = member.party;
    request.document.actor_name = "someone";
    request.document.issued_at = SignedTime(space.clock.now());
    request.document.nonce = space.random.salt();
    request.document.expires_in_seconds = 3600;
    request.key = rotation.id(member);
    request.signature = space.sign(SignedVerb::token, member.party, member.key, request.document);
    return request;
  }
  void check_audit() {
    test::Replayed replayed(space);
    CHECK(replayed.codes().empty());
    CHECK(replayed.differences().empty());
  }
};

}  // namespace

TEST_CASE("keys: a key is added under two signatures, and both keys sign until one is retired") {
  Rotating market;
  auto added = market.add(market.consumer, market.second);
  REQUIRE(added);
  auto view = answer_of<KeyAnswer>(*added).key;
  CHECK(view.id == market.rotation.id(market.second));
  CHECK(view.added_under == added->receipt->seq);
  CHECK(view.state == KeyState::valid);
  CHECK(market.space.last_entry().find("by")->as_string() == market.consumer.party.text());

  CHECK(market.accept_with(market.consumer));
  CHECK(market.accept_with(market.second));
  CHECK(market.actors.request_token(market.consumer.party, market.token_request(market.second)));

  auto retired = market.retire(market.second, market.consumer);
  REQUIRE(retired);
  CHECK(answer_of<KeyAnswer>(*retired).key.retired_under == retired->receipt->seq);
  CHECK(market.accept_with(market.second));
  CHECK(code_of(market.accept_with(market.consumer)) == "key.retired");
  CHECK(code_of(market.actors.request_token(
            market.consumer.party, market.token_request(market.consumer))) == "key.retired");
  market.check_audit();
}

TEST_CASE("keys: what a key signed before its retirement stays signed") {
  Rotating market;
  auto contract = market.agree(3);
  REQUIRE(market.add(market.consumer, market.second));
  REQUIRE(market.retire(market.consumer, market.consumer));
  CHECK(market.use(contract, "after"));
  CHECK(code_of(market.terminate(market.consumer, contract)) == "key.retired");
  CHECK(market.terminate(market.second, contract));
  market.check_audit();
}

TEST_CASE("keys: an addition needs a valid key of the party, and the new key's own signature") {
  Rotating market;
  auto other = market.rotation.with_key(market.stranger, "second");
  auto refused = [&](auto change) {
    auto addition = market.rotation.addition(market.consumer, market.second);
    change(addition);
    return code_of(market.keys.add(market.consumer.party, addition));
  };
  CHECK(refused([&](KeyAddition& it) { it.document.party = other.party; }) == "request.invalid");
  CHECK(refused([&](KeyAddition& it) { it.key = market.rotation.id(market.stranger); }) ==
        "signature.wrong_key");
  CHECK(refused([&](KeyAddition& it) { it.key = market.rotation.id(market.second); }) ==
        "signature.wrong_key");
  CHECK(refused([&](KeyAddition& it) { it.signature = it.possession; }) == "signature.invalid");
  CHECK(refused([&](KeyAddition& it) { it.possession = it.signature; }) == "key.not_possessed");
  CHECK(refused([&](KeyAddition& it) { it.document.public_key = other.key.public_key(); }) ==
        "signature.invalid");
  CHECK(refused([&](KeyAddition& it) {
          it = market.rotation.addition(market.consumer,
                                        market.rotation.with_key(market.consumer, "second"));
          it.possession = market.rotation.addition(other, other).possession;
        }) == "key.not_possessed");
  auto unknown = market.consumer;
  unknown.party = PartyId::make(market.space.clock.now(), market.space.random);
  CHECK(code_of(market.add(unknown, market.rotation.with_key(unknown, "second"))) ==
        "party.not_found");
}

TEST_CASE("keys: a key serves once: no other party's, and none that was retired, is added") {
  Rotating market;
  REQUIRE(market.add(market.consumer, market.second));
  REQUIRE(market.retire(market.second, market.consumer));
  CHECK(code_of(market.add(market.second, market.consumer)) == "key.in_use");
  auto same = market.stranger;
  same.key = market.second.key;
  CHECK(code_of(market.add(market.stranger, same)) == "key.in_use");
  // Nor is one registered that belongs to a party already.
  Registration registration;
  registration.document.id = PartyId::make(market.space.clock.now(), market.space.random);
  registration.document.name = "Thief";
  registration.document.public_key = market.second.key.public_key();
  registration.key = KeyId::of(market.second.key.public_key());
  registration.signature = market.space.sign(SignedVerb::registration, registration.document.id,
                                             market.second.key, registration.document);
  Parties parties(market.space.journal());
  CHECK(code_of(parties.register_party(registration)) == "key.in_use");
}

TEST_CASE("keys: a party's last key stays, and what is retired is retired once") {
  Rotating market;
  CHECK(code_of(market.retire(market.consumer, market.consumer)) == "key.last");
  REQUIRE(market.add(market.consumer, market.second));
  REQUIRE(market.retire(market.second, market.consumer));
  auto third = market.rotation.with_key(market.consumer, "third");
  CHECK(code_of(market.retire(market.second, third)) == "key.not_found");
  CHECK(code_of(market.retire(market.second,
                              market.rotation.with_party(market.second, market.stranger))) ==
        "key.not_found");
  CHECK(code_of(market.retire(market.consumer, market.second)) == "key.retired");
  // The same request again is the same retirement; another one of the same key is refused.
  CHECK(market.retire(market.second, market.consumer)->repeated);
  CHECK(code_of(market.retire(market.second, market.second)) == "key.last");
  market.check_audit();
}

TEST_CASE("keys: at most eight keys of a party are valid at a time") {
  Rotating market;
  for (std::uint64_t i = 1; i < valid_keys_max; ++i) {
    REQUIRE(market.add(market.consumer,
                       market.rotation.with_key(market.consumer, "key " + std::to_string(i))));
  }
  CHECK(code_of(market.add(market.consumer, market.second)) == "key.too_many");
  REQUIRE(market.retire(market.consumer, market.rotation.with_key(market.consumer, "key 1")));
  CHECK(market.add(market.consumer, market.second));
  market.check_audit();
}

TEST_CASE("keys: the operator retires a party's key, also the last, and nobody else does so") {
  Rotating market;
  auto revoke = [&](const Principal& by, const PartyId& party, const KeyId& key) {
    return market.keys.revoke(by, party, key, market.key());
  };
  auto id = market.rotation.id(market.consumer);
  const auto& party = market.consumer.party;
  const auto& by = market.space.operator_principal;
  CHECK(code_of(revoke(market.stranger.principal, party, id)) == "scope.missing");
  CHECK(code_of(revoke(by, market.stranger.party, id)) == "key.not_found");
  REQUIRE(revoke(by, party, id));
  CHECK(code_of(revoke(by, party, id)) == "key.retired_before");
  CHECK(code_of(market.accept_with(market.consumer)) == "key.retired");
  CHECK(code_of(market.add(market.consumer, market.second)) == "key.retired");
  CHECK_FALSE(market.space.last_entry().find("body")->find("signer"));
  market.check_audit();
}

TEST_CASE("keys: no request exchanges the operator's own key, with which the server signs grants") {
  Rotating market;
  Member self{market.space.operator_principal.party, market.space.operator_key,
              market.space.operator_principal, ""};
  CHECK(code_of(market.add(self, market.rotation.with_key(self, "second"))) == "party.is_operator");
  CHECK(code_of(market.retire(self, self)) == "party.is_operator");
  CHECK(code_of(market.keys.revoke(self.principal, self.party, market.rotation.id(self), "k")) ==
        "party.is_operator");
}

TEST_CASE("keys: the server exchanges the operator's key, each step once, and the audit agrees") {
  Rotating market;
  const core::SigningKey& now = market.space.operator_key;
  auto next = core::SigningKey::from_seed(core::sha256("the operator's next key"));
  const KeyId old_id = KeyId::of(now.public_key()), next_id = KeyId::of(next.public_key());
  auto find = [&](const KeyId& id) {
    return market.space.journal().readers.read(
        [&](core::sql::Session& session) { return find_operators_key(session, id); });
  };
  CHECK(code_of(find(next_id)) == "party.not_operator");
  CHECK(code_of(find(KeyId::of(market.consumer.key.public_key()))) == "party.not_operator");
  CHECK(code_of(market.keys.add_operators(market.consumer.key, next)) == "party.not_operator");
  CHECK(code_of(market.keys.retire_operators(next_id, now)) == "party.not_operator");
  CHECK(code_of(market.keys.retire_operators(old_id, next)) == "signature.wrong_key");

  auto added = market.keys.add_operators(now, next);
  REQUIRE(added);
  CHECK_FALSE(added->repeated);
  auto again = market.keys.add_operators(now, next);
  REQUIRE(again);
  CHECK(again->repeated);
  CHECK(again->body == added->body);
  CHECK_FALSE(find(old_id)->retired);
  CHECK_FALSE(find(next_id)->retired);

  auto retired = market.keys.retire_operators(old_id, next);
  REQUIRE(retired);
  CHECK_FALSE(retired->repeated);
  auto retired_again = market.keys.retire_operators(old_id, next);
  REQUIRE(retired_again);
  CHECK(retired_again->repeated);
  CHECK(find(old_id)->retired);
  CHECK_FALSE(find(next_id)->retired);
  CHECK(code_of(market.keys.add_operators(now, market.second.key)) == "key.retired");
  market.check_audit();
}

TEST_CASE("keys: a key of another party does not become the operator's") {
  Rotating market;
  CHECK(code_of(market.keys.add_operators(market.space.operator_key, market.consumer.key)) ==
        "key.in_use");
}

TEST_CASE("keys: who is pending adds no keys, and who sees a party sees its keys") {
  Rotating market;
  Parties parties(market.space.journal());
  Registration registration;
  Member waiting{PartyId::make(market.space.clock.now(), market.space.random),
                 core::SigningKey::from_seed(core::sha256("waiting")),
                 {},
                 ""};
  registration.document.id = waiting.party;
  registration.document.name = "Waiting";
  registration.document.public_key = waiting.key.public_key();
  registration.key = market.rotation.id(waiting);
  registration.signature = market.space.sign(SignedVerb::registration, waiting.party, waiting.key,
                                             registration.document);
  REQUIRE(parties.register_party(registration));
  CHECK(code_of(market.add(waiting, market.rotation.with_key(waiting, "second"))) ==
        "party.not_approved");
  CHECK(code_of(market.keys.list(market.stranger.principal, waiting.party)) == "party.not_found");
  CHECK(market.keys.list(market.space.operator_principal, waiting.party)->keys.size() == 1);

  REQUIRE(market.add(market.consumer, market.second));
  auto listed = market.keys.list(market.stranger.principal, market.consumer.party);
  REQUIRE(listed);
  REQUIRE(listed->keys.size() == 2);
  CHECK(listed->keys[0].id == market.rotation.id(market.consumer));
  CHECK_FALSE(listed->keys[0].added_under);
  CHECK(listed->keys[1].id == market.rotation.id(market.second));
}

namespace {

// Which key of one party is valid at which position, kept the plain way.
struct Model {
  struct Known {
    int number = 0;
    bool is_valid = true;
  };
  std::vector<Known> known{{0}};

  Known* find(int number) {
    auto found = std::ranges::find(known, number, &Known::number);
    return found == known.end() ? nullptr : &*found;
  }
  bool may_sign(int number) {
    auto* key = find(number);
    return key != nullptr && key->is_valid;
  }
  std::uint64_t valid() const {
    return static_cast<std::uint64_t>(std::ranges::count_if(known, &Known::is_valid));
  }
  bool add(int by, int number) {
    if (!may_sign(by) || find(number) != nullptr || valid() >= valid_keys_max) return false;
    known.push_back({number});
    return true;
  }
  bool retire(int by, int number) {
    if (!may_sign(by) || !may_sign(number) || valid() == 1) return false;
    find(number)->is_valid = false;
    return true;
  }
};

}  // namespace

TEST_CASE("keys: a signature counts exactly when a small model says that its key is valid there") {
  Rotating market;
  int plays = 0;
  CHECK(rc::check("keys of a party", [&] {
    Member first = market.space.join("Party " + std::to_string(++plays), {Role::consumer});
    Model model;
    auto key = [&](int number) {
      return number == 0 ? first : market.rotation.with_key(first, std::to_string(number));
    };
    const int steps = *rc::gen::inRange(1, 15);
    for (int i = 0; i < steps; ++i) {
      int by = *rc::gen::inRange(0, 5);
      int number = *rc::gen::inRange(0, 5);
      switch (*rc::gen::inRange(0, 3)) {
        case 0: {
          bool is_expected = model.add(by, number);
          auto done = market.add(key(by), key(number));
          // Said again by a key that is valid, it is answered again and changes nothing.
          RC_ASSERT((done && !done->repeated) == is_expected);
          break;
        }
        case 1: {
          bool is_expected = model.retire(by, number);
          auto done = market.retire(key(by), key(number));
          RC_ASSERT((done && !done->repeated) == is_expected);
          break;
        }
        default: {
          auto token = market.actors.request_token(first.party, market.token_request(key(by)));
          RC_ASSERT(token.operator bool() == model.may_sign(by));
        }
      }
    }
  }));
  market.check_audit();
}
