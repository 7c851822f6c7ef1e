#include "space/contracts/contracts.h"

#include <algorithm>

#include "core/hash.h"
#include "space/continuation/continuation.h"
#include "space/datasets/dataset_tables.h"
#include "space/erasure/erasure.h"
#include "space/parties/key_tables.h"
#include "space/parties/party_tables.h"

namespace tally::space {
namespace {

using core::Error;
using core::Hash;
using core::Instant;
using core::Json;
using core::Refusal;
using core::Result;
using core::sql::Session;
using core::sql::Tx;

constexpr std::size_t agreements_max = 10'000;

struct Statements {
  core::sql::Connection& db;
  core::sql::Statement with_document{db, "select id from contract where document = ?1"};
  core::sql::Statement list{db, R"(
    select id from contract
     where (provider = ?1 or consumer = ?1) and id < ?2
     order by id desc
     limit ?3
  )"};
};

struct WriteStatements {
  core::sql::Connection& db;
  core::sql::Statement file{db, R"(
    insert into document (digest, format, bytes) values (?1, ?2, ?3) on conflict (digest) do nothing
  )"};
  core::sql::Statement offer{db, R"(
    insert into contract (id, document, provider, consumer, dataset, version, state, seq, prev, offered_at)
    values (?1, ?2, ?3, ?4, ?5, ?6, 'offered', ?7, ?8, ?9)
  )"};
  core::sql::Statement meter{db, "insert into meter (contract, rule, allowed) values (?1, ?2, ?3)"};
  core::sql::Statement accept{db, R"(
    update contract set state = 'active', active_at = ?2 where id = ?1 and state = 'offered'
  )"};
  core::sql::Statement terminate{db, R"(
    update contract set state = 'terminated', ended_at = ?2 where id = ?1 and state <> 'terminated'
  )"};
};

Error other_document() {
  return {Refusal::conflict, "contract.other_document",
          "the contract was filed with another document than the one that is signed here"};
}

Result<core::Done> check_signed(Session& session,
                                SignedVerb verb,
                                const std::string& origin,
                                const PartyId& party,
                                const Hash& document,
                                const PartySignature& given) {
  auto key = find_valid_key(session, party, given.key);
  if (!key) return key.error();
  return check_signature({verb, origin, party, given.key, document}, key->public_key,
                         given.signature);
}

bool may_consume(const Party& party) {
  return party.state == PartyState::approved &&
         (party.roles.has(Role::consumer) || party.roles.has(Role::labeler));
}

// What an offer needs to be true beyond its document.
Result<core::Done> check_offer(Session& session, const Terms& terms) {
  auto version = find_version(session, terms.dataset, terms.version);
  auto dataset = find_dataset(session, terms.dataset);
  if (!version || !dataset || dataset->provider != terms.provider) {
    return Error{
        Refusal::not_found,
        "dataset.not_found",
        "the provider has no such dataset version",
        {{"/document/dataset", "not_allowed", "no such dataset version of this provider"}}};
  }
  if (version->digest != terms.dataset_digest) {
    return Error{Refusal::invalid,
                 "contract.dataset_mismatch",
                 "the digest is not that of the dataset version",
                 {{"/document/dataset/digest", "not_allowed",
                   "the version's digest is " + core::to_hex(version->digest)}}};
  }
  if (version->state != VersionState::published) {
    return Error{Refusal::conflict, "dataset.not_published",
                 "the dataset version has no content yet"};
  }
  if (auto erased = find_erasure(session, content_subject(terms.dataset, terms.version)))
    return version_erased({terms.dataset, terms.version}, *erased);
  if (auto erased = find_erasure(session, party_subject(terms.consumer)))
    return party_erased(terms.consumer, *erased);
  auto consumer = find_party(session, terms.consumer);
  if (!consumer || !may_consume(*consumer)) {
    return Error{
        Refusal::invalid,
        "party.not_a_consumer",
        "the consumer is not an approved party with that role",
        {{"/document/parties/consumer", "not_allowed", "not an approved consumer or labeler"}}};
  }
  return core::Done{};
}

bool is_over(const Terms& terms, Instant now) {
  return std::ranges::all_of(terms.permissions, [&](const Permission& permission) {
    return permission.not_after && *permission.not_after <= now;
  });
}

ContractView read_view(Session& session, const ContractRow& row) {
  auto view = view_of(row, read_agreement(session, row).terms, list_used(session, row.id));
  view.held = find_hold(session, row.id);
  return view;
}

std::string body_of(Session& session, const ContractId& id) {
  return core::canonical(ContractAnswer{read_view(session, *find_contract(session, id))});
}

Error under(const std::string& pointer, Error error) {
  for (auto& detail : error.details) detail.pointer = pointer + detail.pointer;
  return error;
}

}  // namespace

Result<Change> Contracts::offer(const Principal& caller,
                                const Once& once,
                                const OfferCommand& command) {
  auto document = core::decode<ContractDocument>(command.document);
  if (!document) return under("/document", document.error());
  auto terms = read_terms(*document, "/document");
  if (!terms) return terms.error();
  if (terms->provider != caller.party) {
    return Error{Refusal::forbidden,
                 "contract.not_your_offer",
                 "a contract is offered by its provider",
                 {{"/document/parties/provider", "not_allowed", "this is not the caller's party"}}};
  }
  std::string bytes = core::canonical(command.document);
  Hash digest = core::sha256(bytes);
  return run_once(journal_, once, [&](Tx& tx) -> Result<Change> {
    if (tx.use<Statements>().with_document(digest).next()) {
      return Error{Refusal::conflict, "contract.document_in_use",
                   "this document is a contract already; another one needs another nonce and new "
                   "signatures"};
    }
    if (auto fits = check_offer(tx, *terms); !fits) return fits.error();
    const std::string& origin = journal_.ledger.origin();
    auto is_signed =
        check_signed(tx, SignedVerb::offer, origin, caller.party, digest, command.signature);
    if (!is_signed) return is_signed.error();

    Instant now = journal_.ledger.now();
    auto id = ContractId::make(now, journal_.random);
    ContractOffered event{.contract = id,
                          .consumer = terms->consumer,
                          .dataset = terms->dataset,
                          .dataset_digest = terms->dataset_digest,
                          .document = digest,
                          .key = command.signature.key,
                          .provider = terms->provider,
                          .salt = journal_.ledger.draw_salt(),
                          .signature = command.signature.signature,
                          .version = terms->version};
    auto receipt = journal_.ledger.append(tx, ContractOffered::kind, caller.actor.text(),
                                          core::canonical(event));
    auto& sql = tx.use<WriteStatements>();
    sql.file(digest, contract_format, bytes).run();
    sql.offer(id, digest, terms->provider, terms->consumer, terms->dataset, terms->version, 1,
              receipt->hash, now)
        .run();
    for (std::size_t rule = 0; rule < terms->permissions.size(); ++rule) {
      sql.meter(id, rule, terms->permissions[rule].uses_max).run();
    }
    return Change{body_of(tx, id), receipt};
  });
}

Result<Change> Contracts::accept(const Principal& caller,
                                 const Once& once,
                                 const ContractId& id,
                                 const AcceptCommand& command) {
  return run_once(journal_, once, [&](Tx& tx) -> Result<Change> {
    auto contract = find_visible(tx, id, caller.party);
    if (!contract) return contract_not_found();
    if (contract->consumer != caller.party) {
      return Error{Refusal::forbidden, "contract.not_consumer",
                   "a contract is accepted by its consumer"};
    }
    if (contract->document != command.document) return other_document();
    if (contract->state != ContractState::offered) {
      return Error{Refusal::conflict, "contract.not_offered",
                   "the contract is " + std::string(state_name(contract->state)) + ", not offered"};
    }
    auto agreement = read_agreement(tx, *contract);
    if (is_over(agreement.terms, journal_.ledger.now())) {
      return Error{Refusal::forbidden, "contract.expired", "the contract's time is over"};
    }
    auto is_signed = check_signed(tx, SignedVerb::accept, journal_.ledger.origin(), caller.party,
                                  contract->document, command.signature);
    if (!is_signed) return is_signed.error();

    auto receipt =
        append_contract_entry(tx, journal_.ledger, caller.actor.text(), *contract,
                              ContractAccepted{.consumer = caller.party,
                                               .document = contract->document,
                                               .key = command.signature.key,
                                               .salt = journal_.ledger.draw_salt(),
                                               .signature = command.signature.signature});
    tx.use<WriteStatements>().accept(id, journal_.ledger.now()).run();
    return Change{body_of(tx, id), receipt};
  });
}

Result<Change> Contracts::terminate(const Principal& caller,
                                    const Once& once,
                                    const ContractId& id,
                                    const TerminateCommand& command) {
  auto document = core::decode<TerminationDocument>(command.document);
  if (!document) return under("/document", document.error());
  std::string bytes = core::canonical(command.document);
  Hash digest = core::sha256(bytes);
  return run_once(journal_, once, [&](Tx& tx) -> Result<Change> {
    auto contract = find_visible(tx, id, caller.party);
    if (!contract) return contract_not_found();
    if (document->format != TerminationDocument::format_name || document->contract != id ||
        document->document != contract->document) {
      return other_document();
    }
    if (contract->state == ContractState::terminated) {
      return Error{Refusal::conflict, "contract.terminated", "the contract was terminated before"};
    }
    auto is_signed = check_signed(tx, SignedVerb::terminate, journal_.ledger.origin(), caller.party,
                                  digest, command.signature);
    if (!is_signed) return is_signed.error();

    auto receipt =
        append_contract_entry(tx, journal_.ledger, caller.actor.text(), *contract,
                              ContractTerminated{.document = digest,
                                                 .key = command.signature.key,
                                                 .party = caller.party,
                                                 .salt = journal_.ledger.draw_salt(),
                                                 .signature = command.signature.signature});
    auto& sql = tx.use<WriteStatements>();
    sql.file(digest, TerminationDocument::format_name, bytes).run();
    sql.terminate(id, journal_.ledger.now()).run();
    return Change{body_of(tx, id), receipt};
  });
}

Result<ContractAnswer> Contracts::show(const Principal& caller, const ContractId& id) {
  return journal_.readers.read([&](Session& session) -> Result<ContractAnswer> {
    auto row = find_visible(session, id, caller.party);
    if (!row) return contract_not_found();
    auto agreement = read_agreement(session, *row);
    ContractAnswer answer{view_of(*row, agreement.terms, list_used(session, id))};
    answer.contract.document_erased_under = agreement.erased_under;
    answer.contract.held = find_hold(session, id);
    if (!agreement.erased_under)
      answer.contract.document = *core::parse_json(agreement.document_bytes);
    return answer;
  });
}

Page<ContractView> Contracts::list(const Principal& caller,
                                   std::uint64_t limit,
                                   const std::optional<ContractId>& before) {
  return journal_.readers.read([&](Session& session) {
    std::vector<ContractId> ids;
    {
      // Above every id, since ids are upper case.
      auto row = session.use<Statements>().list(caller.party, before ? before->text() : "ctr_z",
                                                limit + 1);
      while (row.next()) ids.push_back(row.id<ContractId>(0));
    }
    std::vector<ContractView> contracts;
    contracts.reserve(ids.size());
    for (const auto& id : ids) contracts.push_back(read_view(session, *find_contract(session, id)));
    return cut_page(std::move(contracts), limit);
  });
}

Result<core::Done> check_party_signature(Session& session,
                                         SignedVerb verb,
                                         const std::string& origin,
                                         const PartyId& party,
                                         const Hash& document,
                                         const PartySignature& given) {
  return check_signed(session, verb, origin, party, document, given);
}

std::string contract_body(Session& session, const ContractId& id) { return body_of(session, id); }

void Contracts::forget(const ContractId& id) {
  agreements_.with([&](auto& all) { all.erase(id.text()); });
}

std::shared_ptr<const Agreement> Contracts::agreement(const ContractId& id) {
  auto known = agreements_.with([&](auto& all) -> std::shared_ptr<const Agreement> {
    auto found = all.find(id.text());
    return found == all.end() ? nullptr : found->second;
  });
  if (known) return known;
  auto fresh = journal_.readers.read([&](Session& session) -> std::shared_ptr<const Agreement> {
    auto row = find_contract(session, id);
    if (!row) return nullptr;
    return std::make_shared<const Agreement>(read_agreement(session, *row));
  });
  if (!fresh) return nullptr;
  agreements_.with([&](auto& all) {
    if (all.size() >= agreements_max) all.clear();
    all.emplace(id.text(), fresh);
  });
  return fresh;
}

}  // namespace tally::space
