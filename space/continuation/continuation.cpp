#include "space/continuation/continuation.h"

namespace tally::space {
namespace {

using core::sql::Session;
using core::sql::Tx;

struct Statements {
  core::sql::Connection& db;
  core::sql::Statement find{db, R"(
    select provider_confirmed, consumer_confirmed from contract_hold where contract = ?1
  )"};
  core::sql::Statement count{db, "select count(*) from contract_hold"};
  core::sql::Statement erased{db, "select subject from erasure where seq >= ?1"};
};

struct WriteStatements {
  core::sql::Connection& db;
  core::sql::Statement put{db, R"(
    insert into contract_hold (contract, provider_confirmed, consumer_confirmed) values (?1, ?2, ?3)
    on conflict (contract) do update
      set provider_confirmed = excluded.provider_confirmed,
          consumer_confirmed = excluded.consumer_confirmed
  )"};
  core::sql::Statement open{db, "delete from contract_hold where contract = ?1"};
  core::sql::Statement hold_all{db, R"(
    insert into contract_hold (contract) select id from contract where state <> 'terminated'
    on conflict (contract) do update set provider_confirmed = 0, consumer_confirmed = 0
  )"};
  core::sql::Statement move_answers{db, "update idempotency set seq = seq + ?1"};
  core::sql::Statement leave{db, R"(
    insert into erasure_left (subject) values (?1) on conflict (subject) do nothing
  )"};
  core::sql::Statement forget_registration{db, "delete from party_registration where party = ?1"};
  core::sql::Statement forget_tokens{db, R"(
    delete from actor_token where actor = ?1 or actor in (select id from actor where party = ?1)
  )"};
  core::sql::Statement forget_document{db, "update document set bytes = '' where digest = ?1"};
};

}  // namespace

std::string carried_body(std::string_view entry, std::string_view salt) {
  std::string body = "{\"entry\":";
  body += entry;
  body += ",\"salt\":\"";
  body += salt;
  body += "\"}";
  return body;
}

std::optional<Hold> find_hold(Session& session, const ContractId& contract) {
  auto row = session.use<Statements>().find(contract);
  if (!row.next()) return std::nullopt;
  return Hold{row.integer(0) == 1, row.integer(1) == 1};
}

void store_hold(Tx& tx, const ContractId& contract, const std::optional<Hold>& hold) {
  auto& sql = tx.use<WriteStatements>();
  if (hold) {
    sql.put(contract, hold->provider_confirmed, hold->consumer_confirmed).run();
  } else {
    sql.open(contract).run();
  }
}

std::uint64_t hold_all(Tx& tx) {
  return static_cast<std::uint64_t>(tx.use<WriteStatements>().hold_all().run());
}

std::uint64_t count_held(Session& session) {
  auto row = session.use<Statements>().count();
  row.next();
  return row.natural(0);
}

void settle_continued(Tx& tx, std::uint64_t new_from) {
  auto& sql = tx.use<WriteStatements>();
  sql.move_answers(carried_from).run();
  std::vector<std::string> subjects;
  {
    auto row = tx.use<Statements>().erased(new_from);
    while (row.next()) subjects.push_back(row.text(0));
  }
  for (const std::string& subject : subjects) {
    std::string name = subject.substr(subject.find('/') + 1);
    sql.leave(subject).run();  // its key and its bulk go at the next start
    if (subject.starts_with("party/")) sql.forget_registration(name).run();
    if (subject.starts_with("party/") || subject.starts_with("actor/"))
      sql.forget_tokens(name).run();
    auto digest = core::Hash::from_hex(name);
    if (subject.starts_with("document/") && digest) sql.forget_document(*digest).run();
  }
}

core::Error contract_held(const ContractId& contract) {
  return {core::Refusal::forbidden, "contract.held",
          contract.text() +
              " is closed since its ledger was continued: uses may have been lost with the disk. "
              "Both parties have to confirm the count (POST /v1/contracts/{id}/confirmation)"};
}

}  // namespace tally::space
