// Evidence by an operator who cheats: the log has signed all of it.
#include <functional>

#include <doctest/doctest.h>

#include "core/json.h"
#include "space/conduct/replayed.h"
#include "space/evidence/deal.h"
#include "space/parties/rotation.h"

using namespace tally;
using namespace tally::space;
using test::Deal;
using test::Lines;
using test::Replayed;

namespace {

UseRecorded last_use(Deal& deal) {
  for (std::uint64_t seq = deal.space.ledger_size(); seq-- > 0;) {
    auto entry = deal.space.entry(seq);
    if (entry.find("kind")->as_string() == UseRecorded::kind)
      return *core::decode<UseRecorded>(*entry.find("body"));
  }
  REQUIRE(false);
  return {};
}

UseVoided void_of(const UseId& use, std::uint64_t count_after) {
  return {.count_after = count_after,
          .reason = "content_unreadable",
          .salt = std::string(32, '0'),
          .use = use};
}

UseRedelivered delivery_of(const UseId& use, std::uint64_t number) {
  return {.delivery = number, .salt = std::string(32, '0'), .use = use};
}

// What would be the next use of the contract.
UseRecorded next_use(Deal& deal) {
  UseRecorded use = last_use(deal);
  use.use = UseId::make(deal.space.clock.now(), deal.space.random);
  use.key = core::sha256(use.use.text());
  use.count_before += 1;
  use.count_after += 1;
  return use;
}

struct Cheat {
  const char* words;
  std::string code;     // of the check
  std::string finding;  // of the audit
  std::uint64_t uses;   // attested
  std::function<void(Deal&, const UseRecorded&)> play;
};

const std::vector<Cheat>& cheats() {
  static const UseId none = *UseId::parse("use_01ARZ3NDEKTSV4RRFFQ69G5FAV");
  static const std::vector<Cheat> all = {
      {"a void of a use that never was", "evidence.wrong_use", "use.unknown", 1,
       [](Deal& deal, const auto&) { deal.forge(void_of(none, 1), "system"); }},
      {"a void by an actor", "evidence.not_permitted", "entry.wrong_author", 1,
       [](Deal& deal, const auto& use) {
         deal.forge(void_of(use.use, 1), deal.consumer.principal.actor.text());
       }},
      {"a use that is void twice", "evidence.wrong_use", "use.voided", 0,
       [](Deal& deal, const auto& use) {
         deal.forge(void_of(use.use, 1), "system");
         deal.forge(void_of(use.use, 0), "system");
       }},
      {"ten redeliveries under one number", "evidence.wrong_count", "use.wrong_delivery", 2,
       [](Deal& deal, const auto& use) {
         for (int i = 0; i < 10; ++i)
           deal.forge(delivery_of(use.use, 1), deal.consumer.principal.actor.text());
       }},
      {"a fourth redelivery", "evidence.not_permitted", "use.delivered_too_often", 2,
       [](Deal& deal, const auto& use) {
         for (std::uint64_t i = 1; i <= 4; ++i)
           deal.forge(delivery_of(use.use, i), deal.consumer.principal.actor.text());
       }},
      {"a redelivery after a day", "evidence.not_permitted", "use.delivered_too_late", 2,
       [](Deal& deal, const auto& use) {
         deal.space.clock.advance_ms(24 * 3'600'000);
         deal.forge(delivery_of(use.use, 1), deal.consumer.principal.actor.text());
       }},
      {"a key that is charged twice", "evidence.wrong_use", "use.key_charged_twice", 3,
       [](Deal& deal, const auto& use) {
         auto next = next_use(deal);
         next.key = use.key;
         deal.forge(next, deal.consumer.principal.actor.text());
       }},
      {"an authority that nobody knows", "evidence.unknown_authority", "use.unknown_authority", 3,
       [](Deal& deal, const auto&) {
         auto next = next_use(deal);
         next.auth = "magic";
         deal.forge(next, deal.consumer.principal.actor.text());
       }},
      {"a use of another dataset", "evidence.not_permitted", "use.wrong_dataset", 3,
       [](Deal& deal, const auto&) {
         auto next = next_use(deal);
         next.version = 2;
         deal.forge(next, deal.consumer.principal.actor.text());
       }},
  };
  return all;
}

struct LaterUse {
  static constexpr std::string_view kind = "use.recorded/2";
  ContractId contract{};
  core::Hash contract_prev{};
  std::uint64_t contract_seq = 0;

  static constexpr auto fields =
      core::FieldList{core::field("contract", &LaterUse::contract),
                      core::field("contract_prev", &LaterUse::contract_prev),
                      core::field("contract_seq", &LaterUse::contract_seq)};
};

}  // namespace

TEST_CASE("evidence: what the audit finds wrong in a contract's entries, the check refuses too") {
  for (const Cheat& cheat : cheats()) {
    CAPTURE(cheat.words);
    Deal deal;
    deal.use_often(2);
    cheat.play(deal, last_use(deal));
    deal.forge_attestation(cheat.uses);
    CHECK(deal.refusal(*deal.evidence(deal.consumer.principal)) == cheat.code);
    CHECK(Replayed(deal.space).codes().contains(cheat.finding));
  }
}

TEST_CASE("evidence: a void of the server gives back a use, and rests on the operator's word") {
  Deal deal;
  deal.use_often(1);
  // A download: nothing else can break off after it was recorded.
  REQUIRE(deal.use(deal.contract, "download", {"training", {}, {}, {}}));
  deal.uses.make_void(last_use(deal).use, "content_unreadable");
  deal.use_often(1);
  deal.attest();
  auto verdict = deal.check(*deal.evidence(deal.consumer.principal));
  REQUIRE(verdict);
  CHECK(verdict->uses == 2);
  CHECK(verdict->voided == 1);
  CHECK(verdict->asserted.uses == 3);
  CHECK(verdict->asserted.voids == 1);
  CHECK(Replayed(deal.space).codes().empty());
}

TEST_CASE(
    "evidence: an entry of an unknown kind in the chain is named, and leaves it half proved") {
  Deal deal;
  deal.use_often(1);
  deal.forge(LaterUse{}, deal.consumer.principal.actor.text());
  std::uint64_t seq = deal.space.ledger_size() - 1;
  deal.attest();
  auto lines = *deal.evidence(deal.consumer.principal);
  auto verdict = deal.check(lines);
  REQUIRE(verdict);
  CHECK(verdict->unknown_count == 1);
  REQUIRE(verdict->unknown.size() == 1);
  CHECK(verdict->unknown[0].seq == seq);
  CHECK(verdict->unknown[0].kind == "use.recorded/2");
  // What follows and does not fit names it too.
  deal.forge_attestation(7);
  auto refused = deal.check(*deal.evidence(deal.consumer.principal));
  REQUIRE(!refused);
  CHECK(refused.error().code == "evidence.stale_attestation");
  CHECK(refused.error().message.find("the unknown kind use.recorded/2") != std::string::npos);
}

TEST_CASE("evidence: the keys of both parties are shown, with the entries that they rest on") {
  Deal deal;
  deal.attest();
  auto verdict = deal.check(*deal.evidence(deal.consumer.principal));
  REQUIRE(verdict);
  REQUIRE(verdict->provider_keys.size() == 1);
  REQUIRE(verdict->consumer_keys.size() == 1);
  CHECK(verdict->provider_keys[0].id == test::Rotation::id(deal.provider));
  CHECK(verdict->consumer_keys[0].id == test::Rotation::id(deal.consumer));
  const ShownKey& key = verdict->consumer_keys[0];
  CHECK(key.public_key == deal.consumer.key.public_key());
  CHECK(deal.space.entry(key.entry).find("kind")->as_string() == "party.registered/1");
  CHECK(deal.space.entry(key.entry).find("by")->as_string() == deal.consumer.party.text());
  CHECK(key.has_signed);
  CHECK_FALSE(key.is_pinned);
  CHECK_FALSE(key.retired);
}

TEST_CASE("evidence: under a pin another key is refused, by its id and by the whole key") {
  Deal deal;
  deal.attest();
  auto lines = *deal.evidence(deal.consumer.principal);
  PartyPin by_id{deal.consumer.party, test::Rotation::id(deal.consumer)};
  PartyPin by_key{deal.provider.party, deal.provider.key.public_key()};
  auto verdict = deal.check(lines, {by_id, by_key});
  REQUIRE(verdict);
  CHECK(verdict->consumer_keys[0].is_pinned);
  CHECK(verdict->provider_keys[0].is_pinned);
  PartyPin wrong_id{deal.consumer.party, test::Rotation::id(deal.provider)};
  PartyPin wrong_key{deal.provider.party, deal.consumer.key.public_key()};
  PartyPin stranger{deal.stranger.party, test::Rotation::id(deal.stranger)};
  CHECK(deal.refusal(lines, {wrong_id}) == "evidence.wrong_party_key");
  CHECK(deal.refusal(lines, {wrong_key}) == "evidence.wrong_party_key");
  CHECK(deal.refusal(lines, {by_id, stranger}) == "evidence.wrong_party_key");
  CHECK(deal.check(lines, {wrong_id, by_id}));  // either will do
}

TEST_CASE("evidence: a pinned key vouches for the keys that it let in, not for those before it") {
  Deal deal;
  test::Rotation rotation{deal.space};
  Keys keys(deal.space.journal());
  auto first = deal.provider;
  auto second = rotation.with_key(first, "second");
  REQUIRE(keys.add(first.party, rotation.addition(first, second)));
  deal.provider.key = second.key;
  deal.contract = deal.agree(5);
  deal.attest();
  auto lines = *deal.evidence(deal.consumer.principal);
  CHECK(deal.check(lines, {{first.party, rotation.id(first)}}));
  auto by_second = deal.check(lines, {{first.party, rotation.id(second)}});
  REQUIRE(by_second);
  CHECK_FALSE(by_second->provider_keys[0].is_pinned);
  CHECK(by_second->provider_keys[1].is_pinned);
  deal.provider.key = first.key;
  deal.contract = deal.agree(5);
  deal.attest("first");
  auto signed_by_first = *deal.evidence(deal.consumer.principal);
  CHECK(deal.refusal(signed_by_first, {{first.party, rotation.id(second)}}) ==
        "evidence.wrong_party_key");
}

TEST_CASE("evidence: a pin of a party that signs nothing needs to fit as well") {
  Deal deal;
  deal.contract = deal.id_of(deal.offer(core::encode(deal.document(3))));  // not accepted
  deal.attest();
  auto lines = *deal.evidence(deal.consumer.principal);
  CHECK(deal.check(lines, {{deal.consumer.party, test::Rotation::id(deal.consumer)}}));
  CHECK(deal.refusal(lines, {{deal.consumer.party, test::Rotation::id(deal.provider)}}) ==
        "evidence.wrong_party_key");
}

TEST_CASE("evidence: a pin is a party and a key in hex, or a party and a key id") {
  const std::string party = "pty_01ARZ3NDEKTSV4RRFFQ69G5FAV";
  CHECK(PartyPin::parse(party + "=" + std::string(64, 'a')));
  CHECK(PartyPin::parse(party + "=key_0123456789abcdef"));
  for (const std::string& text :
       {party, party + "=", party + "=" + std::string(63, 'a'), party + "=key_0123",
        "=" + std::string(64, 'a'), "pty_1=" + std::string(64, 'a'),
        party + "=" + std::string(64, 'a') + " ", std::string()}) {
    CAPTURE(text);
    CHECK_FALSE(PartyPin::parse(text));
  }
}
