#include "space/contracts/contract_tables.h"

#include "core/hash.h"
#include "core/json.h"
#include "space/continuation/continuation.h"
#include "space/datasets/dataset_tables.h"
#include "space/erasure/erasure.h"

namespace tally::space {
namespace {

using core::Error;
using core::Hash;
using core::Instant;
using core::Refusal;
using core::Result;
using core::sql::Cursor;
using core::sql::Session;
using core::sql::Tx;

struct Statements {
  core::sql::Connection& db;
  core::sql::Statement find{db, R"(
    select id, document, provider, consumer, dataset, version, state, seq, prev, uses,
           offered_at, active_at, ended_at
      from contract
     where id = ?1
  )"};
  core::sql::Statement used{db, "select used from meter where contract = ?1 order by rule"};
  core::sql::Statement document{db, "select bytes from document where digest = ?1"};
};

struct WriteStatements {
  core::sql::Connection& db;
  core::sql::Statement chain{db, "update contract set seq = ?2, prev = ?3 where id = ?1"};
};

std::optional<Instant> optional_instant(const Cursor& row, int column) {
  auto value = row.optional_integer(column);
  if (!value) return std::nullopt;
  return Instant{*value};
}

}  // namespace

Error contract_not_found() {
  return {Refusal::not_found, "contract.not_found", "there is no such contract"};
}

Error document_erased(const ContractId& id, std::uint64_t seq) {
  return {Refusal::gone, "contract.document_erased",
          "the document of " + id.text() + " was erased under entry " + std::to_string(seq)};
}

std::optional<ContractRow> find_contract(Session& session, const ContractId& id) {
  auto row = session.use<Statements>().find(id);
  if (!row.next()) return std::nullopt;
  return ContractRow{row.id<ContractId>(0),
                     row.hash(1),
                     row.id<PartyId>(2),
                     row.id<PartyId>(3),
                     row.id<DatasetId>(4),
                     row.natural(5),
                     parse_contract_state(row.view(6)),
                     row.natural(7),
                     row.hash(8),
                     row.natural(9),
                     row.instant(10),
                     optional_instant(row, 11),
                     optional_instant(row, 12)};
}

std::vector<std::uint64_t> list_used(Session& session, const ContractId& id) {
  std::vector<std::uint64_t> used;
  auto row = session.use<Statements>().used(id);
  while (row.next()) used.push_back(row.natural(0));
  return used;
}

void store_chain(Tx& tx, const ContractId& id, std::uint64_t seq, const Hash& prev) {
  auto changed = tx.use<WriteStatements>().chain(id, seq, prev).run();
  TALLY_ASSERT(changed == 1);
}

Result<ActiveContract> require_active(Session& session,
                                      const ContractId& id,
                                      const PartyId& consumer,
                                      std::string_view purpose,
                                      Instant now) {
  auto row = find_contract(session, id);
  if (!row || row->consumer != consumer) return contract_not_found();
  auto agreement = read_agreement(session, *row);
  if (agreement.erased_under) return document_erased(id, *agreement.erased_under);
  if (find_hold(session, id)) return contract_held(id);
  // The action is not asked here: what is acted on was obtained by a use, which was.
  Terms terms = agreement.terms;
  for (auto& permission : terms.permissions) permission.actions = {Action::read};
  auto decision =
      decide_redelivery(terms, {row->state, Action::read, std::string(purpose), now, true, {}});
  if (!decision.allowed) return refusal_of(decision);
  return ActiveContract{*row, row->provider, row->dataset, row->version, row->uses};
}

std::optional<ContractRow> find_visible(Session& session,
                                        const ContractId& id,
                                        const PartyId& party) {
  auto contract = find_contract(session, id);
  if (!contract || (contract->provider != party && contract->consumer != party))
    return std::nullopt;
  return contract;
}

Agreement read_agreement(Session& session, const ContractRow& row) {
  auto found = session.use<Statements>().document(row.document);
  if (!found.next()) throw core::Broken("the document of " + row.id.text() + " is not filed");
  Agreement agreement{row.id, std::nullopt, row.document, found.text(0), {}, {}};
  auto version = find_version(session, row.dataset, row.version);
  if (!version) throw core::Broken("the dataset version of " + row.id.text() + " vanished");
  agreement.version = *std::move(version);
  if (auto erased = find_erasure(session, document_subject(row.document))) {
    agreement.erased_under = erased->seq;
    agreement.terms.provider = row.provider;
    agreement.terms.consumer = row.consumer;
    agreement.terms.dataset = row.dataset;
    agreement.terms.version = row.version;
    return agreement;
  }
  if (core::sha256(agreement.document_bytes) != row.document) {
    throw core::Broken("the document of " + row.id.text() + " does not have its digest");
  }
  auto json = core::parse_json(agreement.document_bytes);
  if (!json) throw core::Broken("the document of " + row.id.text() + " is not JSON");
  auto document = core::decode<ContractDocument>(*json);
  if (!document) throw core::Broken("the document of " + row.id.text() + " cannot be read");
  auto terms = read_terms(*document, "");
  if (!terms) throw core::Broken("the document of " + row.id.text() + " cannot be enforced");
  agreement.terms = *std::move(terms);
  return agreement;
}

}  // namespace tally::space
