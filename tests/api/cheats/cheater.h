// The honest space in the hands of an operator who cheats, and what a cheat is.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "api/cheats/forged_ledger.h"
#include "api/cheats/honest.h"
#include "core/sql/sqlite/sqlite.h"
#include "ledger/log_keys.h"
#include "space/commitment.h"
#include "space/contracts/entries.h"

namespace tally::test {

using core::Json;
using Layers = std::set<std::string>;

inline const std::string bee = "[\"bee\"]";  // as labels are spelled

struct Cheater : ForgedLedger {
  Cheater()
      : ForgedLedger(honest().space.database(),
                     ledger::NoteSigner(TempSpace::origin, honest().space.log_key)) {}

  ledger::NoteSigner log_key{TempSpace::origin, honest().space.log_key};
  ledger::NoteSigner next_log_key{TempSpace::origin,
                                  core::SigningKey::from_seed(core::sha256("the next log key"))};

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
  void add_use(const space::ContractId& contract,
               std::vector<std::pair<std::string, Json>> members = {}) {
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
  ledger::LogKeyAdded next_key_added() const {
    return ledger::make_addition(log_key, next_log_key, std::string(32, '0'));
  }
  // The log's key, exchanged as the product would do it, before everybody's eyes.
  void exchange_log_key() {
    add(next_key_added(), "system");
    add(ledger::LogKeyRetired{ledger::format_vkey(log_key.verifier()), std::string(32, '0')},
        "system");
    sign_with({next_log_key});
    publish();
    show();
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
  void accept_offer(const Member& member) {
    auto document = core::Hash::from_hex(
        body_of_last("contract.offered/1", honest().waiting.text()).find("document")->as_string());
    auto key = honest().rotation.id(member);
    add(space::ContractAccepted{.contract = honest().waiting,
                                .consumer = honest().consumer.party,
                                .document = *document,
                                .key = key,
                                .salt = std::string(32, '0'),
                                .signature =
                                    space::sign({space::SignedVerb::accept, TempSpace::origin,
                                                 honest().consumer.party, key, *document},
                                                member.key)},
        honest().consumer.principal.actor.text());
  }
  // As the product would write it after the last entry, about the contract of its last use.
  void add_about_use(std::string_view kind,
                     const std::string& by,
                     std::vector<std::pair<std::string, Json>> members) {
    const std::string contract = honest().running.text();
    Json body = Json::object({{"contract", contract},
                              {"contract_prev", std::string(64, '0')},
                              {"contract_seq", 0},
                              {"salt", std::string(32, '0')},
                              {"use", *body_of_last("use.recorded/1", contract).find("use")}});
    for (auto& [name, value] : members) body = with(body, name, std::move(value));
    entries.push_back({entries.back().at, by, std::string(kind), std::move(body)});
  }
  void void_use(std::int64_t count_after, const std::string& by = "system") {
    add_about_use("use.voided/1", by,
                  {{"count_after", count_after}, {"reason", "content_unreadable"}, {"rule", 0}});
  }
  // The content of that contract's dataset, by its provider.
  void erase_content(const space::ContractId& contract) {
    ForgedEntry erasure = entries[last("contract.offered/1", contract.text())];
    Json dataset = *erasure.body.find("dataset");
    Json version = *erasure.body.find("version");
    erasure.at = entries.back().at;
    erasure.kind = "dataset.version_erased/1";
    erasure.body = Json::object({{"dataset", std::move(dataset)},
                                 {"salt", std::string(32, '0')},
                                 {"version", std::move(version)}});
    entries.push_back(erasure);
  }
  // A label like the last one, under another lease that runs.
  Json& add_label() {
    ForgedEntry label = entries[last("label.recorded/1")];
    std::int64_t at = entries.back().at;
    label.at = at;
    std::string number = std::to_string(100 + entries.size());
    for (const char* name : {"answer", "lease", "task"}) {
      std::string id = label.body.find(name)->as_string();
      label.body = with(label.body, name, id.substr(0, id.size() - 3) + number);
    }
    label.body = with(label.body, "leased_at", at - 1000);
    label.body = with(label.body, "leased_until", at + 1000);
    label.body = with(label.body, "value", space::commitment(std::string(32, '0'), bee));
    entries.push_back(label);
    return entries.back().body;
  }
  // What that label says: a bee.
  void open_label(const Json& label) {
    run("insert into answer_value values ('" + label.find("answer")->as_string() + "', '" + bee +
        "', '" + std::string(32, '0') + "')");
  }
  std::string column(const std::string& sql) const {
    auto connection = core::sql::sqlite::open_reader(database());
    auto statement = connection.driver().prepare(sql);
    REQUIRE(statement->step());
    return std::string(statement->bytes(0));
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

inline const Layers chain{"chain"};
inline const Layers conduct{"conduct"};
inline const Layers outside{"receipts", "witnesses"};
inline const Layers all_but_chain{"conduct", "receipts", "witnesses"};

// Those about the log's keys, about labels and about the tables themselves, for the table's end.
std::vector<Cheat> log_key_cheats();
std::vector<Cheat> label_cheats();
std::vector<Cheat> schema_cheats();

}  // namespace tally::test
