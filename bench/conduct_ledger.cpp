#include "bench/conduct_ledger.h"

#include <algorithm>
#include <vector>

#include "api/conduct.h"
#include "core/hash.h"
#include "core/random.h"
#include "core/sql/migrate.h"
#include "core/sql/sqlite/sqlite.h"
#include "core/sql/writer.h"
#include "labeling/schema.h"
#include "ledger/journal.h"
#include "ledger/source_database.h"
#include "space/commitment.h"
#include "space/contracts/document.h"
#include "space/contracts/entries.h"
#include "space/datasets/dataset.h"
#include "space/documents.h"
#include "space/event.h"
#include "space/opening.h"
#include "space/parties/actor.h"

namespace tally::bench {
namespace {

using namespace space;
using core::sql::Tx;

constexpr std::size_t contracts_count = 64;
constexpr std::uint64_t command_entries = 1'000;
constexpr std::int64_t year_seconds = 365 * 24 * 3'600;

struct Member {
  core::SigningKey key;
  PartyId party;
  ActorId actor;
};

struct Chain {
  ContractId contract;
  core::Hash document;
  std::uint64_t seq = 0;
  core::Hash prev;
  std::uint64_t used = 0;
};

class Maker {
 public:
  Maker(ledger::Journal& journal, std::string origin)
      : journal_(journal), origin_(std::move(origin)) {}

  std::string salt() { return journal_.random.salt(); }
  template <class Id>
  Id id() {
    return Id::make(journal_.ledger.now(), journal_.random);
  }
  template <class Event>
  core::Hash append(Tx& tx, const std::string& by, const Event& event) {
    return append_event(journal_.ledger, tx, by, event)->hash;
  }

  Member join(Tx& tx, const ActorId& by, const std::string& name, Role role) {
    Member member{core::SigningKey::from_seed(core::sha256(name)), id<PartyId>(), id<ActorId>()};
    KeyId key = KeyId::of(member.key.public_key());
    append(tx, member.party.text(),
           PartyRegistered{core::to_hex(core::sha256(name)), key, member.party,
                           member.key.public_key(), salt()});
    append(tx, by.text(), PartyApproved{member.party, {role}, salt()});
    append(tx, member.party.text(),
           ActorAdded{member.actor, journal_.ledger.now().unix_ms + year_seconds * 1'000,
                      member.party, salt(), scopes_of(RoleSet{role}).list()});
    return member;
  }

  DatasetId publish(Tx& tx, const Member& provider) {
    auto dataset = id<DatasetId>();
    std::string by = provider.actor.text();
    std::string drawn = salt();
    append(tx, by,
           DatasetRegistered{dataset, commitment(drawn, "manifest"), provider.party, drawn});
    VersionRegistered version;
    version.bytes = 100;
    version.dataset = dataset;
    version.digest = core::sha256("content");
    version.salt = salt();
    version.manifest = commitment(version.salt, "manifest");
    version.version = 1;
    append(tx, by, version);
    append(tx, by, VersionPublished{dataset, 10, salt(), 1});
    return dataset;
  }

  Signature sign(SignedVerb verb, const Member& member, const core::Hash& document) {
    KeyId key = KeyId::of(member.key.public_key());
    return space::sign({verb, origin_, member.party, key, document}, member.key);
  }

  Chain agree(Tx& tx, const Member& provider, const Member& consumer, const DatasetId& dataset) {
    ContractDocument document;
    document.dataset = {core::sha256("content"), dataset, 1};
    document.format = contract_format;
    document.nonce = salt();
    document.parties = {consumer.party, provider.party};
    document.permissions = {{{Action::read}, {{"count", "lteq", 1'000'000'000}}, {"training"}}};
    std::string bytes = core::canonical(document);
    Chain chain{id<ContractId>(), core::sha256(bytes), 0, {}, 0};
    struct Statements {
      core::sql::Connection& db;
      core::sql::Statement file{db,
                                "insert into document (digest, format, bytes) values (?1, ?2, ?3)"};
    };
    tx.use<Statements>().file(chain.document, contract_format, bytes).run();
    chain.prev =
        append(tx, provider.actor.text(),
               ContractOffered{.contract = chain.contract,
                               .consumer = consumer.party,
                               .dataset = dataset,
                               .dataset_digest = core::sha256("content"),
                               .document = chain.document,
                               .key = KeyId::of(provider.key.public_key()),
                               .provider = provider.party,
                               .salt = salt(),
                               .signature = sign(SignedVerb::offer, provider, chain.document),
                               .version = 1});
    chain.prev =
        append(tx, consumer.actor.text(),
               ContractAccepted{.contract = chain.contract,
                                .contract_prev = chain.prev,
                                .contract_seq = 1,
                                .consumer = consumer.party,
                                .document = chain.document,
                                .key = KeyId::of(consumer.key.public_key()),
                                .salt = salt(),
                                .signature = sign(SignedVerb::accept, consumer, chain.document)});
    chain.seq = 2;
    return chain;
  }

  void use(Tx& tx, const Member& consumer, const DatasetId& dataset, Chain& chain) {
    std::string key = core::to_hex(chain.prev) + std::to_string(chain.used);
    chain.prev = append(tx, consumer.actor.text(),
                        UseRecorded{.action = "read",
                                    .auth = "token",
                                    .contract = chain.contract,
                                    .contract_prev = chain.prev,
                                    .contract_seq = chain.seq,
                                    .count_after = chain.used + 1,
                                    .count_before = chain.used,
                                    .dataset = dataset,
                                    .document = chain.document,
                                    .key = core::sha256(key),
                                    .limit = 1'000'000'000,
                                    .purpose = "training",
                                    .request = core::sha256("request"),
                                    .rule = 0,
                                    .salt = salt(),
                                    .unit = "call",
                                    .use = id<UseId>(),
                                    .version = 1});
    chain.seq += 1;
    chain.used += 1;
  }

 private:
  ledger::Journal& journal_;
  std::string origin_;
};

// The tables that an honest server would have: what the replay gives.
void fill_tables(const std::string& path, const ledger::VerifierKey& key) {
  auto connection = core::sql::sqlite::open_writer(path);
  auto replayers = api::all_replayers();
  connection.run("pragma foreign_keys = off; begin");
  const auto& tables = replayers.projection();
  for (auto table = tables.rbegin(); table != tables.rend(); ++table) {
    connection.driver().run_script("delete from " + std::string(table->name));
  }
  Tx tx(connection);
  FiledDocuments documents(tx);
  ledger::Replay replay(tx, documents, key);
  replayers.begin(replay);
  auto reading = core::sql::sqlite::open_reader(path);
  core::sql::Session session(reading);
  ledger::DatabaseSource source(session);
  ledger::visit_entries(source, 0,
                        [&](std::string_view entry) { return replayers.replay(replay, entry); });
  replayers.end(replay);
  if (!replay.findings().empty()) throw core::Broken(replay.findings()[0].words);
  connection.run(R"(
    drop table conduct_finding; drop table conduct_revoked; drop table conduct_contract;
    drop table conduct_missing; drop table conduct_erased; drop table conduct_document;
    drop table conduct_task; drop table conduct_project; drop table conduct_download;
    drop table conduct_panel; drop table conduct_model; drop table conduct_manifest;
    drop index conduct_answer_of_lease;
    insert into dataset_manifest (dataset, document) select id, 'manifest' from dataset;
    insert into dataset_version_manifest (dataset, version, document)
      select dataset, version, 'manifest' from dataset_version;
    commit
  )");
}

}  // namespace

void make_conduct_ledger(const std::string& path,
                         const ledger::NoteSigner& log,
                         std::uint64_t entries) {
  {
    core::SeededRandom random(1);
    ledger::Ledger ledger(log, core::system_clock(), random);
    auto connection = core::sql::sqlite::open_writer(path);
    core::sql::migrate(connection, labeling::schema_files());
    {
      core::sql::Session session(connection);
      ledger.open(session);
    }
    core::sql::Writer writer(std::move(connection), ledger, {});
    core::sql::Readers readers([path] { return core::sql::sqlite::open_reader(path); });
    core::ShredKeys keys(core::sql::sqlite::open_memory(), random);
    ledger::Journal journal{writer, readers, ledger, random, keys};
    auto operator_key = core::SigningKey::from_seed(core::sha256("operator"));
    auto opened = open_space(journal, operator_key, "The operator", year_seconds);
    if (!opened) throw core::Broken(opened.error().message);
    Maker maker(journal, log.verifier().name);
    std::vector<Chain> chains;
    Member consumer{operator_key, {}, {}};
    DatasetId dataset;
    auto must = [&](const std::function<void(Tx&)>& change) {
      auto done = writer.run([&](Tx& tx) -> core::Result<core::Done> {
        change(tx);
        return core::Done{};
      });
      if (!done) throw core::Broken(done.error().message);
    };
    must([&](Tx& tx) {
      Member provider = maker.join(tx, opened->principal.actor, "provider", Role::provider);
      consumer = maker.join(tx, opened->principal.actor, "consumer", Role::consumer);
      dataset = maker.publish(tx, provider);
      for (std::size_t i = 0; i < contracts_count; ++i) {
        chains.push_back(maker.agree(tx, provider, consumer, dataset));
      }
    });
    for (std::uint64_t made = ledger.size(); made < entries;) {
      std::uint64_t until = std::min(entries, made + command_entries);
      must([&](Tx& tx) {
        for (; made < until; ++made)
          maker.use(tx, consumer, dataset, chains[made % contracts_count]);
      });
    }
  }
  fill_tables(path, log.verifier());
}

}  // namespace tally::bench
