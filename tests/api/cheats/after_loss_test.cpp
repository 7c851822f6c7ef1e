// The operator of a ledger that was lost in part and goes on as another one, and cheats. The second table
// in docs/operator.md is what comes out here.
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "api/cheats/forged_ledger.h"
#include "api/cheats/honest.h"
#include "api/cheats/regained.h"
#include "core/file.h"

using namespace tally;
using core::Json;
using space::ContractId;
using test::ForgedEntry;
using test::ForgedLedger;
using test::honest;
using test::with;

namespace {

// The operator of a ledger that was lost in part and goes on: what it may do before the parties have
// confirmed their counts, and what it may leave out of what it carries over.
struct Regainer : ForgedLedger {
  Regainer() : ForgedLedger(test::regained().database(), test::regained().log()) {}

  // Behind the last entry of the contract, whose own chain begins in the old log.
  void add(const ContractId& contract, ForgedEntry entry) {
    auto [seq, prev] = test::regained().chain_of(contract);
    entry.at = entries.back().at;
    entry.body = with(entry.body, "contract_seq", static_cast<std::int64_t>(seq));
    entry.body = with(entry.body, "contract_prev", core::to_hex(prev));
    entries.push_back(std::move(entry));
  }
  // The next one of a contract that is held.
  void add_use() {
    auto use = carried("use.recorded/1", honest().labeled);
    use.body = with(use.body, "count_before", 1);
    use.body = with(use.body, "count_after", 2);
    use.body = with(use.body, "use", "use_01M81000000000000000000777");
    use.body = with(use.body, "key", core::to_hex(core::sha256("another key")));
    add(honest().labeled, use);
  }
  // An entry that was carried over, as it stood.
  ForgedEntry carried(std::string_view kind, const ContractId& contract) const {
    for (std::size_t i = entries.size(); i-- > 0;) {
      const Json* entry = entries[i].body.find("entry");
      if (entry == nullptr || entry->find("kind")->as_string() != kind) continue;
      const Json& body = *entry->find("body");
      if (body.find("contract")->as_string() != contract.text()) continue;
      return {0, entry->find("by")->as_string(), std::string(kind), body};
    }
    REQUIRE(false);
    return {};
  }
  void publish() {
    write(false);
    follow_with_tables();
  }
};

struct Cheat {
  const char* words;
  std::string code;
  void (*play)(Regainer&);
};

const std::vector<Cheat> cheats = {
    {"a contract is used that its parties have not confirmed", "contract.held",
     [](Regainer& cheater) {
       cheater.add_use();
       cheater.publish();
     }},
    {"a use is left out of what is carried over", "ledger.not_carried_whole",
     [](Regainer& cheater) {
       for (std::size_t i = cheater.entries.size(); i-- > 0;) {
         const Json* entry = cheater.entries[i].body.find("entry");
         if (entry == nullptr || entry->find("kind")->as_string() != "use.recorded/1") continue;
         cheater.entries.erase(cheater.entries.begin() + static_cast<std::ptrdiff_t>(i));
         break;
       }
       cheater.publish();
     }},
    {"a count is confirmed that the party did not sign", "contract.signature_invalid",
     [](Regainer& cheater) {
       auto offer = cheater.carried("contract.offered/1", honest().labeled);
       space::ContractConfirmed event;
       event.contract = honest().labeled;
       event.document = *core::Hash::from_hex(offer.body.find("document")->as_string());
       event.key = *space::KeyId::parse(offer.body.find("key")->as_string());
       event.party = honest().provider.party;
       event.salt = "000102030405060708090a0b0c0d0e0f";
       event.signature = *space::Signature::parse(offer.body.find("signature")->as_string());
       event.used = {1};
       cheater.add(honest().labeled,
                   {0, offer.by, std::string(space::ContractConfirmed::kind), core::encode(event)});
       cheater.publish();
     }},
    {"the old log is said to have had another key", "ledger.wrong_key",
     [](Regainer& cheater) {
       ledger::NoteSigner other(test::TempSpace::origin,
                                core::SigningKey::from_seed(core::sha256("another")));
       auto& body = cheater.entries[0].body;
       body = with(body, "continues",
                   with(*body.find("continues"), "log_key", ledger::format_vkey(other.verifier())));
       cheater.publish();
     }},
    {"a key that the old log does not know is said to be the operator's",
     "ledger.wrong_operator_key",
     [](Regainer& cheater) {
       auto other = core::SigningKey::from_seed(core::sha256("another"));
       auto& body = cheater.entries[0].body;
       body = with(body, "operator_key", core::to_hex(other.public_key()));
       cheater.publish();
     }},
    {"the end of what is taken back is left out, and so no contract is held",
     "ledger.not_continued",
     [](Regainer& cheater) {
       REQUIRE(cheater.entries.back().kind == space::LedgerContinued::kind);
       cheater.entries.pop_back();
       cheater.add_use();
       cheater.publish();
     }},
};

}  // namespace

TEST_CASE("cheats: a ledger that goes on after a loss is honest, until its operator cheats") {
  auto memory = test::regained().memory();
  Regainer nobody;
  auto before = nobody.detect(memory);
  CHECK(before.layers.empty());
  CHECK(before.code == "");
  for (const Cheat& cheat : cheats) {
    CAPTURE(std::string(cheat.words));
    Regainer cheater;
    cheat.play(cheater);
    auto detection = cheater.detect(memory);
    CHECK(detection.layers.contains("conduct"));
    CHECK_FALSE(detection.layers.contains("chain"));
    CHECK(detection.code == cheat.code);
  }
}

TEST_CASE("cheats: the manual's table of what may be tried after a loss is what comes out here") {
  auto page = core::read_file(TALLY_SOURCE_DIR "/docs/operator.md");
  REQUIRE(page);
  std::string table;
  for (const Cheat& cheat : cheats)
    table += "| " + std::string(cheat.words) + " | `" + cheat.code + "` |\n";
  std::size_t begin = page->find("\n|---|---|\n");
  REQUIRE(begin != std::string::npos);
  begin = page->find("|\n", begin) + 2;
  CHECK(page->substr(begin, page->find("\n\n", begin) + 1 - begin) == table);
}
