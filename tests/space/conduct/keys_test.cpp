// Keys that an operator writes into its own ledger, judged by what the ledger itself says.
#include <doctest/doctest.h>

#include "space/conduct/replayed.h"
#include "space/contracts/entries.h"
#include "space/parties/rotation.h"
#include "space/uses/market.h"

using namespace tally;
using namespace tally::space;
using test::Market;
using test::Member;
using test::Replayed;
using test::Rotation;
using Codes = std::set<std::string>;

namespace {

struct Operator : Market {
  Rotation rotation{space};
  Keys keys{space.journal()};
  Member second = rotation.with_key(consumer, "second");

  template <class Event>
  void append(const std::string& by, const Event& event) {
    auto done = space.write([&](core::sql::Tx& tx) -> core::Result<core::Done> {
      space.journal().ledger.append(tx, Event::kind, by, core::canonical(event));
      return core::Done{};
    });
    REQUIRE(done);
  }
  PartyKeyAdded added(const Member& by, const Member& held) {
    auto addition = rotation.addition(by, held);
    return {.key = rotation.id(held),
            .party = by.party,
            .possession = addition.possession,
            .public_key = held.key.public_key(),
            .salt = space.random.salt(),
            .signature = addition.signature,
            .signer = addition.key};
  }
  PartyKeyRetired retired(const Member& by, const Member& held) {
    return {.key = rotation.id(held),
            .party = by.party,
            .salt = space.random.salt(),
            .signature = rotation.retirement(by, held).signature,
            .signer = rotation.id(by)};
  }
  std::string actor() { return space.operator_principal.actor.text(); }
  std::string party() { return consumer.party.text(); }
  Codes judge() { return Replayed(space).codes(); }
};

template <class Change>
Codes after_addition(Change change) {
  Operator cheat;
  auto event = cheat.added(cheat.consumer, cheat.second);
  std::string by = cheat.party();
  change(cheat, event, by);
  cheat.append(by, event);
  return cheat.judge();
}

template <class Change>
Codes after_retirement(Change change) {
  Operator cheat;
  REQUIRE(
      cheat.keys.add(cheat.consumer.party, cheat.rotation.addition(cheat.consumer, cheat.second)));
  auto event = cheat.retired(cheat.second, cheat.consumer);
  std::string by = cheat.party();
  change(cheat, event, by);
  cheat.append(by, event);
  return cheat.judge();
}

}  // namespace

TEST_CASE("conduct: a key that was added as its party signed for it is right") {
  CHECK(after_addition([](Operator&, PartyKeyAdded&, std::string&) {}).empty());
}

TEST_CASE("conduct: a key that the party did not let in, or does not hold, is found") {
  CHECK(after_addition([](Operator&, PartyKeyAdded& it, std::string&) {
          it.signature = it.possession;
        }) == Codes{"signature.invalid"});
  CHECK(after_addition([](Operator&, PartyKeyAdded& it, std::string&) {
          it.possession = it.signature;
        }) == Codes{"key.not_possessed"});
  CHECK(after_addition([](Operator& cheat, PartyKeyAdded& it, std::string&) {
          it.signer = cheat.rotation.id(cheat.stranger);
        }) == Codes{"signature.wrong_key"});
  CHECK(after_addition([](Operator& cheat, PartyKeyAdded& it, std::string&) {
          it = cheat.added(cheat.second, cheat.second);
        }) == Codes{"signature.wrong_key"});
  CHECK(after_addition([](Operator& cheat, PartyKeyAdded&, std::string& by) {
          by = cheat.actor();
        }) == Codes{"entry.wrong_author"});
  CHECK(after_addition([](Operator& cheat, PartyKeyAdded& it, std::string&) {
          it.key = cheat.rotation.id(cheat.stranger);
        }) == Codes{"party.wrong_key_id", "party.key_in_use", "key.not_possessed"});
  CHECK(after_addition([](Operator& cheat, PartyKeyAdded& it, std::string&) {
          auto same = cheat.rotation.with_party(cheat.consumer, cheat.stranger);
          it = cheat.added(cheat.consumer, same);
        }) == Codes{"party.key_in_use"});
}

TEST_CASE("conduct: a key that signs after its retirement is found, wherever it signs") {
  Operator cheat;
  REQUIRE(
      cheat.keys.add(cheat.consumer.party, cheat.rotation.addition(cheat.consumer, cheat.second)));
  REQUIRE(cheat.keys.retire(cheat.consumer.party, cheat.rotation.id(cheat.consumer),
                            cheat.rotation.retirement(cheat.second, cheat.consumer)));
  CHECK(cheat.judge().empty());
  auto third = cheat.rotation.with_key(cheat.consumer, "third");
  cheat.append(cheat.party(), cheat.added(cheat.consumer, third));
  CHECK(cheat.judge() == Codes{"key.retired"});
  auto id = cheat.id_of(cheat.offer(core::encode(cheat.document(2))));
  auto row = cheat.find(id);
  auto signature = [&](const Member& member) {
    return sign({SignedVerb::accept, test::TempSpace::origin, member.party,
                 cheat.rotation.id(member), row.document},
                member.key);
  };
  ContractAccepted accepted{.contract = id,
                            .contract_prev = row.prev,
                            .contract_seq = row.seq,
                            .consumer = cheat.consumer.party,
                            .document = row.document,
                            .key = cheat.rotation.id(cheat.consumer),
                            .salt = cheat.space.random.salt(),
                            .signature = signature(cheat.consumer)};
  cheat.append(cheat.consumer.principal.actor.text(), accepted);
  Replayed replayed(cheat.space);
  CHECK(replayed.codes() == Codes{"key.retired"});
  CHECK(replayed.replay.findings().size() == 2);
}

TEST_CASE("conduct: a key that was retired by nobody who may is found") {
  CHECK(after_retirement([](Operator&, PartyKeyRetired&, std::string&) {}).empty());
  CHECK(after_retirement([](Operator& cheat, PartyKeyRetired& it, std::string& by) {
          it.signature = std::nullopt;
          it.signer = std::nullopt;
          by = cheat.actor();
        }).empty());
  CHECK(after_retirement([](Operator& cheat, PartyKeyRetired& it, std::string& by) {
          it.signature = std::nullopt;
          it.signer = std::nullopt;
          by = cheat.stranger.principal.actor.text();
        }) == Codes{"actor.of_another_party", "actor.without_scope"});
  CHECK(after_retirement([](Operator& cheat, PartyKeyRetired& it, std::string& by) {
          it.signature = std::nullopt;
          by = cheat.actor();
        }) == Codes{"signature.invalid"});
  CHECK(after_retirement([](Operator& cheat, PartyKeyRetired& it, std::string&) {
          it.signature = cheat.rotation.retirement(cheat.second, cheat.second).signature;
        }) == Codes{"signature.invalid"});
  CHECK(after_retirement([](Operator& cheat, PartyKeyRetired& it, std::string&) {
          it.key = cheat.rotation.id(cheat.stranger);
        }) == Codes{"key.not_found"});
}

TEST_CASE("conduct: the last key that its party retires, and one retired twice, are found") {
  Operator cheat;
  cheat.append(cheat.party(), cheat.retired(cheat.consumer, cheat.consumer));
  CHECK(cheat.judge() == Codes{"key.last"});
  cheat.append(cheat.party(), cheat.retired(cheat.consumer, cheat.consumer));
  CHECK(cheat.judge() == Codes{"key.last", "key.retired", "key.retired_before"});
}

TEST_CASE("conduct: the operator's own key is not retired without its signature") {
  Operator cheat;
  const Member self{cheat.space.operator_principal.party, cheat.space.operator_key,
                    cheat.space.operator_principal, ""};
  auto event = cheat.retired(self, self);
  event.signature = std::nullopt;
  event.signer = std::nullopt;
  cheat.append(cheat.actor(), event);
  CHECK(cheat.judge() == Codes{"party.is_operator"});
}

TEST_CASE("conduct: rows of keys that no entry added or retired are found") {
  Operator honest;
  REQUIRE(honest.keys.add(honest.consumer.party,
                          honest.rotation.addition(honest.consumer, honest.second)));
  auto differences = [&](const char* sql) {
    {
      auto connection = core::sql::sqlite::open_writer(honest.space.database());
      connection.driver().run_script(sql);
    }
    return Replayed(honest.space).differences();
  };
  CHECK(differences("select 1").empty());
  CHECK(differences("insert into retired_key select key_id, party, 3, 3 from added_key") ==
        Codes{"retired_key"});
  CHECK(differences("delete from retired_key; update added_key set seq = seq + 1") ==
        Codes{"added_key.seq"});
}
