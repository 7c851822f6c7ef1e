#include "space/erasure/erasures.h"

#include <functional>
#include <vector>

#include "core/json.h"
#include "space/erasure/key_check.h"
#include "space/event.h"
#include "space/parties/party_tables.h"

namespace tally::space {
namespace {

using core::Done;
using core::Error;
using core::Refusal;
using core::Result;
using core::sql::Lane;
using core::sql::Session;
using core::sql::Tx;

constexpr std::int64_t rows_per_command_max = 250;

struct Reads {
  core::sql::Connection& db;
  core::sql::Statement left{db, "select subject from erasure_left order by subject limit 1"};
  core::sql::Statement actors{
      db, "select id from actor where party = ?1 and id > ?2 order by id limit ?3"};
};

struct Writes {
  core::sql::Connection& db;
  core::sql::Statement leave{db, "insert into erasure_left (subject) values (?1)"};
  core::sql::Statement done{db, "delete from erasure_left where subject = ?1"};
  core::sql::Statement forget_registration{db, "delete from party_registration where party = ?1"};
  core::sql::Statement forget_tokens{db, R"(
    delete from actor_token where actor in (select id from actor where party = ?1)
  )"};
  core::sql::Statement forget_token{db, "delete from actor_token where actor = ?1"};
  core::sql::Statement forget_answers{db, R"(
    delete from idempotency
     where party = ?1
       and (route, key_hash) in (select route, key_hash from idempotency where party = ?1 limit ?2)
  )"};
  core::sql::Statement forget_document{db, "update document set bytes = '' where digest = ?1"};
};

Error done_before(const std::string& subject, const Recorded& where) {
  return {Refusal::gone, "erasure.done_before",
          subject + " was erased under entry " + std::to_string(where.seq)};
}

Result<Done> require_left(Session& session, const std::string& subject) {
  if (auto erased = find_erasure(session, subject)) return done_before(subject, *erased);
  return Done{};
}

Once once_of(const Principal& by, std::string route, std::string_view key, std::string request) {
  return {by.party.text(), std::move(route), std::string(key), std::move(request)};
}

Change answer(const std::string& subject, core::Instant at, ledger::ReceiptPtr receipt) {
  return {core::canonical(ErasureAnswer{{at, subject}}), std::move(receipt)};
}

}  // namespace

Result<Change> Erasures::erase_version(const Principal& by,
                                       const DatasetId& dataset,
                                       std::uint64_t number,
                                       std::string_view key) {
  if (auto permitted = require(by, Scope::datasets_write); !permitted) return permitted.error();
  std::string subject = content_subject(dataset, number);
  return finished(run_once(
      journal_, once_of(by, "POST /v1/datasets/{id}/versions/{version}/erasure", key, subject),
      [&](Tx& tx) -> Result<Change> {
        auto owner = find_dataset(tx, dataset);
        auto version = find_version(tx, dataset, number);
        if (!owner || !version || owner->provider != by.party) {
          return Error{Refusal::not_found, "dataset.version_not_found",
                       dataset.text() + " has no version " + std::to_string(number)};
        }
        if (version->content == ContentKind::metadata_only) {
          return Error{Refusal::conflict, "dataset.no_content",
                       "the content of this version is with its provider"};
        }
        if (version->state != VersionState::published) {
          return Error{Refusal::conflict, "dataset.not_published",
                       "the version has no content yet"};
        }
        if (auto left = require_left(tx, subject); !left) return left.error();
        VersionErased event{dataset, journal_.ledger.draw_salt(), number};
        auto receipt = append_event(journal_.ledger, tx, by.actor.text(), event);
        core::Instant now = journal_.ledger.now();
        apply(tx, event, {receipt->seq, now});
        tx.use<Writes>().leave(subject).run();
        return answer(subject, now, std::move(receipt));
      }));
}

Result<Change> Erasures::erase_party(const Principal& by, const PartyId& id, std::string_view key) {
  if (auto permitted = require(by, Scope::actors_write); !permitted) return permitted.error();
  std::string subject = party_subject(id);
  auto change = finished(run_once(
      journal_, once_of(by, "POST /v1/parties/{id}/erasure", key, subject),
      [&](Tx& tx) -> Result<Change> {
        auto party = find_party(tx, id);
        if (!party || (id != by.party && !by.has(Scope::parties_approve)))
          return Error{Refusal::not_found, "party.not_found", "there is no party " + id.text()};
        if (party->roles.has(Role::operator_)) {
          return Error{Refusal::conflict, "party.is_operator",
                       "the operator answers for the ledger and cannot be erased"};
        }
        if (auto left = require_left(tx, subject); !left) return left.error();
        PartyErased event{id, journal_.ledger.draw_salt()};
        auto receipt = append_event(journal_.ledger, tx, by.actor.text(), event);
        core::Instant now = journal_.ledger.now();
        apply(tx, event, {receipt->seq, now});
        auto& sql = tx.use<Writes>();
        sql.forget_registration(id).run();
        sql.forget_tokens(id).run();
        sql.leave(subject).run();
        return answer(subject, now, std::move(receipt));
      }));
  authenticator_.forget();
  return change;
}

Result<Change> Erasures::erase_actor(const Principal& by, const ActorId& id, std::string_view key) {
  if (auto permitted = require(by, Scope::actors_write); !permitted) return permitted.error();
  std::string subject = actor_subject(id);
  auto change = finished(run_once(
      journal_, once_of(by, "POST /v1/actors/{id}/erasure", key, subject),
      [&](Tx& tx) -> Result<Change> {
        auto actor = find_actor(tx, id);
        if (!actor || (actor->party != by.party && !by.has(Scope::parties_approve)))
          return Error{Refusal::not_found, "actor.not_found", "there is no actor " + id.text()};
        if (auto left = require_left(tx, subject); !left) return left.error();
        ActorErased event{id, journal_.ledger.draw_salt()};
        auto receipt = append_event(journal_.ledger, tx, by.actor.text(), event);
        core::Instant now = journal_.ledger.now();
        apply(tx, event, {receipt->seq, now});
        tx.use<Writes>().forget_token(id).run();
        tx.use<Writes>().leave(subject).run();
        return answer(subject, now, std::move(receipt));
      }));
  authenticator_.forget();
  return change;
}

Result<Change> Erasures::erase_document(const Principal& by,
                                        const ContractId& id,
                                        std::string_view key) {
  if (auto permitted = require(by, Scope::contracts_write); !permitted) return permitted.error();
  auto change = finished(run_once(
      journal_, once_of(by, "POST /v1/contracts/{id}/erasure", key, id.text()),
      [&](Tx& tx) -> Result<Change> {
        auto contract = find_visible(tx, id, by.party);
        if (!contract) return contract_not_found();
        if (contract->state != ContractState::terminated) {
          return Error{
              Refusal::conflict, "contract.not_terminated",
              "a contract's document is what it is judged by; terminate the contract first"};
        }
        std::string subject = document_subject(contract->document);
        if (auto left = require_left(tx, subject); !left) return left.error();
        ContractDocumentErased event{.document = contract->document,
                                     .salt = journal_.ledger.draw_salt()};
        auto receipt =
            append_contract_entry(tx, journal_.ledger, by.actor.text(), *contract, event);
        core::Instant now = journal_.ledger.now();
        apply(tx, event, {receipt->seq, now});
        tx.use<Writes>().forget_document(contract->document).run();
        return answer(subject, now, std::move(receipt));
      }));
  contracts_.forget(id);
  return change;
}

Result<Change> Erasures::finished(Result<Change> change) {
  if (change) finish();
  return change;
}

void Erasures::finish() {
  while (true) {
    auto subject = journal_.readers.read([](Session& session) -> std::optional<std::string> {
      auto row = session.use<Reads>().left();
      if (!row.next()) return std::nullopt;
      return row.text(0);
    });
    if (!subject) break;
    carry_out(*subject);
  }
  journal_.writer.empty_log();  // what was in clear stands there still, also after a crash
}

std::uint64_t Erasures::shred_returned() {
  std::uint64_t count = 0;
  journal_.readers.read([&](Session& session) {
    find_returned_keys(session, journal_.shred_keys, [&](const std::string& subject) {
      journal_.shred_keys.shred(subject);
      count += 1;
    });
    return Done{};
  });
  return count;
}

Erasures::MissingKeys Erasures::missing_keys(bool shred) {
  MissingKeys missing;
  journal_.readers.read([&](Session& session) {
    find_missing_keys(session, journal_.shred_keys, content_, [&](const std::string& subject) {
      if (missing.count == 0) missing.first = subject;
      missing.count += 1;
      if (shred) journal_.shred_keys.shred(subject);
    });
    return Done{};
  });
  return missing;
}

// The key first: from then on the rest is noise.
void Erasures::carry_out(const std::string& subject) {
  journal_.shred_keys.shred(subject);
  if (subject.starts_with("content/")) carry_out_content(subject);
  if (subject.starts_with("party/")) carry_out_party(subject);
  auto done = journal_.writer.run([&](Tx& tx) -> Result<Done> {
    tx.use<Writes>().done(subject).run();
    return Done{};
  });
  if (!done) throw core::Broken("an erasure could not be finished: " + done.error().message);
}

void Erasures::carry_out_content(const std::string& subject) {
  std::size_t slash = subject.rfind('/');
  auto dataset = DatasetId::parse(std::string_view(subject).substr(8, slash - 8));
  auto version = core::parse_decimal(std::string_view(subject).substr(slash + 1));
  TALLY_ASSERT(dataset && version);
  content_.forget(*dataset, *version);
  bool is_gone = false;
  while (!is_gone) {
    auto removed = journal_.writer.run(
        [&](Tx& tx) -> Result<bool> {
          return remove_chunks(tx, *dataset, *version, rows_per_command_max);
        },
        Lane::bulk);
    if (!removed) throw core::Broken("content was not removed: " + removed.error().message);
    is_gone = *removed;
  }
}

// Its actors' names too, and the answers that were kept for its requests.
void Erasures::carry_out_party(const std::string& subject) {
  std::string party = subject.substr(6);
  std::string after;
  while (true) {
    auto actors = journal_.readers.read([&](Session& session) {
      std::vector<std::string> ids;
      auto row = session.use<Reads>().actors(party, after, rows_per_command_max);
      while (row.next()) ids.push_back(row.text(0));
      return ids;
    });
    if (actors.empty()) break;
    for (const auto& actor : actors) journal_.shred_keys.shred("actor/" + actor);
    after = actors.back();
  }
  bool is_gone = false;
  while (!is_gone) {
    auto removed = journal_.writer.run(
        [&](Tx& tx) -> Result<bool> {
          return tx.use<Writes>().forget_answers(party, rows_per_command_max).run() == 0;
        },
        Lane::bulk);
    if (!removed) throw core::Broken("answers were not removed: " + removed.error().message);
    is_gone = *removed;
  }
}

}  // namespace tally::space
