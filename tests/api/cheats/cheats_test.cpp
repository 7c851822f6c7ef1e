// An operator who holds the database and the log's key, and cheats: which layer finds what. The table
// in docs/operator.md is what comes out here.
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "api/cheats/forged_ledger.h"
#include "api/cheats/honest.h"
#include "core/file.h"
#include "space/contracts/entries.h"

using namespace tally;
using core::Json;
using space::ContractId;
using space::SignedVerb;
using test::day_ms;
using test::Detection;
using test::ForgedEntry;
using test::ForgedLedger;
using test::honest;
using test::with;
using Layers = std::set<std::string>;

namespace {

struct Cheater : ForgedLedger {
  Cheater()
      : ForgedLedger(honest().space.database(),
                     ledger::NoteSigner(test::TempSpace::origin, honest().space.log_key)) {}

  // The last entry of that kind (of that contract).
  std::size_t last(std::string_view kind, const std::string& contract = "") const {
    for (std::size_t i = entries.size(); i-- > 0;) {
      if (entries[i].kind != kind) continue;
      if (contract.empty() || entries[i].body.find("contract")->as_string() == contract) return i;
    }
    REQUIRE(false);
    return 0;
  }
  Json& body_of_last(std::string_view kind, const std::string& contract = "") {
    return entries[last(kind, contract)].body;
  }

  // As the product would record the next use of a contract, with the members that are given.
  void add_use(const ContractId& contract, std::vector<std::pair<std::string, Json>> members = {}) {
    auto offer = entries[last("contract.offered/1", contract.text())].body;
    std::int64_t used = 0;
    for (const auto& entry : entries) {
      if (entry.kind == "use.recorded/1" &&
          entry.body.find("contract")->as_string() == contract.text()) {
        ++used;
      }
    }
    ForgedEntry entry = entries[last("use.recorded/1", honest().running.text())];
    entry.at = entries.back().at;
    auto set = [&](std::string_view name, Json value) {
      entry.body = with(entry.body, name, std::move(value));
    };
    set("contract", contract.text());
    set("document", *offer.find("document"));
    set("count_before", used);
    set("count_after", used + 1);
    set("use", "use_01M81000000000000000000" + std::to_string(100 + used));
    set("key", core::to_hex(core::sha256("key of use " + std::to_string(used) + contract.text())));
    for (auto& [name, value] : members) set(name, std::move(value));
    entries.push_back(entry);
  }
  // An entry of the space, at the end.
  template <class Event>
  void add(const Event& event, const std::string& by) {
    entries.push_back({.at = entries.back().at,
                       .by = by,
                       .kind = std::string(Event::kind),
                       .body = core::encode(event)});
  }
  // The offer that waits, accepted in the consumer's name with that key.
  void accept_offer(const test::Member& member) {
    auto document = core::Hash::from_hex(
        body_of_last("contract.offered/1", honest().waiting.text()).find("document")->as_string());
    auto key = honest().rotation.id(member);
    add(space::ContractAccepted{.contract = honest().waiting,
                                .consumer = honest().consumer.party,
                                .document = *document,
                                .key = key,
                                .salt = std::string(32, '0'),
                                .signature =
                                    space::sign({SignedVerb::accept, test::TempSpace::origin,
                                                 honest().consumer.party, key, *document},
                                                member.key)},
        honest().consumer.principal.actor.text());
  }
  // A continuation that nobody else holds yet: signed, and followed by the tables.
  void publish(bool links_contracts = true) {
    write(links_contracts);
    follow_with_tables();
  }
  void drop(std::size_t index) {
    entries.erase(entries.begin() + static_cast<std::ptrdiff_t>(index));
  }
};

struct Cheat {
  const char* words;
  Layers layers;
  std::string code;
  void (*play)(Cheater&);
};

const Layers chain{"chain"};
const Layers conduct{"conduct"};
const Layers outside{"receipts", "witnesses"};
const Layers all_but_chain{"conduct", "receipts", "witnesses"};

const std::vector<Cheat> cheats = {
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
       auto offer = cheater.entries[cheater.last("contract.offered/1", honest().labeled.text())];
       ForgedEntry erasure = offer;
       erasure.at = cheater.entries.back().at;
       erasure.kind = "dataset.version_erased/1";
       erasure.body = Json::object({{"dataset", *offer.body.find("dataset")},
                                    {"salt", std::string(32, '0')},
                                    {"version", *offer.body.find("version")}});
       cheater.entries.push_back(erasure);
       cheater.add_use(honest().labeled, {{"purpose", "labeling"}, {"limit", 5}});
       cheater.entries.back().by = honest().team.principal.actor.text();
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
    // --- labels
    {"a label without a lease", conduct, "label.outside_lease",
     [](Cheater& cheater) {
       auto label = cheater.entries[cheater.last("label.recorded/1")];
       label.at = cheater.entries.back().at;
       label.body = with(label.body, "lease", "lse_01M81000000000000000000999");
       label.body = with(label.body, "answer", "ans_01M81000000000000000000999");
       label.body = with(label.body, "task", "tsk_01M81000000000000000000999");
       cheater.entries.push_back(label);
       cheater.publish();
     }},
    {"a second label under one lease", conduct, "label.lease_answered_twice",
     [](Cheater& cheater) {
       auto label = cheater.entries[cheater.last("label.recorded/1")];
       std::int64_t at = cheater.entries.back().at;
       label.at = at;
       label.body = with(label.body, "leased_at", at - 1000);
       label.body = with(label.body, "leased_until", at + 1000);
       label.body = with(label.body, "answer", "ans_01M81000000000000000000999");
       label.body = with(label.body, "task", "tsk_01M81000000000000000000999");
       cheater.entries.push_back(label);
       cheater.publish();
     }},
    {"a chunk of predictions that does not add up", conduct, "chunk.wrong_counts",
     [](Cheater& cheater) {
       auto chunk = cheater.entries[cheater.last("predictions.imported/1")];
       chunk.at = cheater.entries.back().at;
       chunk.body = with(chunk.body, "chunk", 2);
       chunk.body = with(chunk.body, "accepted", 9);
       cheater.entries.push_back(chunk);
       cheater.publish();
     }},
};

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
  for (const Cheat& cheat : cheats) {
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

TEST_CASE("cheats: the manual's table is what comes out here") {
  auto page = core::read_file(TALLY_SOURCE_DIR "/docs/operator.md");
  REQUIRE(page);
  std::string table;
  for (const Cheat& cheat : cheats) table += row_of(cheat.words, cheat.layers, cheat.code) + "\n";
  std::size_t begin = page->find("|---|---|---|---|---|---|\n");
  REQUIRE(begin != std::string::npos);
  begin = page->find('\n', begin) + 1;
  std::string there = page->substr(begin, page->find("\n\n", begin) + 1 - begin);
  CHECK(there == table);
}
