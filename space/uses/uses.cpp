#include "space/uses/uses.h"

#include <utility>

#include "core/hash.h"
#include "space/continuation/continuation.h"
#include "space/erasure/erasure.h"

namespace tally::space {
namespace {

using core::Error;
using core::Hash;
using core::Instant;
using core::Refusal;
using core::Result;
using core::sql::Session;
using core::sql::Tx;

struct Statements {
  core::sql::Connection& db;
  core::sql::Statement standing{db, R"(
    select c.state, c.seq, c.prev, m.used,
           (select e.seq from erasure e where e.subject = 'content/' || c.dataset || '/' || c.version),
           exists (select 1 from contract_hold h where h.contract = c.id)
      from contract c
      join meter m on m.contract = c.id
     where c.id = ?1
     order by m.rule
  )"};
  core::sql::Statement by_key{db, R"(
    select id, request, rule, state, count_before, redeliveries, entry, at
      from use_record
     where key = ?1
  )"};
  core::sql::Statement by_id{db, R"(
    select contract, rule, state, count_before, redeliveries, entry, at from use_record where id = ?1
  )"};
};

struct WriteStatements {
  core::sql::Connection& db;
  core::sql::Statement spend{db, R"(
    update meter set used = used + 1 where contract = ?1 and rule = ?2 and used = ?3 and used < allowed
  )"};
  core::sql::Statement give_back{db, R"(
    update meter set used = used - 1 where contract = ?1 and rule = ?2 and used > 0
  )"};
  core::sql::Statement advance{db, R"(
    update contract set seq = ?2, prev = ?3, state = ?4, uses = uses + ?5 where id = ?1 and seq = ?2 - 1
  )"};
  core::sql::Statement keep{db, R"(
    insert into use_record (id, contract, key, request, rule, state, count_before, entry, at)
    values (?1, ?2, ?3, ?4, ?5, 'recorded', ?6, ?7, ?8)
  )"};
  core::sql::Statement redeliver{db, "update use_record set redeliveries = ?2 where id = ?1"};
  core::sql::Statement void_{db, R"(
    update use_record set state = 'voided' where id = ?1 and state = 'recorded'
  )"};
};

// The moving part of a contract, as the writer finds it.
struct Standing {
  ContractState state = ContractState::offered;
  std::uint64_t seq = 0;
  Hash prev;
  std::vector<std::uint64_t> used;
  std::optional<std::int64_t> erased_under;  // the dataset version
  bool is_held = false;
};

Standing read_standing(Session& session, const ContractId& contract) {
  Standing standing;
  auto row = session.use<Statements>().standing(contract);
  while (row.next()) {
    if (standing.used.empty()) {
      standing.state = parse_contract_state(row.view(0));
      standing.seq = row.natural(1);
      standing.prev = row.hash(2);
      standing.erased_under = row.optional_integer(4);
      standing.is_held = row.integer(5) == 1;
    }
    standing.used.push_back(row.natural(3));
  }
  if (standing.used.empty()) throw core::Broken("a contract vanished: " + contract.text());
  return standing;
}

ContractState state_after(const Terms& terms, const std::vector<std::uint64_t>& used) {
  for (std::size_t rule = 0; rule < terms.permissions.size(); ++rule) {
    if (used[rule] < terms.permissions[rule].uses_max) return ContractState::active;
  }
  return ContractState::exhausted;
}

// The content was opened before the erasure, and is not delivered after it.
Error erased_meanwhile(const Agreement& agreement, std::int64_t seq, Instant at) {
  return version_erased({agreement.terms.dataset, agreement.terms.version},
                        {static_cast<std::uint64_t>(seq), at});
}

Error no_delivery(const std::string& why) {
  return {Refusal::invalid, "use.no_such_delivery", why, {{"/action", "not_allowed", why}}};
}

// What the dataset version can deliver, and what was asked for.
Result<Action> choose_action(const UseCommand& command, const DatasetVersion& version) {
  bool names_page = command.from || command.limit;
  Action natural = version.content == ContentKind::metadata_only ? Action::access
                   : names_page                                  ? Action::read
                                                                 : Action::download;
  Action action = command.action.value_or(natural);
  if ((action == Action::access) != (version.content == ContentKind::metadata_only)) {
    return no_delivery(action == Action::access
                           ? "the space holds this data; read or download it"
                           : "the space does not hold this data; ask for access");
  }
  if (action == Action::read && !version.media_type.has_records()) {
    return no_delivery("this dataset has no records; download it");
  }
  if (action != Action::read && names_page) {
    return no_delivery("from and limit name a page of records; the action for it is read");
  }
  return action;
}

}  // namespace

// All that is known before the writer is asked.
struct Uses::Plan {
  std::shared_ptr<const Agreement> agreement;
  PartyId consumer;
  ActorId actor;
  Action action = Action::read;
  std::string purpose;
  std::uint64_t from = 0;
  std::uint64_t limit = 0;
  Hash key;
  Hash request;
  std::string salt;
  std::optional<RecordPage> page;
  std::optional<OpenedFile> file;
};

// What the ledger says about the use.
struct Uses::Recorded {
  UseId use;
  std::uint64_t rule = 0;
  std::uint64_t count_before = 0;
  std::uint64_t seq = 0;
  Instant at;
  std::uint64_t redeliveries = 0;
  bool repeated = false;
  bool delivers = true;
  ledger::ReceiptPtr receipt;  // of a new use
  std::optional<std::uint64_t> redelivery_seq = {};
};

Uses::Uses(ledger::Journal& journal,
           Contracts& contracts,
           ContentStore& content,
           const core::SigningKey& operator_key,
           std::string secret,
           UseLimits limits)
    : journal_(journal),
      contracts_(contracts),
      content_(content),
      operator_key_(operator_key),
      secret_(std::move(secret)),
      limits_(limits) {}

Result<Uses::Plan> Uses::plan(const Principal& caller,
                              const ContractId& contract,
                              const UseCommand& command) {
  Plan plan;
  plan.agreement = contracts_.agreement(contract);
  const auto* terms = plan.agreement ? &plan.agreement->terms : nullptr;
  if (terms == nullptr || (terms->consumer != caller.party && terms->provider != caller.party)) {
    return Error{Refusal::not_found, "contract.not_found", "there is no such contract"};
  }
  if (terms->consumer != caller.party) {
    return Error{Refusal::forbidden, "contract.not_consumer", "a contract is used by its consumer"};
  }
  if (auto under = plan.agreement->erased_under) return document_erased(contract, *under);
  auto action = choose_action(command, plan.agreement->version);
  if (!action) return action.error();
  plan.consumer = caller.party;
  plan.actor = caller.actor;
  plan.action = *action;
  plan.purpose = command.purpose;
  plan.from = command.from.value_or(0);
  plan.limit = command.limit.value_or(page_records_max);
  return plan;
}

// Opened and checked before anything is decided: what cannot be delivered must not be counted.
Result<core::Done> Uses::open_content(Plan& plan) {
  const Terms& terms = plan.agreement->terms;
  if (plan.action == Action::read) {
    plan.page = content_.find_page(terms.dataset, terms.version, plan.from, plan.limit);
    if (plan.page) return core::Done{};
    auto page = journal_.readers.read([&](Session& session) {
      return content_.open_page(session, terms.dataset, terms.version, plan.from, plan.limit);
    });
    if (!page) return page.error();
    plan.page = *std::move(page);
  } else if (plan.action == Action::download) {
    auto there = journal_.readers.read([&](Session& session) {
      return content_.require_content(session, terms.dataset, terms.version);
    });
    if (!there) return there.error();
    plan.file = open_file(plan.agreement->version);
  }
  return core::Done{};
}

OpenedFile Uses::open_file(const DatasetVersion& version) {
  // One whole pass before the decision: each chunk's seal is checked, and what is small is kept.
  constexpr std::uint64_t kept_bytes_max = 1U << 20;
  auto reader = std::make_shared<ContentReader>(content_, version);
  auto kept = std::make_shared<std::string>();
  std::string piece;
  while (journal_.readers.read([&](Session& session) { return reader->next(session, piece); })) {
    if (version.bytes <= kept_bytes_max) *kept += piece;
  }
  OpenedFile file{version.media_type.text(), version.bytes, {}};
  if (version.bytes <= kept_bytes_max) {
    file.next = [kept](std::string& out) {
      out = std::exchange(*kept, {});
      return !out.empty();
    };
    return file;
  }
  auto again = std::make_shared<ContentReader>(content_, version);
  file.next = [this, again](std::string& out) {
    return journal_.readers.read([&](Session& session) { return again->next(session, out); });
  };
  return file;
}

Result<UseAnswer> Uses::use(const Principal& caller,
                            const ContractId& contract,
                            const std::string& key,
                            const UseCommand& command) {
  auto planned = plan(caller, contract, command);
  if (!planned) return planned.error();
  // Of erased content a key that is known still answers with its receipt; the writer refuses the rest.
  if (auto opened = open_content(*planned); !opened && opened.error().code != version_erased_code)
    return opened.error();
  planned->key = core::hmac_sha256(secret_, "key\n" + contract.text() + "\n" + key);
  planned->request = core::hmac_sha256(secret_, "request\n" + core::canonical(command));
  planned->salt = journal_.ledger.draw_salt();

  auto recorded = journal_.writer.run([&](Tx& tx) { return record(tx, *planned); });
  if (!recorded) return recorded.error();

  UseAnswer answer{.use = recorded->use,
                   .seq = recorded->seq,
                   .count_before = recorded->count_before,
                   .count_after = recorded->count_before + 1,
                   .limit = planned->agreement->terms.permissions[recorded->rule].uses_max,
                   .receipt = recorded->receipt ? recorded->receipt->file() : "",
                   .redelivery_seq = recorded->redelivery_seq,
                   .repeated = recorded->repeated,
                   .page = std::nullopt,
                   .file = std::nullopt,
                   .grant = std::nullopt};
  if (!recorded->receipt) {
    answer.receipt = journal_.readers.read([&](Session& session) {
      return journal_.ledger.receipt_of(session, recorded->seq).file();
    });
  }
  if (!recorded->delivers) return answer;
  if (planned->action == Action::access) answer.grant = make_grant(*planned, *recorded);
  answer.page = std::move(planned->page);
  answer.file = std::move(planned->file);
  return answer;
}

Result<Uses::Recorded> Uses::record(Tx& tx, const Plan& plan) {
  const Agreement& agreement = *plan.agreement;
  {
    auto row = tx.use<Statements>().by_key(plan.key);
    if (row.next()) {
      if (row.hash(1) != plan.request) {
        return Error{
            Refusal::invalid, "idempotency_key.reused",
            "this Idempotency-Key was used for another request under this contract; use a new key"};
      }
      if (row.view(3) == "voided") {
        return Error{
            Refusal::conflict, "use.voided",
            "the server could not deliver this use and took the count back; use a new key"};
      }
      Recorded earlier{.use = row.id<UseId>(0),
                       .rule = row.natural(2),
                       .count_before = row.natural(4),
                       .seq = row.natural(6),
                       .at = row.instant(7),
                       .redeliveries = row.natural(5),
                       .repeated = true,
                       .delivers = true,
                       .receipt = nullptr};
      return repeat(tx, plan, earlier);
    }
  }
  // Decide.
  Instant now = journal_.ledger.now();
  Standing standing = read_standing(tx, agreement.id);
  if (standing.erased_under) return erased_meanwhile(agreement, *standing.erased_under, now);
  if (standing.is_held) return contract_held(agreement.id);
  auto decision = decide_use(agreement.terms, {standing.state, plan.action, plan.purpose, now,
                                               journal_.ledger.time_is_trusted(), standing.used});
  if (!decision.allowed) return refusal_of(decision);
  const std::uint64_t before = standing.used[decision.rule];

  // Append.
  auto id = UseId::make(now, journal_.random);
  auto receipt = journal_.ledger.append(
      tx, UseRecorded::kind, plan.actor.text(),
      core::canonical(UseRecorded{.action = std::string(action_name(plan.action)),
                                  .auth = "token",
                                  .contract = agreement.id,
                                  .contract_prev = standing.prev,
                                  .contract_seq = standing.seq,
                                  .count_after = before + 1,
                                  .count_before = before,
                                  .dataset = agreement.terms.dataset,
                                  .document = agreement.document,
                                  .key = plan.key,
                                  .limit = agreement.terms.permissions[decision.rule].uses_max,
                                  .purpose = plan.purpose,
                                  .request = plan.request,
                                  .rule = decision.rule,
                                  .salt = plan.salt,
                                  .unit = "call",
                                  .use = id,
                                  .version = agreement.terms.version}));

  // Apply.
  auto& sql = tx.use<WriteStatements>();
  if (sql.spend(agreement.id, decision.rule, before).run() != 1)
    throw core::Broken("a meter moved by itself");
  standing.used[decision.rule] += 1;
  auto state = state_after(agreement.terms, standing.used);
  sql.advance(agreement.id, standing.seq + 1, receipt->hash, state_name(state), 1).run();
  sql.keep(id, agreement.id, plan.key, plan.request, decision.rule, before, receipt->seq, now)
      .run();
  return Recorded{.use = id,
                  .rule = decision.rule,
                  .count_before = before,
                  .seq = receipt->seq,
                  .at = now,
                  .redeliveries = 0,
                  .repeated = false,
                  .delivers = true,
                  .receipt = receipt};
}

Result<Uses::Recorded> Uses::repeat(Tx& tx, const Plan& plan, Recorded earlier) {
  const Agreement& agreement = *plan.agreement;
  Instant now = journal_.ledger.now();
  Standing standing = read_standing(tx, agreement.id);
  auto decision =
      decide_redelivery(agreement.terms, {standing.state, plan.action, plan.purpose, now,
                                          journal_.ledger.time_is_trusted(), standing.used});
  earlier.delivers = decision.allowed && !standing.erased_under && !standing.is_held &&
                     earlier.redeliveries < limits_.redeliveries_max &&
                     now.unix_ms - earlier.at.unix_ms < limits_.replay_window_ms;
  if (!earlier.delivers) return earlier;
  auto receipt =
      journal_.ledger.append(tx, UseRedelivered::kind, plan.actor.text(),
                             core::canonical(UseRedelivered{.contract = agreement.id,
                                                            .contract_prev = standing.prev,
                                                            .contract_seq = standing.seq,
                                                            .delivery = earlier.redeliveries + 1,
                                                            .salt = plan.salt,
                                                            .use = earlier.use}));
  auto& sql = tx.use<WriteStatements>();
  sql.advance(agreement.id, standing.seq + 1, receipt->hash, state_name(standing.state), 0).run();
  sql.redeliver(earlier.use, earlier.redeliveries + 1).run();
  earlier.redelivery_seq = receipt->seq;
  return earlier;
}

std::string Uses::make_grant(const Plan& plan, const Recorded& recorded) const {
  const Terms& terms = plan.agreement->terms;
  Grant grant{recorded.use,  plan.agreement->id,   plan.consumer, terms.dataset,
              terms.version, terms.dataset_digest, plan.purpose,  recorded.at};
  std::string document = core::canonical(grant);
  std::string text = "tallystick/grant/v1\n" + journal_.ledger.origin() + "\n" +
                     core::to_hex(core::sha256(document)) + "\n";
  return "{\"document\":" + document + ",\"key\":\"" +
         KeyId::of(operator_key_.public_key()).text() + "\",\"signature\":\"" +
         core::to_base64(operator_key_.sign(text)) + "\"}";
}

Result<Decision> Uses::preview(const Principal& caller,
                               const ContractId& contract,
                               const UseCommand& command) {
  auto planned = plan(caller, contract, command);
  if (!planned) return planned.error();
  return journal_.writer.run([&](Tx& tx) -> Result<Decision> {
    auto standing = read_standing(tx, contract);
    if (standing.is_held) return contract_held(contract);
    return decide_use(planned->agreement->terms,
                      {standing.state, planned->action, planned->purpose, journal_.ledger.now(),
                       journal_.ledger.time_is_trusted(), standing.used});
  });
}

namespace {

struct KnownUse {
  ContractId contract;
  std::uint64_t rule = 0;
  std::string state;
  std::uint64_t count_before = 0;
  std::uint64_t redeliveries = 0;
  std::uint64_t entry = 0;
  Instant at;
};

Error no_such_use() { return {Refusal::not_found, "use.not_found", "there is no such use"}; }

std::optional<KnownUse> find_use(Session& session, const UseId& use) {
  auto row = session.use<Statements>().by_id(use);
  if (!row.next()) return std::nullopt;
  return KnownUse{row.id<ContractId>(0), row.natural(1), row.text(2),   row.natural(3),
                  row.natural(4),        row.natural(5), row.instant(6)};
}

// For the parties of its contract alone.
Result<KnownUse> visible_use(Session& session, const UseId& use, const PartyId& party) {
  auto known = find_use(session, use);
  if (!known) return no_such_use();
  auto contract = find_contract(session, known->contract);
  if (contract->consumer != party && contract->provider != party) return no_such_use();
  return *known;
}

}  // namespace

Result<UseView> Uses::show(const Principal& caller, const UseId& use) {
  return journal_.readers.read([&](Session& session) -> Result<UseView> {
    auto known = visible_use(session, use, caller.party);
    if (!known) return known.error();
    return UseView{.at = known->at,
                   .contract = known->contract,
                   .count_after = known->count_before + 1,
                   .count_before = known->count_before,
                   .id = use,
                   .redeliveries = known->redeliveries,
                   .rule = known->rule,
                   .seq = known->entry,
                   .state = known->state};
  });
}

Result<ledger::Receipt> Uses::receipt(const Principal& caller, const UseId& use) {
  return journal_.readers.read([&](Session& session) -> Result<ledger::Receipt> {
    auto known = visible_use(session, use, caller.party);
    if (!known) return known.error();
    return journal_.ledger.receipt_of(session, known->entry);
  });
}

void Uses::make_void(const UseId& use, const std::string& reason) {
  auto done = journal_.writer.run([&](Tx& tx) -> Result<core::Done> {
    auto known = find_use(tx, use);
    auto& sql = tx.use<WriteStatements>();
    if (!known || sql.void_(use).run() != 1) return core::Done{};
    auto standing = read_standing(tx, known->contract);
    sql.give_back(known->contract, known->rule).run();
    UseVoided event{.contract = known->contract,
                    .contract_prev = standing.prev,
                    .contract_seq = standing.seq,
                    .count_after = standing.used.at(known->rule) - 1,
                    .reason = reason,
                    .rule = known->rule,
                    .salt = journal_.ledger.draw_salt(),
                    .use = use};
    auto receipt = journal_.ledger.append(tx, UseVoided::kind, "system", core::canonical(event));
    auto state =
        standing.state == ContractState::exhausted ? ContractState::active : standing.state;
    sql.advance(known->contract, standing.seq + 1, receipt->hash, state_name(state), -1).run();
    return core::Done{};
  });
  if (!done)
    throw core::Broken("a use that was not delivered could not be voided: " + done.error().message);
}

}  // namespace tally::space
