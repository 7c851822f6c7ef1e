#include "space/erasure/erasure.h"

namespace tally::space {
namespace {

using core::sql::Session;
using core::sql::Tx;

struct Reads {
  core::sql::Connection& db;
  core::sql::Statement find{db, "select seq, at from erasure where subject = ?1"};
};

struct Writes {
  core::sql::Connection& db;
  core::sql::Statement add{db, "insert into erasure (subject, seq, at) values (?1, ?2, ?3)"};
  core::sql::Statement end_actor{db, R"(
    update actor set state = 'revoked' where id = ?1 and state = 'active'
  )"};
  core::sql::Statement end_actors{db, R"(
    update actor set state = 'revoked' where party = ?1 and state = 'active'
  )"};
};

void add(Tx& tx, std::string_view subject, const Recorded& where) {
  tx.use<Writes>().add(subject, where.seq, where.at).run();
}

}  // namespace

std::string content_subject(const DatasetId& dataset, std::uint64_t version) {
  return "content/" + dataset.text() + "/" + std::to_string(version);
}
std::string party_subject(const PartyId& party) { return "party/" + party.text(); }
std::string actor_subject(const ActorId& actor) { return "actor/" + actor.text(); }
std::string document_subject(const core::Hash& digest) {
  return "document/" + core::to_hex(digest);
}

std::optional<Recorded> find_erasure(Session& session, std::string_view subject) {
  auto row = session.use<Reads>().find(subject);
  if (!row.next()) return std::nullopt;
  return Recorded{row.natural(0), row.instant(1)};
}

core::Error party_erased(const PartyId& party, const Recorded& where) {
  return {core::Refusal::gone, "party.erased",
          party.text() + " was erased under entry " + std::to_string(where.seq)};
}

core::Error key_shredded(const std::pair<DatasetId, std::uint64_t>& version) {
  return {core::Refusal::gone, std::string(version_erased_code),
          "the content of " + version.first.text() + " version " + std::to_string(version.second) +
              " was erased; its key was shredded"};
}

core::Error version_erased(const std::pair<DatasetId, std::uint64_t>& version,
                           const Recorded& where) {
  return {core::Refusal::gone, "dataset.version_erased",
          "version " + std::to_string(version.second) + " of " + version.first.text() +
              " was erased under entry " + std::to_string(where.seq)};
}

void apply(Tx& tx, const VersionErased& event, const Recorded& where) {
  add(tx, content_subject(event.dataset, event.version), where);
}

void apply(Tx& tx, const PartyErased& event, const Recorded& where) {
  add(tx, party_subject(event.party), where);
  tx.use<Writes>().end_actors(event.party).run();
}

void apply(Tx& tx, const ActorErased& event, const Recorded& where) {
  add(tx, actor_subject(event.actor), where);
  tx.use<Writes>().end_actor(event.actor).run();
}

void apply(Tx& tx, const ContractDocumentErased& event, const Recorded& where) {
  add(tx, document_subject(event.document), where);
}

}  // namespace tally::space
