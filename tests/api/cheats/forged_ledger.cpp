#include "api/cheats/forged_ledger.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <utility>

#include <doctest/doctest.h>

#include "api/conduct.h"
#include "core/sql/migrate.h"
#include "core/sql/sqlite/sqlite.h"
#include "ledger/auditor.h"
#include "ledger/checkpoint.h"
#include "ledger/envelope.h"
#include "ledger/proof.h"
#include "ledger/source_database.h"
#include "ledger/store.h"
#include "ledger/tile.h"
#include "space/documents.h"

namespace tally::test {
namespace {

using core::Hash;
using core::Json;
using core::sql::Blob;
using core::sql::Connection;
using core::sql::Session;

std::vector<std::string> read_entries(const std::string& database) {
  auto connection = core::sql::sqlite::open_reader(database);
  Session session(connection);
  ledger::DatabaseSource source(session);
  std::vector<std::string> entries;
  ledger::visit_entries(source, 0, [&](std::string_view entry) {
    entries.emplace_back(entry);
    return true;
  });
  return entries;
}

ForgedEntry parse(const std::string& bytes) {
  auto envelope = ledger::read_envelope(bytes);
  REQUIRE(envelope);
  return {envelope->at, std::string(envelope->by), std::string(envelope->kind),
          *core::parse_json(envelope->body)};
}

std::string spell(const ForgedEntry& entry, const Hash& prev, std::size_t seq) {
  return "{\"at\":" + std::to_string(entry.at) + ",\"body\":" + core::canonical(entry.body) +
         ",\"by\":\"" + entry.by + "\",\"kind\":\"" + entry.kind + "\",\"prev\":\"" +
         core::to_hex(prev) + "\",\"seq\":" + std::to_string(seq) + "}";
}

std::string framed(const std::vector<std::string>& entries) {
  std::string bundle;
  for (const auto& entry : entries) ledger::append_to_bundle(bundle, entry);
  return bundle;
}

struct Writes {
  Connection& db;
  core::sql::Statement tail{db, "insert into ledger_tail values (0, ?1, ?2)"};
  core::sql::Statement tile{db, "insert into ledger_tile values (0, 0, ?1)"};
  core::sql::Statement head{db, "insert into ledger_head values (1, ?1, ?2, ?3, ?4, ?5, 1)"};
  core::sql::Statement batch{db, "insert into ledger_batch values (?1, ?2)"};
  core::sql::Statement checkpoint{db, "insert into ledger_checkpoint values (1, ?1, ?2)"};
};

// From what was shown before to what is shown now: the operator must prove that it is consistent.
bool extends(const ledger::TreeHead& before, const ledger::TreeHead& now, Session& session) {
  if (before.size > now.size) return false;
  ledger::TileSubtrees subtrees([&](unsigned level, std::uint64_t tile) {
    return ledger::read_tile(session, level, tile).value_or("");
  });
  return ledger::verifies(ledger::prove_consistency(subtrees, before.size, now.size), before.root,
                          now.root);
}

}  // namespace

Json with(const Json& object, std::string_view name, Json value) {
  Json::Object members = object.as_object();
  for (auto& member : members) {
    if (member.name == name) {
      member.value = std::move(value);
      return members;
    }
  }
  members.push_back({std::string(name), std::move(value)});
  return members;
}

ForgedLedger::ForgedLedger(const std::string& database, ledger::NoteSigner log)
    : database_(directory_.file("forged.db")), signers_{log}, known_(log.verifier()) {
  for (const char* suffix : {"", "-wal"}) {
    if (std::filesystem::exists(database + suffix)) {
      std::filesystem::copy_file(database + suffix, database_ + suffix);
    }
  }
  for (const auto& bytes : read_entries(database_)) entries.push_back(parse(bytes));
  REQUIRE(entries.size() < 256);  // in the tail: one tile, and no bundle
}

void ForgedLedger::sign_with(std::vector<ledger::NoteSigner> signers) {
  signers_ = std::move(signers);
  std::vector<ledger::VerifierKey> known(known_.all().begin(), known_.all().end());
  for (const auto& signer : signers_) {
    if (!known_.holds(signer.verifier())) known.push_back(signer.verifier());
  }
  known_ = *ledger::LogKeys::of(std::move(known));
}

void ForgedLedger::show() {
  auto connection = core::sql::sqlite::open_reader(database_);
  Session session(connection);
  ledger::TileSubtrees subtrees([&](unsigned level, std::uint64_t tile) {
    return ledger::read_tile(session, level, tile).value_or("");
  });
  auto now = head();
  auto proof = ledger::prove_inclusion(subtrees, now.size - 1, now.size);
  auto note = ledger::DatabaseSource(session).edge().checkpoints.front().note;
  shown_ = Memory{{ledger::format_receipt(bytes().back(), proof, note)}, now};
}

std::vector<std::string> ForgedLedger::bytes() const { return read_entries(database_); }

void ForgedLedger::run(const std::string& sql) {
  auto connection = core::sql::sqlite::open_writer(database_);
  connection.run("pragma ignore_check_constraints = on; pragma foreign_keys = off");
  connection.driver().run_script(sql);
}

void ForgedLedger::write_bytes(const std::vector<std::string>& bytes) {
  auto connection = core::sql::sqlite::open_writer(database_);
  connection.run("delete from ledger_tail");
  Session session(connection);
  session.use<Writes>().tail(bytes.size(), Blob{framed(bytes)}).run();
}

// The chains of contracts go through the hashes of entries, which depend on the chains.
void ForgedLedger::write(bool links_contracts) {
  std::vector<std::string> bytes;
  std::map<std::string, std::pair<std::int64_t, Hash>> contracts;
  Hash prev;
  for (auto& entry : entries) {
    const Json* contract = entry.body.find("contract");
    bool is_linked = links_contracts && entry.body.find("contract_seq") != nullptr;
    std::string id = is_linked ? contract->as_string() : "";
    if (is_linked) {
      auto& [seq, last] = contracts[id];
      entry.body = with(entry.body, "contract_seq", seq);
      entry.body = with(entry.body, "contract_prev", core::to_hex(last));
    }
    bytes.push_back(spell(entry, prev, bytes.size()));
    prev = ledger::hash_leaf(bytes.back());
    if (is_linked) contracts[id] = {contracts[id].first + 1, prev};
  }
  auto connection = core::sql::sqlite::open_writer(database_);
  store(bytes, connection);
}

void ForgedLedger::store(const std::vector<std::string>& bytes, Connection& connection) {
  connection.run(
      "delete from ledger_tail; delete from ledger_tile; delete from ledger_head;"
      "delete from ledger_batch; delete from ledger_checkpoint; delete from ledger_bundle;");
  ledger::Edge edge;
  std::string tile;
  Hash last;
  for (const auto& entry : bytes) {
    last = ledger::hash_leaf(entry);
    edge.append(last);
    tile += last.view();
  }
  std::string edge_bytes;
  for (const Hash& hash : edge.hashes()) edge_bytes += hash.view();
  Session session(connection);
  auto& sql = session.use<Writes>();
  sql.tail(bytes.size(), Blob{framed(bytes)}).run();
  sql.tile(Blob{tile}).run();
  sql.head(bytes.size(), edge.root(), Blob{edge_bytes}, last, entries.back().at).run();
  sql.batch(bytes.size(), edge.root()).run();
  ledger::Note note{ledger::format_checkpoint({.origin = known_.origin(), .head = edge.head()}),
                    {}};
  for (const auto& signer : signers_) note.signatures.push_back(sign_line(note.text, signer));
  sql.checkpoint(bytes.size(), ledger::format_note(note)).run();
}

void ForgedLedger::follow_with_tables() {
  auto connection = core::sql::sqlite::open_writer(database_);
  connection.run(R"(
    pragma ignore_check_constraints = on;
    pragma foreign_keys = off;
    delete from answer; delete from line_chunk; delete from project_count; delete from project;
    delete from contract_hold; delete from use_record; delete from meter; delete from contract; delete from dataset_version;
    delete from dataset; delete from erasure; delete from actor; delete from added_key;
    delete from retired_key; delete from log_key_added; delete from log_key_retired;
    delete from party;
  )");
  core::sql::Tx tx(connection);
  space::FiledDocuments documents(tx);
  auto replayers = api::all_replayers();
  ledger::Replay replay(tx, documents, known_);
  replayers.begin(replay);
  for (const auto& entry : read_entries(database_)) REQUIRE(replayers.replay(replay, entry));
  replayers.end(replay);
  // An older copy knows nothing of what came later.
  connection.run(R"(
    delete from answer_value where answer not in (select id from answer);
    delete from item where not exists (
      select 1 from line_chunk c where c.project = item.project and c.chunk = item.chunk);
    delete from task where id not in (select task from item where task is not null);
    update task set answers = 0, state = 'open', labels = null
     where id not in (select task from answer);
    delete from project_text where project not in (select id from project);
  )");
  connection.run(R"(
    drop table conduct_finding; drop table conduct_revoked; drop table conduct_contract;
    drop table conduct_missing; drop table conduct_erased; drop table conduct_document;
    drop table conduct_task; drop table conduct_project; drop table conduct_download;
    drop table conduct_panel; drop table conduct_model; drop table conduct_manifest;
    drop index conduct_answer_of_lease;
  )");
}

ledger::TreeHead ForgedLedger::head() const {
  auto connection = core::sql::sqlite::open_reader(database_);
  Session session(connection);
  ledger::DatabaseSource source(session);
  const auto& checkpoints = source.edge().checkpoints;
  REQUIRE(checkpoints.size() == 1);
  auto note = ledger::parse_note(checkpoints[0].note);
  REQUIRE(note);
  return ledger::parse_checkpoint(note->text)->head;
}

Detection ForgedLedger::detect(const Memory& memory) const {
  Detection detection;
  std::string doubt;  // the first thing that could not be told
  auto name = [&](const std::string& layer, const std::string& code, bool is_doubt = false) {
    detection.layers.insert(layer);
    std::string& first = is_doubt ? doubt : detection.code;
    if (first.empty()) first = code;
  };
  auto connection = core::sql::sqlite::open_reader(database_);
  Session session(connection);
  bool is_whole = false;
  {
    ledger::DatabaseSource source(session);
    auto report = ledger::audit(source, known_);
    is_whole = report.passed();
    if (!is_whole) name("chain", report.findings[0].code);
    for (const auto& finding : report.doubts) name("chain", finding.code, true);
  }
  if (is_whole) {
    api::ConductAudit conduct(known_);
    conduct.run(database_, {});
    for (const auto& finding : conduct.findings())
      name("conduct", finding.code, finding.not_checkable);
    conduct.list_contracts([&](const api::ConductAudit::Contract& contract) {
      detection.asserted += contract.report.tally.asserted;
      detection.labels += contract.report.tally.labels;
    });
  }
  auto now = head();
  const Memory& held = shown_ ? *shown_ : memory;
  for (const auto& file : held.receipts) {
    auto receipt = ledger::verify_receipt(file, known_);
    REQUIRE(receipt);
    if (!extends(receipt->checkpoint.head, now, session)) name("receipts", "");
  }
  if (!extends(held.witnessed, now, session)) name("witnesses", "");
  if (detection.code.empty()) detection.code = doubt;
  return detection;
}

}  // namespace tally::test
