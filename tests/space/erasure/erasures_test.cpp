#include "space/erasure/erasures.h"

#include <chrono>
#include <thread>

#include <doctest/doctest.h>

#include "ledger/proof.h"
#include "space/event.h"
#include "space/parties/parties.h"
#include "space/uses/market.h"

using namespace tally;
using namespace tally::space;
using test::code_of;

namespace {

struct Desk : test::Market {
  Erasures erasures{space.journal(), space.content(), contracts, space.authenticator()};
  Parties parties{space.journal()};

  bool verifies(const std::string& receipt) {
    return static_cast<bool>(
        ledger::verify_receipt(receipt, *ledger::parse_vkey(space.journal().ledger.log_vkey())));
  }
  std::string name_of(const PartyId& party) {
    return parties.find(space.operator_principal, party)->name;
  }
  std::string last_kind() { return space.last_entry().find("kind")->as_string(); }
};

}  // namespace

TEST_CASE("erasure: erased content delivers nothing more, and its receipts still verify") {
  Desk desk;
  auto id = desk.agree(5);
  auto before = desk.use(id, "k1");
  REQUIRE(before);
  auto erased = desk.erasures.erase_version(desk.provider.principal, desk.dataset, 1, "e");
  REQUIRE(erased);
  CHECK(desk.last_kind() == "dataset.version_erased/1");
  CHECK(code_of(desk.use(id, "k2")) == "dataset.version_erased");
  CHECK(desk.find(id).uses == 1);
  CHECK(desk.verifies(before->receipt));
  CHECK(desk.verifies(erased->receipt->file()));
  // Nothing of it is in any file, sealed or not, and no key that would open it.
  auto rows = desk.space.read(
      [&](core::sql::Session& session) { return has_content(session, desk.dataset, 1); });
  CHECK_FALSE(rows);
  CHECK(desk.space.journal().shred_keys.is_shredded(content_subject(desk.dataset, 1)));
}

TEST_CASE("erasure: a delivery that is repeated after the erasure carries the receipt alone") {
  Desk desk;
  auto id = desk.agree(5);
  auto first = desk.use(id, "k1");
  REQUIRE(first);
  REQUIRE(desk.erasures.erase_version(desk.provider.principal, desk.dataset, 1, "e"));
  auto again = desk.use(id, "k1");
  REQUIRE(again);
  CHECK(again->repeated);
  CHECK_FALSE(again->page);
  CHECK(again->receipt == first->receipt);
  auto receipt = desk.uses.receipt(desk.consumer.principal, first->use);
  REQUIRE(receipt);
  CHECK(receipt->file() == first->receipt);
}

TEST_CASE("erasure: content is erased by its provider, once, and cannot be offered or sent again") {
  Desk desk;
  auto by_consumer = desk.erasures.erase_version(desk.consumer.principal, desk.dataset, 1, "e");
  CHECK(code_of(by_consumer) == "scope.missing");
  auto other = desk.space.join("Other hospital", {Role::provider});
  CHECK(code_of(desk.erasures.erase_version(other.principal, desk.dataset, 1, "e")) ==
        "dataset.version_not_found");
  REQUIRE(desk.erasures.erase_version(desk.provider.principal, desk.dataset, 1, "e"));
  auto size = desk.space.ledger_size();
  auto again = desk.erasures.erase_version(desk.provider.principal, desk.dataset, 1, "e");
  REQUIRE(again);
  CHECK(again->repeated);
  CHECK(code_of(desk.erasures.erase_version(desk.provider.principal, desk.dataset, 1, "f")) ==
        "erasure.done_before");
  CHECK(desk.space.ledger_size() == size);
  auto offered = core::encode(desk.document(3));
  CHECK(code_of(desk.offer(offered)) == "dataset.version_erased");
  CHECK(code_of(desk.upload(desk.dataset, 1, "{\"n\":0}\n")) == "dataset.version_erased");
}

TEST_CASE("erasure: another version of the same dataset stays readable") {
  Desk desk;
  std::string content = "{\"second\":1}\n";
  desk.add_version(desk.dataset, test::version_of(content));
  REQUIRE(desk.upload(desk.dataset, 2, content));
  REQUIRE(desk.erasures.erase_version(desk.provider.principal, desk.dataset, 1, "e"));
  auto page = desk.space.read([&](core::sql::Session& session) {
    return desk.space.content().open_page(session, desk.dataset, 2, 0, 1);
  });
  REQUIRE(page);
  CHECK(page->lines == content);
}

TEST_CASE("erasure: what a crash left over is finished at the next start") {
  Desk desk;
  // The entry is there, key and rows too: as if the process had ended in between.
  REQUIRE(desk.space.write([&](core::sql::Tx& tx) -> core::Result<ledger::ReceiptPtr> {
    auto& ledger = desk.space.journal().ledger;
    VersionErased event{desk.dataset, ledger.draw_salt(), 1};
    auto receipt = append_event(ledger, tx, "system", event);
    apply(tx, event, {receipt->seq, ledger.now()});
    tx.connection().run("insert into erasure_left (subject) select subject from erasure");
    return ledger::ReceiptPtr(receipt);
  }));
  auto is_there = [&] {
    return desk.space.read(
        [&](core::sql::Session& session) { return has_content(session, desk.dataset, 1); });
  };
  CHECK(is_there());
  desk.erasures.finish();
  CHECK_FALSE(is_there());
  CHECK(desk.space.journal().shred_keys.is_shredded(content_subject(desk.dataset, 1)));
  desk.erasures.finish();
}

TEST_CASE("erasure: names lie sealed on the disk and are shown to those who may see them") {
  Desk desk;
  CHECK(desk.name_of(desk.consumer.party) == "Lab");
  CHECK_FALSE(desk.space.holds_on_disk("an actor of Lab"));
  CHECK_FALSE(desk.space.holds_on_disk("\"Hospital\""));
}

TEST_CASE(
    "erasure: an erased party has no name, no token and no way back, and its contract stands") {
  Desk desk;
  auto id = desk.agree(5);
  REQUIRE(desk.use(id, "k1"));
  CHECK(code_of(desk.erasures.erase_party(desk.stranger.principal, desk.consumer.party, "e")) ==
        "party.not_found");
  REQUIRE(desk.erasures.erase_party(desk.consumer.principal, desk.consumer.party, "e"));
  CHECK(desk.last_kind() == "party.erased/1");
  CHECK(desk.name_of(desk.consumer.party).empty());
  CHECK(code_of(desk.space.authenticator().authenticate(desk.consumer.token)) == "token.unknown");
  CHECK(desk.space.journal().shred_keys.is_shredded(actor_subject(desk.consumer.principal.actor)));
  CHECK(code_of(desk.erasures.erase_party(desk.space.operator_principal, desk.consumer.party,
                                          "o")) == "erasure.done_before");
  auto offered = core::encode(desk.document(3));
  CHECK(code_of(desk.offer(offered)) == "party.erased");
  REQUIRE(desk.contracts.show(desk.provider.principal, id));
  REQUIRE(desk.terminate(desk.provider, id));
}

TEST_CASE("erasure: an actor is erased alone, and the operator never is") {
  Desk desk;
  REQUIRE(desk.erasures.erase_actor(desk.consumer.principal, desk.consumer.principal.actor, "e"));
  CHECK(desk.name_of(desk.consumer.party) == "Lab");
  CHECK(code_of(desk.space.authenticator().authenticate(desk.consumer.token)) == "token.unknown");
  CHECK(code_of(desk.erasures.erase_actor(desk.stranger.principal, desk.consumer.principal.actor,
                                          "e")) == "actor.not_found");
  CHECK(code_of(desk.erasures.erase_party(desk.space.operator_principal,
                                          desk.space.operator_principal.party, "e")) ==
        "party.is_operator");
}

TEST_CASE(
    "erasure: the document of a terminated contract is deleted, and the contract still shown") {
  Desk desk;
  auto id = desk.agree(5);
  REQUIRE(desk.use(id, "k1"));
  CHECK(code_of(desk.erasures.erase_document(desk.consumer.principal, id, "e")) ==
        "contract.not_terminated");
  REQUIRE(desk.terminate(desk.consumer, id));
  CHECK(code_of(desk.erasures.erase_document(desk.stranger.principal, id, "e")) ==
        "contract.not_found");
  auto chain = desk.find(id);
  auto filed = desk.contracts.show(desk.consumer.principal, id);
  REQUIRE(filed);
  auto nonce = filed->contract.document->find("nonce")->as_string();
  REQUIRE(desk.space.holds_on_disk(nonce));
  REQUIRE(desk.erasures.erase_document(desk.provider.principal, id, "e"));
  CHECK(desk.last_kind() == "contract.document_erased/1");
  // The log is emptied once no reader is in the way; then no file of the database holds the text.
  for (int i = 0; i < 200 && desk.space.holds_on_disk(nonce); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  CHECK_FALSE(desk.space.holds_on_disk(nonce));
  CHECK(desk.find(id).seq == chain.seq + 1);
  auto shown = desk.contracts.show(desk.consumer.principal, id);
  REQUIRE(shown);
  CHECK_FALSE(shown->contract.document);
  CHECK(shown->contract.document_erased_under == desk.space.ledger_size() - 1);
  CHECK(shown->contract.uses == 1);
  CHECK(code_of(desk.use(id, "k2")) == "contract.document_erased");
  CHECK(desk.contracts.list(desk.provider.principal, 10, std::nullopt).items.size() == 1);
}
