// An operator who holds the database and the log's key, and cheats: which layer finds what. The table
// in docs/operator.md is what comes out here.
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "api/cheats/cheater.h"
#include "core/file.h"

using namespace tally;
using namespace tally::test;
using space::SignedVerb;

namespace {

const std::vector<Cheat> other_cheats = {
    // --- a hand in the database
    {"an entry is dropped", chain, "entry.wrong_seq",
     [](Cheater& cheater) {
       auto bytes = cheater.bytes();
       bytes.erase(bytes.begin() + 30);
       cheater.write_bytes(bytes);
     }},
    {"an entry is edited", chain, "entry.changed",
     [](Cheater& cheater) {
       auto bytes = cheater.bytes();
       auto& use = bytes[cheater.last("use.recorded/1")];
       use.replace(use.find("training"), 8, "research");
       cheater.write_bytes(bytes);
     }},
    {"two entries are put in another order", chain, "entry.wrong_seq",
     [](Cheater& cheater) {
       auto bytes = cheater.bytes();
       std::swap(bytes[30], bytes[31]);
       cheater.write_bytes(bytes);
     }},
    {"an entry is there twice", chain, "entry.wrong_seq",
     [](Cheater& cheater) {
       auto bytes = cheater.bytes();
       bytes.insert(bytes.begin() + 30, bytes[30]);
       cheater.write_bytes(bytes);
     }},
    {"an entry is dated before the one that it follows", chain, "entry.time_went_back",
     [](Cheater& cheater) {
       cheater.add_use(honest().expired);
       cheater.entries.back().at -= 3 * day_ms;
       cheater.publish();
     }},
    // --- history is made anew, and signed
    {"a use is taken out of history, which is linked and signed again", outside, "",
     [](Cheater& cheater) {
       cheater.drop(cheater.last("use.recorded/1"));
       cheater.publish();
     }},
    {"a use gets another purpose in history, which is signed again", all_but_chain,
     "contract.purpose_not_permitted",
     [](Cheater& cheater) {
       auto& body = cheater.body_of_last("use.recorded/1");
       body = with(body, "purpose", "research");
       cheater.publish();
     }},
    {"the end of a contract is taken out of history, which is signed again", outside, "",
     [](Cheater& cheater) {
       cheater.drop(cheater.last("contract.terminated/1"));
       cheater.publish();
     }},
    {"one reader is shown another last use than all others", outside, "",
     [](Cheater& cheater) {
       auto& body = cheater.body_of_last("use.recorded/1");
       body = with(body, "salt", std::string(32, '0'));
       cheater.publish();
     }},
    {"an old backup goes on as if nothing had followed", outside, "",
     [](Cheater& cheater) {
       cheater.entries.resize(cheater.entries.size() - 10);
       cheater.publish();
     }},
    {"a party's key is exchanged in history, which is signed again", all_but_chain,
     "contract.wrong_key",
     [](Cheater& cheater) {
       auto key = core::SigningKey::from_seed(core::sha256("the operator's own")).public_key();
       for (auto& entry : cheater.entries) {
         if (entry.by != honest().consumer.party.text()) continue;
         if (entry.kind != "party.registered/1") continue;
         entry.body = with(entry.body, "public_key", core::to_hex(key));
         entry.body = with(entry.body, "key", space::KeyId::of(key).text());
       }
       cheater.publish();
     }},
    // --- what was agreed
    {"a limit is raised in the filed document", conduct, "document.altered",
     [](Cheater& cheater) {
       cheater.run("update document set bytes = replace(bytes, '\"value\":3}', '\"value\":9}')");
     }},
    {"a limit is raised in the meter", conduct, "projection.differs",
     [](Cheater& cheater) { cheater.run("update meter set allowed = 9 where allowed = 3"); }},
    {"a contract is accepted with a signature that the consumer did not make", conduct,
     "contract.signature_invalid",
     [](Cheater& cheater) {
       auto offer = cheater.entries[cheater.last("contract.offered/1")];
       auto accept = cheater.entries[cheater.last("contract.accepted/1")];
       offer.at = accept.at = cheater.entries.back().at;
       Json document = core::encode(honest().document(9));
       std::string digest = core::to_hex(core::sha256(core::canonical(document)));
       auto forged = honest().sign(honest().stranger, SignedVerb::accept, document);
       auto real = honest().sign(honest().provider, SignedVerb::offer, document);
       const std::string id = "ctr_01M81000000000000000000999";
       for (auto* entry : {&offer, &accept}) {
         entry->body = with(entry->body, "contract", id);
         entry->body = with(entry->body, "document", digest);
       }
       auto consumer = honest().consumer;
       offer.by = honest().provider.principal.actor.text();
       offer.body = with(offer.body, "consumer", consumer.party.text());
       offer.body = with(offer.body, "signature", real.signature.text());
       accept.by = consumer.principal.actor.text();
       accept.body = with(accept.body, "consumer", consumer.party.text());
       accept.body = with(accept.body, "key", space::KeyId::of(consumer.key.public_key()).text());
       accept.body = with(accept.body, "signature", forged.signature.text());
       cheater.run("insert into document values (x'" + digest + "', 'tallystick/contract/v1', '" +
                   core::canonical(document) + "')");
       cheater.entries.push_back(offer);
       cheater.entries.push_back(accept);
       cheater.publish();
     }},
    {"a document is taken away without an entry, and the meter set back", conduct,
     "document.missing",
     [](Cheater& cheater) {
       cheater.run("delete from document; update meter set allowed = 9, used = 0");
     }},
    {"the tables of a contract whose document was erased are changed", conduct,
     "projection.differs",
     [](Cheater& cheater) {
       auto erasure = cheater.entries[cheater.last("contract.offered/1", honest().ended.text())];
       Json document = *erasure.body.find("document");
       erasure.at = cheater.entries.back().at;
       erasure.kind = "contract.document_erased/1";
       erasure.body = Json::object({{"contract", honest().ended.text()},
                                    {"contract_prev", std::string(64, '0')},
                                    {"contract_seq", 0},
                                    {"document", std::move(document)},
                                    {"salt", std::string(32, '0')}});
       cheater.entries.push_back(erasure);
       cheater.publish();
       cheater.run(
           "update document set bytes = '' where digest = (select document from contract where id "
           "= '" +
           honest().ended.text() + "'); update meter set used = 0 where contract = '" +
           honest().ended.text() + "'");
     }},
    {"the root beside an earlier batch is changed", conduct, "batch.wrong_root",
     [](Cheater& cheater) {
       cheater.run(
           "update ledger_batch set root = zeroblob(32) where size = (select min(size) from "
           "ledger_batch)");
     }},
    // --- uses
    {"data is used, and the tables moved, without an entry", conduct, "projection.differs",
     [](Cheater& cheater) {
       cheater.run("update meter set used = used + 1 where contract = '" + honest().labeled.text() +
                   "'; update contract set uses = uses + 1 where id = '" + honest().labeled.text() +
                   "'");
     }},
    {"a use has an entry, and the tables do not know it", conduct, "projection.differs",
     [](Cheater& cheater) {
       cheater.add_use(honest().labeled, {{"purpose", "labeling"}, {"limit", 5}});
       cheater.entries.back().by = honest().team.principal.actor.text();
       cheater.write();
     }},
    {"a use outside its purpose", conduct, "contract.purpose_not_permitted",
     [](Cheater& cheater) {
       cheater.add_use(honest().labeled, {{"purpose", "training"}, {"limit", 5}});
       cheater.entries.back().by = honest().team.principal.actor.text();
       cheater.publish();
     }},
    {"a use after the contract's time", conduct, "contract.expired",
     [](Cheater& cheater) {
       cheater.add_use(honest().expired);
       cheater.publish();
     }},
    {"a use beyond the contract's count", conduct, "contract.uses_exhausted",
     [](Cheater& cheater) {
       cheater.add_use(honest().running);
       cheater.publish();
     }},
    {"a use that is counted as if the one before it had not been", conduct, "use.count_broken",
     [](Cheater& cheater) {
       cheater.add_use(
           honest().labeled,
           {{"purpose", "labeling"}, {"limit", 5}, {"count_before", 0}, {"count_after", 1}});
       cheater.entries.back().by = honest().team.principal.actor.text();
       cheater.publish();
     }},
    {"a use of a contract that was ended", conduct, "contract.terminated",
     [](Cheater& cheater) {
       cheater.add_use(honest().ended);
       cheater.publish();
     }},
    {"one key is charged twice", conduct, "use.key_charged_twice",
     [](Cheater& cheater) {
       Json key = *cheater.body_of_last("use.recorded/1", honest().labeled.text()).find("key");
       cheater.add_use(honest().labeled,
                       {{"purpose", "labeling"}, {"limit", 5}, {"key", std::move(key)}});
       cheater.entries.back().by = honest().team.principal.actor.text();
       cheater.publish();
     }},
    {"an entry is left out of a contract's own chain", conduct, "contract.chain_broken",
     [](Cheater& cheater) {
       cheater.add_use(honest().labeled, {{"purpose", "labeling"}, {"limit", 5}});
       cheater.entries.back().by = honest().team.principal.actor.text();
       auto& body = cheater.entries.back().body;
       body = with(body, "contract_seq", 7);
       cheater.publish(false);
     }},
    {"a use in the name of a party by an actor of another", conduct, "actor.of_another_party",
     [](Cheater& cheater) {
       cheater.add_use(honest().labeled, {{"purpose", "labeling"}, {"limit", 5}});
       cheater.publish();
     }},
    {"a token that was given more rights in its table", conduct, "projection.differs",
     [](Cheater& cheater) {
       cheater.run("update actor set scopes = scopes || ' ledger:read' where scopes like '%use%'");
     }},
    // --- voids
    {"a use is voided by another than the server", conduct, "entry.wrong_author",
     [](Cheater& cheater) {
       cheater.void_use(2, honest().consumer.principal.actor.text());
       cheater.publish();
     }},
    {"a use is voided twice", conduct, "use.voided",
     [](Cheater& cheater) {
       cheater.void_use(2);
       cheater.void_use(1);
       cheater.publish();
     }},
    {"a use is voided long after its delivery could break off", conduct, "use.voided_too_late",
     [](Cheater& cheater) {
       cheater.void_use(2);
       cheater.entries.back().at += 6 * 60'000;
       cheater.publish();
     }},
    {"a use is voided that was no download", conduct, "use.not_a_download",
     [](Cheater& cheater) {
       Json use = *cheater.body_of_last("use.recorded/1", honest().labeled.text()).find("use");
       cheater.void_use(0);
       auto& body = cheater.entries.back().body;
       body = with(body, "contract", honest().labeled.text());
       body = with(body, "use", std::move(use));
       cheater.publish();
     }},
    {"a use is voided that was never made", conduct, "use.unknown",
     [](Cheater& cheater) {
       cheater.void_use(2);
       auto& body = cheater.entries.back().body;
       body = with(body, "use", "use_01M81000000000000000000999");
       cheater.publish();
     }},
    // --- erasures
    {"the document of a contract that has not ended is erased", conduct, "contract.not_terminated",
     [](Cheater& cheater) {
       auto erasure = cheater.entries[cheater.last("use.recorded/1", honest().running.text())];
       erasure.at = cheater.entries.back().at;
       erasure.kind = "contract.document_erased/1";
       erasure.body = Json::object({{"contract", honest().running.text()},
                                    {"contract_prev", std::string(64, '0')},
                                    {"contract_seq", 0},
                                    {"document", *erasure.body.find("document")},
                                    {"salt", std::string(32, '0')}});
       cheater.entries.push_back(erasure);
       cheater.publish();
     }},
    {"a use of content that was erased before", conduct, "dataset.version_erased",
     [](Cheater& cheater) {
       cheater.erase_content(honest().labeled);
       cheater.add_use(honest().labeled, {{"purpose", "labeling"}, {"limit", 5}});
       cheater.entries.back().by = honest().team.principal.actor.text();
       cheater.publish();
     }},
    {"content is delivered again after it was erased", conduct, "dataset.version_erased",
     [](Cheater& cheater) {
       cheater.erase_content(honest().running);
       cheater.add_about_use("use.redelivered/1", honest().consumer.principal.actor.text(),
                             {{"delivery", 1}});
       cheater.publish();
     }},
    {"a party is erased by another one", conduct, "actor.of_another_party",
     [](Cheater& cheater) {
       auto offer = cheater.entries[cheater.last("contract.offered/1", honest().labeled.text())];
       offer.at = cheater.entries.back().at;
       offer.kind = "party.erased/1";
       offer.body =
           Json::object({{"party", honest().team.party.text()}, {"salt", std::string(32, '0')}});
       cheater.entries.push_back(offer);
       cheater.publish();
     }},
    {"an actor is erased by another party", conduct, "actor.of_another_party",
     [](Cheater& cheater) {
       auto offer = cheater.entries[cheater.last("contract.offered/1", honest().labeled.text())];
       offer.at = cheater.entries.back().at;
       offer.kind = "actor.erased/1";
       offer.body = Json::object(
           {{"actor", honest().team.principal.actor.text()}, {"salt", std::string(32, '0')}});
       cheater.entries.push_back(offer);
       cheater.publish();
     }},
    // --- keys
    {"a contract is accepted with a key that was retired before", conduct, "key.retired",
     [](Cheater& cheater) {
       auto retired = honest().retired(honest().second, honest().consumer);
       retired.signature = std::nullopt;  // by the operator: it may do so
       retired.signer = std::nullopt;
       cheater.add(retired, honest().space.operator_principal.actor.text());
       cheater.accept_offer(honest().consumer);
       cheater.publish();
     }},
    {"a contract is accepted with the key of another party", conduct, "contract.wrong_key",
     [](Cheater& cheater) {
       cheater.accept_offer(honest().rotation.with_party(honest().consumer, honest().stranger));
       cheater.publish();
     }},
    {"a key is added that no key of the party lets in", conduct, "signature.invalid",
     [](Cheater& cheater) {
       auto added = honest().added(honest().consumer, honest().second);
       added.signature = added.possession;  // all that its maker can sign
       cheater.add(added, honest().consumer.party.text());
       cheater.publish();
     }},
    {"a key is added that nobody shows to hold", conduct, "key.not_possessed",
     [](Cheater& cheater) {
       auto added = honest().added(honest().consumer, honest().second);
       added.possession = added.signature;
       cheater.add(added, honest().consumer.party.text());
       cheater.publish();
     }},
    {"a key of one party is given to another", conduct, "party.key_in_use",
     [](Cheater& cheater) {
       auto same = honest().rotation.with_party(honest().consumer, honest().stranger);
       cheater.add(honest().added(honest().consumer, same), honest().consumer.party.text());
       cheater.publish();
     }},
    {"a key is retired in the name of its party, without its signature", conduct,
     "signature.invalid",
     [](Cheater& cheater) {
       auto retired = honest().retired(honest().second, honest().consumer);
       retired.signer = honest().rotation.id(honest().consumer);
       cheater.add(retired, honest().consumer.party.text());
       cheater.publish();
     }},
};

std::vector<Cheat> all_cheats() {
  auto cheats = other_cheats;
  for (const auto& more : {log_key_cheats(), label_cheats(), schema_cheats()})
    cheats.insert(cheats.end(), more.begin(), more.end());
  return cheats;
}

std::string row_of(const std::string& words, const Layers& layers, const std::string& code) {
  std::string row = "| " + words + " |";
  for (const char* layer : {"chain", "receipts", "witnesses", "conduct"}) {
    row += layers.contains(layer) ? " found |" : " |";
  }
  return row + (code.empty() ? " |" : " `" + code + "` |");
}

std::string joined(const Layers& layers) {
  std::string text;
  for (const auto& layer : layers) text += (text.empty() ? "" : " ") + layer;
  return text;
}

}  // namespace

TEST_CASE("cheats: an honest operator is found by no layer") {
  Cheater nobody;
  auto before = nobody.detect(honest().memory);
  CHECK(joined(before.layers) == "");
  CHECK(before.code == "");
  nobody.publish();  // made again, byte for byte
  auto after = nobody.detect(honest().memory);
  CHECK(joined(after.layers) == "");
  CHECK(nobody.head() == honest().memory.witnessed);
}

TEST_CASE("cheats: each is found by exactly the layers that the manual names") {
  for (const Cheat& cheat : all_cheats()) {
    CAPTURE(std::string(cheat.words));
    Cheater cheater;
    cheat.play(cheater);
    auto detection = cheater.detect(honest().memory);
    CHECK(joined(detection.layers) == joined(cheat.layers));
    CHECK(detection.code == cheat.code);
    CHECK_FALSE(cheat.layers.empty());
  }
}

TEST_CASE("cheats: a use that only a token vouches for is out of reach, and counted as asserted") {
  Cheater cheater;
  auto before = cheater.detect(honest().memory).asserted;
  cheater.add_use(honest().labeled, {{"purpose", "labeling"}, {"limit", 5}});
  cheater.entries.back().by = honest().team.principal.actor.text();
  cheater.publish();
  auto detection = cheater.detect(honest().memory);
  CHECK(joined(detection.layers) == "");
  CHECK(detection.asserted == before + 1);
}

TEST_CASE("cheats: a label under an invented lease is out of reach, and counted as asserted") {
  Cheater cheater;
  auto before = cheater.detect(honest().memory).labels;
  Json label = cheater.add_label();
  std::string task = cheater.column("select id from task where state = 'open'");
  auto& body = cheater.entries.back().body;
  body = label = with(label, "task", task);
  cheater.publish();
  cheater.open_label(label);
  cheater.run(
      "update task set answers = 1, free_seats = 0, state = 'decided', labels = '[\"bee\"]' where "
      "id = '" +
      task + "'");
  auto detection = cheater.detect(honest().memory);
  CHECK(joined(detection.layers) == "");
  CHECK(detection.code == "");
  CHECK(detection.labels == before + 1);
}

TEST_CASE("cheats: the manual's table is what comes out here") {
  auto page = core::read_file(TALLY_SOURCE_DIR "/docs/operator.md");
  REQUIRE(page);
  std::string table;
  for (const Cheat& cheat : all_cheats())
    table += row_of(cheat.words, cheat.layers, cheat.code) + "\n";
  std::size_t begin = page->find("|---|---|---|---|---|---|\n");
  REQUIRE(begin != std::string::npos);
  begin = page->find('\n', begin) + 1;
  std::string there = page->substr(begin, page->find("\n\n", begin) + 1 - begin);
  CHECK(there == table);
}
