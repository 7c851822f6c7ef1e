#include "space/uses/uses.h"

#include <thread>

#include <doctest/doctest.h>

#include "core/hash.h"
#include "core/json.h"
#include "ledger/proof.h"
#include "space/uses/market.h"

using namespace tally;
using namespace tally::space;
using test::code_of;
using test::Market;

TEST_CASE("uses: a use releases the page and a receipt that says what it is") {
  Market market;
  auto id = market.agree(5);
  auto answer = market.use(id, "k1");
  REQUIRE(answer);
  CHECK(answer->count_before == 0);
  CHECK(answer->count_after == 1);
  CHECK(answer->limit == 5);
  CHECK(answer->page->lines == "{\"n\":2}\n{\"n\":3}\n{\"n\":4}\n");
  CHECK(answer->page->total_records == 10);
  auto receipt = ledger::verify_receipt(
      answer->receipt, *ledger::parse_vkey(market.space.journal().ledger.log_vkey()));
  REQUIRE(receipt);
  auto entry = core::parse_json(receipt->entry);
  CHECK(entry->find("kind")->as_string() == "use.recorded/1");
  const auto& body = *entry->find("body");
  CHECK(body.find("contract")->as_string() == id.text());
  CHECK(body.find("contract_seq")->as_integer() == 2);
  CHECK(body.find("purpose")->as_string() == "training");
  CHECK(body.find("document")->as_string() == core::to_hex(market.find(id).document));
  CHECK(receipt->entry.find("k1") == std::string::npos);
}

TEST_CASE("uses: N uses and no more; the refused key is not burnt, the spent contract says so") {
  Market market;
  auto id = market.agree(2);
  REQUIRE(market.use(id, "k1"));
  REQUIRE(market.use(id, "k2"));
  auto size = market.space.ledger_size();
  CHECK(code_of(market.use(id, "k3")) == "contract.uses_exhausted");
  CHECK(market.space.ledger_size() == size);
  CHECK(market.find(id).state == ContractState::exhausted);
  CHECK(market.use(id, "k2")->repeated);
}

TEST_CASE("uses: the same key delivers the same bytes three times more, then the receipt alone") {
  Market market;
  auto id = market.agree(5);
  auto first = market.use(id, "k1");
  for (int i = 0; i < 3; ++i) {
    auto again = market.use(id, "k1");
    REQUIRE(again);
    CHECK(again->repeated);
    CHECK(again->receipt == first->receipt);
    CHECK(again->count_after == 1);
    CHECK(again->page->lines == first->page->lines);
    CHECK(market.space.kinds().back() == "use.redelivered/1");
  }
  auto late = market.use(id, "k1");
  CHECK(late->receipt == first->receipt);
  CHECK(!late->page);
  CHECK(market.find(id).uses == 1);
}

TEST_CASE("uses: a key is good for 24 hours, and only while the contract permits use") {
  Market market;
  auto id = market.agree(5, "2030-01-01T00:00:00Z");
  auto other = market.agree(5);
  REQUIRE(market.use(id, "k1"));
  REQUIRE(market.use(other, "k1"));
  market.space.clock.advance_ms(24 * 3'600'000 - 1);
  CHECK(market.use(id, "k1")->page);
  market.space.clock.advance_ms(1);
  CHECK(!market.use(id, "k1")->page);
  REQUIRE(market.use(other, "k2"));
  REQUIRE(market.terminate(market.provider, other));
  auto again = market.use(other, "k2");
  REQUIRE(again);
  CHECK(!again->page);
  CHECK(code_of(market.use(other, "k3")) == "contract.terminated");
}

TEST_CASE("uses: another request under a key is refused, whatever differs") {
  Market market;
  auto id = market.agree(5);
  REQUIRE(market.use(id, "k1"));
  CHECK(code_of(market.use(id, "k1", {"training", std::nullopt, 2, 4})) ==
        "idempotency_key.reused");
  CHECK(code_of(market.use(id, "k1", {"training", Action::download, std::nullopt, std::nullopt})) ==
        "idempotency_key.reused");
  CHECK(market.find(id).uses == 1);
  CHECK(market.use(market.agree(1), "k1"));
}

TEST_CASE("uses: outside purpose, action, time and range nothing is released and nothing spent") {
  Market market;
  auto id = market.agree(5, "2030-01-01T00:00:00Z");
  auto size = market.space.ledger_size();
  CHECK(code_of(market.use(id, "k", {"research", std::nullopt, 0, 1})) ==
        "contract.purpose_not_permitted");
  CHECK(code_of(market.use(id, "k", {"training", Action::access, std::nullopt, std::nullopt})) ==
        "use.no_such_delivery");
  CHECK(code_of(market.use(id, "k", {"training", Action::download, 0, 1})) ==
        "use.no_such_delivery");
  CHECK(code_of(market.use(id, "k", {"training", std::nullopt, 10, 1})) == "request.invalid");
  CHECK(code_of(market.uses.use(market.stranger.principal, id, "k",
                                {"training", std::nullopt, 0, 1})) == "contract.not_found");
  CHECK(code_of(market.uses.use(market.provider.principal, id, "k",
                                {"training", std::nullopt, 0, 1})) == "contract.not_consumer");
  market.space.clock.advance_ms(10LL * 365 * 24 * 3'600'000);
  CHECK(code_of(market.use(id, "k")) == "contract.expired");
  CHECK(market.space.ledger_size() == size);
  CHECK(market.find(id).uses == 0);
}

TEST_CASE("uses: a download gives the file, byte for byte") {
  Market market;
  auto id = market.agree(1);
  auto answer = market.use(id, "k", {"training", Action::download, std::nullopt, std::nullopt});
  REQUIRE(answer);
  std::string content, piece;
  while (answer->file->next(piece)) content += piece;
  CHECK(core::sha256(content) == market.digest);
  CHECK(answer->file->bytes == content.size());
}

TEST_CASE("uses: what the server cannot deliver is voided: the count goes back, the reason stays") {
  Market market;
  auto id = market.agree(1);
  auto answer = market.use(id, "k1");
  CHECK(market.find(id).state == ContractState::exhausted);
  market.uses.make_void(answer->use, "content_unreadable");
  market.uses.make_void(answer->use, "content_unreadable");
  CHECK(market.find(id).state == ContractState::active);
  CHECK(market.find(id).uses == 0);
  auto entry = market.space.last_entry();
  CHECK(entry.find("kind")->as_string() == "use.voided/1");
  CHECK(entry.find("body")->find("reason")->as_string() == "content_unreadable");
  CHECK(code_of(market.use(id, "k1")) == "use.voided");
  CHECK(market.use(id, "k2"));
  CHECK(market.uses.show(market.provider.principal, answer->use)->state == "voided");
}

TEST_CASE("uses: what is kept survives a restart, keys too") {
  Market market;
  auto id = market.agree(2);
  auto first = market.use(id, "k1");
  market.space.reopen();
  Contracts contracts{market.space.journal()};
  Uses uses{market.space.journal(), contracts, market.space.content(), market.space.operator_key,
            "a secret"};
  auto again = uses.use(market.consumer.principal, id, "k1", {"training", std::nullopt, 2, 3});
  REQUIRE(again);
  CHECK(again->repeated);
  CHECK(again->receipt == first->receipt);
}

TEST_CASE("uses: every entry about a contract carries the contract's own chain, without a gap") {
  Market market;
  auto id = market.agree(3);
  REQUIRE(market.use(id, "k1"));
  REQUIRE(market.use(id, "k1"));
  REQUIRE(market.use(id, "k2"));
  REQUIRE(market.terminate(market.consumer, id));
  std::string before(64, '0');
  std::int64_t seq = 0;
  for (std::uint64_t n = 0; n < market.space.ledger_size(); ++n) {
    auto entry = market.space.entry(n);
    const auto* contract = entry.find("body")->find("contract");
    if (contract == nullptr || contract->as_string() != id.text()) continue;
    CHECK(entry.find("body")->find("contract_seq")->as_integer() == seq++);
    CHECK(entry.find("body")->find("contract_prev")->as_string() == before);
    before = core::to_hex(ledger::hash_leaf(core::canonical(entry)));
  }
  CHECK(seq == 6);
  CHECK(market.find(id).seq == 6);
}

TEST_CASE("uses: 16 threads on a contract of 100: exactly 100 are granted" *
          doctest::test_suite("concurrent")) {
  Market market;
  auto id = market.agree(100);
  std::atomic<int> granted{0}, refused{0};
  {
    std::vector<std::jthread> pool;
    for (int t = 0; t < 16; ++t) {
      pool.emplace_back([&, t] {
        for (int i = 0; i < 10; ++i) {
          auto answer = market.use(id, std::to_string(t) + "/" + std::to_string(i));
          (answer ? granted : refused) += 1;
        }
      });
    }
  }
  CHECK(granted == 100);
  CHECK(refused == 60);
  CHECK(market.find(id).uses == 100);
}

TEST_CASE("contracts: who offers, accepts and ends, and with whose signature") {
  Market market;
  auto offered = core::encode(market.document(1));
  CHECK(code_of(market.contracts.offer(
            market.consumer.principal, market.once(market.consumer, "o"),
            {offered, market.sign(market.consumer, SignedVerb::offer, offered)})) ==
        "contract.not_your_offer");
  CHECK(code_of(market.contracts.offer(market.provider.principal, market.once(market.provider, "o"),
                                       {offered, market.sign(market.provider, SignedVerb::accept,
                                                             offered)})) == "signature.invalid");
  CHECK(code_of(market.contracts.offer(market.provider.principal, market.once(market.provider, "o"),
                                       {offered, market.sign(market.consumer, SignedVerb::offer,
                                                             offered)})) == "signature.wrong_key");
  auto id = market.id_of(market.offer(offered));
  CHECK(code_of(market.offer(offered)) == "contract.document_in_use");
  CHECK(code_of(market.use(id, "k")) == "contract.not_active");
  auto other = core::encode(market.document(9));
  CHECK(code_of(market.accept(id, other)) == "contract.other_document");
  AcceptCommand by_provider{core::sha256(core::canonical(offered)),
                            market.sign(market.provider, SignedVerb::accept, offered)};
  CHECK(code_of(market.contracts.accept(market.provider.principal,
                                        market.once(market.provider, "a"), id, by_provider)) ==
        "contract.not_consumer");
  CHECK(code_of(market.contracts.accept(market.stranger.principal,
                                        market.once(market.stranger, "a"), id, by_provider)) ==
        "contract.not_found");
  REQUIRE(market.accept(id, offered));
  CHECK(code_of(market.accept(id, offered)) == "contract.not_offered");
  CHECK(code_of(market.terminate(market.stranger, id)) == "contract.not_found");
  REQUIRE(market.terminate(market.consumer, id));
  CHECK(code_of(market.terminate(market.provider, id)) == "contract.terminated");
}

TEST_CASE("contracts: an offer names a published version of the provider's own, with its digest") {
  Market market;
  auto wrong = market.document(1);
  wrong.dataset.digest = core::sha256("other");
  CHECK(code_of(market.offer(core::encode(wrong))) == "contract.dataset_mismatch");
  wrong = market.document(1);
  wrong.dataset.version = 2;
  CHECK(code_of(market.offer(core::encode(wrong))) == "dataset.not_found");
  wrong = market.document(1);
  wrong.parties.consumer = market.space.operator_principal.party;
  CHECK(code_of(market.offer(core::encode(wrong))) == "party.not_a_consumer");
  CHECK(market.contracts.list(market.stranger.principal, 10, std::nullopt).items.empty());
}
