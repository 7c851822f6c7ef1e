// What an operator writes into its own ledger, judged by what the ledger itself says.
#include <doctest/doctest.h>

#include "space/conduct/replayed.h"
#include "space/contracts/entries.h"
#include "space/parties/actors.h"
#include "space/uses/breaking_off.h"
#include "space/uses/market.h"

using namespace tally;
using namespace tally::space;
using core::Json;
using test::Market;
using test::Replayed;
using Codes = std::set<std::string>;

namespace {

const UseCommand download{"training", Action::download, std::nullopt, std::nullopt};

// An operator: whoever has the writer can append what it likes.
struct Operator : Market {
  ContractId contract;

  Operator() : contract(agree(3, "2030-01-01T00:00:00Z")) { REQUIRE(use(contract, "k1")); }

  // Writes an entry, and the contract's chain as the product would.
  template <class Event>
  void forge(Event event, const std::string& by) {
    auto row = find(event.contract);
    if constexpr (requires { event.contract_seq; }) {
      event.contract_seq = row.seq;
      event.contract_prev = row.prev;
    }
    append(by, event);
  }
  template <class Event>
  void append(const std::string& by, const Event& event) {
    append(std::string(Event::kind), by, core::canonical(event));
  }
  void append(const std::string& kind, const std::string& by, const std::string& body) {
    auto done = space.write([&](core::sql::Tx& tx) -> core::Result<core::Done> {
      space.journal().ledger.append(tx, kind, by, body);
      return core::Done{};
    });
    REQUIRE(done);
  }

  // The use that the product would record next.
  UseRecorded next_use() {
    auto row = find(contract);
    return {.action = "read",
            .auth = "token",
            .contract = contract,
            .count_after = row.uses + 1,
            .count_before = row.uses,
            .dataset = dataset,
            .document = row.document,
            .key = core::sha256(space.random.salt()),
            .limit = 3,
            .purpose = "training",
            .request = core::sha256("request"),
            .rule = 0,
            .salt = space.random.salt(),
            .unit = "call",
            .use = UseId::make(space.clock.now(), space.random),
            .version = 1};
  }
  std::string consumer_actor() { return consumer.principal.actor.text(); }
  UseId first_use() {
    struct Statements {
      core::sql::Connection& db;
      core::sql::Statement find{db, "select min(id) from use_record"};
    };
    return space.read([](core::sql::Session& session) {
      auto row = session.use<Statements>().find();
      REQUIRE(row.next());
      return row.id<UseId>(0);
    });
  }

  Codes judge() { return Replayed(space).codes(); }
};

template <class Change>
Codes after_use(Change change) {
  Operator cheat;
  auto use = cheat.next_use();
  change(cheat, use);
  cheat.forge(use, cheat.consumer_actor());
  return cheat.judge();
}

}  // namespace

TEST_CASE("conduct: a life by the rules has no findings, and gives its tables back") {
  Operator honest;
  REQUIRE(honest.use(honest.contract, "k1"));  // again: delivered, not counted
  auto broken_off = honest.use(honest.contract, "k2", download);
  REQUIRE(broken_off);
  honest.uses.make_void(broken_off->use, "content_unreadable");
  honest.space.clock.advance_ms(1000);
  REQUIRE(honest.use(honest.contract, "k3"));
  REQUIRE(honest.use(honest.contract, "k4"));
  CHECK(honest.find(honest.contract).state == ContractState::exhausted);
  auto other = honest.agree(1);
  REQUIRE(honest.terminate(honest.provider, other));
  REQUIRE(honest.offer(core::encode(honest.document(7))));
  Replayed replayed(honest.space);
  CHECK(replayed.codes().empty());
  CHECK(replayed.differences().empty());
  CHECK(replayed.replay.size == honest.space.ledger_size());
}

TEST_CASE(
    "conduct: a use as the product would record it is right; the tables show that it was not") {
  Operator cheat;
  cheat.forge(cheat.next_use(), cheat.consumer_actor());
  Replayed replayed(cheat.space);
  CHECK(replayed.codes().empty());
  CHECK(replayed.differences() == Codes{"contract.seq", "meter.used", "use_record"});
}

TEST_CASE("conduct: a use outside purpose, action, time, count or document is found by its code") {
  CHECK(after_use([](Operator&, UseRecorded& use) { use.purpose = "research"; }) ==
        Codes{"contract.purpose_not_permitted"});
  CHECK(after_use([](Operator&, UseRecorded& use) { use.purpose = "no_such_code"; }) ==
        Codes{"contract.purpose_not_permitted"});
  CHECK(after_use([](Operator&, UseRecorded& use) { use.action = "access"; }) ==
        Codes{"contract.action_not_permitted"});
  CHECK(after_use([](Operator&, UseRecorded& use) { use.action = "steal"; }) ==
        Codes{"use.unknown_action"});
  CHECK(after_use([](Operator& cheat, UseRecorded&) {
          cheat.space.clock.advance_ms(10LL * 365 * 86'400'000);
        }) == Codes{"actor.expired", "contract.expired"});
  CHECK(after_use([](Operator&, UseRecorded& use) { use.limit = 30; }) == Codes{"use.wrong_limit"});
  CHECK(after_use([](Operator&, UseRecorded& use) { use.count_before = 0; }) ==
        Codes{"use.count_broken"});
  CHECK(after_use([](Operator&, UseRecorded& use) { use.count_after = 1; }) ==
        Codes{"use.count_broken"});
  CHECK(after_use([](Operator&, UseRecorded& use) { use.rule = 1; }) == Codes{"use.wrong_rule"});
  CHECK(after_use([](Operator&, UseRecorded& use) { use.version = 2; }) ==
        Codes{"use.wrong_dataset"});
  CHECK(after_use([](Operator&, UseRecorded& use) { use.document = core::sha256("another"); }) ==
        Codes{"use.wrong_document"});
  CHECK(after_use([](Operator&, UseRecorded& use) { use.unit = "row"; }) ==
        Codes{"use.wrong_unit"});
  CHECK(after_use([](Operator&, UseRecorded& use) { use.auth = "signed"; }) ==
        Codes{"use.unknown_authority"});
  CHECK(after_use([](Operator& cheat, UseRecorded& use) { use.use = cheat.first_use(); }) ==
        Codes{"use.recorded_twice"});
}

TEST_CASE("conduct: more uses than the contract has are found, however often it is done") {
  Operator cheat;
  for (int i = 0; i < 2; ++i) REQUIRE(cheat.use(cheat.contract, "more " + std::to_string(i)));
  auto use = cheat.next_use();
  cheat.forge(use, cheat.consumer_actor());
  CHECK(cheat.judge() == Codes{"contract.uses_exhausted"});
}

TEST_CASE("conduct: a key is charged once") {
  Operator cheat;
  auto first = cheat.space.last_entry();
  auto use = cheat.next_use();
  use.key = *core::Hash::from_hex(first.find("body")->find("key")->as_string());
  cheat.forge(use, cheat.consumer_actor());
  CHECK(cheat.judge() == Codes{"use.key_charged_twice"});
}

TEST_CASE("conduct: the contract's own chain shows an entry that was left out or put in") {
  Operator cheat;
  auto use = cheat.next_use();
  use.contract_seq = cheat.find(cheat.contract).seq + 1;
  use.contract_prev = core::sha256("what was left out");
  cheat.append(cheat.consumer_actor(), use);
  CHECK(cheat.judge() == Codes{"contract.chain_broken"});
}

TEST_CASE("conduct: who acts is an actor of that party, with that scope, not revoked, not ended") {
  auto by = [](auto actor_of) {
    Operator cheat;
    cheat.forge(cheat.next_use(), actor_of(cheat));
    return cheat.judge();
  };
  CHECK(by([](Operator&) { return ActorId().text(); }) == Codes{"actor.unknown"});
  CHECK(by([](Operator&) { return std::string("system"); }) == Codes{"actor.unknown"});
  CHECK(by([](Operator& cheat) { return cheat.stranger.principal.actor.text(); }) ==
        Codes{"actor.of_another_party"});
  CHECK(by([](Operator& cheat) { return cheat.provider.principal.actor.text(); }) ==
        Codes{"actor.of_another_party", "actor.without_scope"});
  Operator late;
  Actors actors(late.space.journal(), late.space.authenticator());
  REQUIRE(actors.revoke(late.consumer.principal, late.consumer.principal.actor, "r"));
  late.forge(late.next_use(), late.consumer_actor());
  CHECK(late.judge().empty());  // let in before, recorded after
  late.space.clock.advance_ms(in_flight_ms_max);
  auto use = late.next_use();
  use.count_before += 1;
  use.count_after += 1;
  auto entry = late.space.last_entry();
  use.contract_seq = late.find(late.contract).seq + 1;
  use.contract_prev = ledger::hash_leaf(core::canonical(entry));
  late.append(late.consumer_actor(), use);
  CHECK(late.judge() == Codes{"actor.revoked"});
}

TEST_CASE("conduct: nothing is used or delivered after the contract has ended") {
  Operator cheat;
  REQUIRE(cheat.terminate(cheat.provider, cheat.contract));
  cheat.forge(cheat.next_use(), cheat.consumer_actor());
  CHECK(cheat.judge() == Codes{"contract.terminated"});

  Operator again;
  REQUIRE(again.terminate(again.provider, again.contract));
  again.forge(UseRedelivered{.contract = again.contract,
                             .delivery = 1,
                             .salt = again.space.random.salt(),
                             .use = again.first_use()},
              again.consumer_actor());
  CHECK(again.judge() == Codes{"contract.terminated"});
}

TEST_CASE("conduct: deliveries are numbered, few, in time, and of a use that stands") {
  auto deliver = [](auto change) {
    Operator cheat;
    UseRedelivered event{.contract = cheat.contract,
                         .delivery = 1,
                         .salt = cheat.space.random.salt(),
                         .use = cheat.first_use()};
    change(cheat, event);
    cheat.forge(event, cheat.consumer_actor());
    return cheat.judge();
  };
  CHECK(deliver([](Operator&, UseRedelivered&) {}).empty());
  CHECK(deliver([](Operator&, UseRedelivered& event) { event.delivery = 2; }) ==
        Codes{"use.wrong_delivery"});
  CHECK(deliver([](Operator& cheat, UseRedelivered& event) {
          for (int i = 0; i < 3; ++i) REQUIRE(cheat.use(cheat.contract, "k1"));
          event.delivery = 4;
        }) == Codes{"use.delivered_too_often"});
  CHECK(deliver([](Operator& cheat, UseRedelivered&) {
          cheat.space.clock.advance_ms(24 * 3'600'000);
        }) == Codes{"use.delivered_too_late"});
  CHECK(deliver([](Operator& cheat, UseRedelivered&) {
          cheat.uses.make_void(cheat.first_use(), "content_unreadable");
        }) == Codes{"use.not_a_download", "use.voided"});
  CHECK(deliver([](Operator& cheat, UseRedelivered& event) {
          event.use = UseId::make(cheat.space.clock.now(), cheat.space.random);
        }) == Codes{"use.unknown"});
}

TEST_CASE("conduct: a use is voided once, by the server, and gives back exactly one") {
  auto take_back = [](auto change, const std::string& by = "system") {
    Operator cheat;
    auto use = cheat.use(cheat.contract, "k2", download);
    REQUIRE(use);
    UseVoided event{.contract = cheat.contract,
                    .count_after = 1,
                    .reason = "content_unreadable",
                    .rule = 0,
                    .salt = cheat.space.random.salt(),
                    .use = use->use};
    change(cheat, event);
    cheat.forge(event, by);
    return cheat.judge();
  };
  CHECK(take_back([](Operator&, UseVoided&) {}).empty());
  CHECK(take_back([](Operator&, UseVoided& event) { event.count_after = 2; }) ==
        Codes{"use.count_broken"});
  CHECK(take_back([](Operator&, UseVoided& event) { event.reason = "a favour"; }) ==
        Codes{"use.unknown_reason"});
  CHECK(take_back([](Operator&, UseVoided& event) { event.rule = 1; }) == Codes{"use.wrong_rule"});
  CHECK(take_back([](Operator& cheat, UseVoided& event) {
          cheat.uses.make_void(event.use, "content_unreadable");
        }) == Codes{"use.voided"});
  CHECK(take_back([](Operator&, UseVoided&) {}, "somebody") == Codes{"entry.wrong_author"});
  CHECK(take_back([](Operator& cheat, UseVoided& event) { event.use = cheat.first_use(); }) ==
        Codes{"use.not_a_download"});
  // Ten short records: five minutes, and not a second for them.
  CHECK(take_back([](Operator& cheat, UseVoided&) {
          cheat.space.clock.advance_ms(5 * 60'000);
        }).empty());
  CHECK(take_back([](Operator& cheat, UseVoided&) {
          cheat.space.clock.advance_ms(5 * 60'000 + 1);
        }) == Codes{"use.voided_too_late"});
  CHECK(void_after_ms_max(16 * 1'024) == 5 * 60'000 + 16'000);
}

TEST_CASE(
    "conduct: a document that is gone is a finding, unless an entry erased it: then it is not "
    "checkable") {
  Operator lost;
  auto document = lost.find(lost.contract).document;
  lost.append("test.erased/1", "system", "{\"salt\":\"" + lost.space.random.salt() + "\"}");
  core::sql::sqlite::open_writer(lost.space.database())
      .run("pragma foreign_keys = off; delete from document");
  auto note = [&](ledger::Replayers& replayers) {
    replayers.on_kind("test.erased/1",
                      [&](ledger::Replay& replay, const ledger::ReplayedEntry& entry) {
                        note_erasure(replay, document, entry.seq);
                      });
  };
  auto ignore = [](ledger::Replayers& replayers) {
    replayers.on_kind("test.erased/1", [](ledger::Replay&, const ledger::ReplayedEntry&) {});
  };
  Replayed erased(lost.space, note);
  CHECK(erased.codes() == Codes{"document.erased"});
  CHECK(erased.replay.findings_count() == 0);
  CHECK(erased.replay.unchecked_count() == 1);
  CHECK(erased.replay.findings()[0].words.find("was erased under entry") != std::string::npos);
  Replayed missing(lost.space, ignore);
  CHECK(missing.codes() == Codes{"document.missing"});
  CHECK(missing.replay.findings_count() == 1);
  CHECK(missing.replay.unchecked_count() == 0);
}
