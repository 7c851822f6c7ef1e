#include "ledger/publication.h"

namespace tally::ledger {
namespace {

struct Statements {
  core::sql::Connection& db;
  core::sql::Statement stored{db, "select size, note from ledger_checkpoint where id = 1"};
  // Beside a server that has not been started since, the database may be of an older version.
  core::sql::Statement knows_witnesses{db, R"(
    select 1 from schema_migration where name = '0006_witnessed.sql'
  )"};
};

struct WitnessedStatements {
  core::sql::Connection& db;
  core::sql::Statement witnessed{db, "select size, note from ledger_witnessed where id = 1"};
};

// Nothing: there is no policy. An empty note: there was no quorum yet.
std::optional<Published> read_witnessed(core::sql::Session& session) {
  if (!session.use<Statements>().knows_witnesses().next()) return std::nullopt;
  auto row = session.use<WitnessedStatements>().witnessed();
  if (!row.next()) return std::nullopt;
  return Published{.size = row.natural(0), .note = row.text(1)};
}

}  // namespace

Published SignedPublication::newest() const {
  SignedHead head = ledger_.signed_head();
  return {.size = head.head.size, .note = *head.note};
}

std::optional<Published> read_published(core::sql::Session& session) {
  if (auto witnessed = read_witnessed(session))
    return witnessed->note.empty() ? std::nullopt : witnessed;
  auto row = session.use<Statements>().stored();
  if (!row.next()) return std::nullopt;
  return Published{.size = row.natural(0), .note = row.text(1)};
}

}  // namespace tally::ledger
