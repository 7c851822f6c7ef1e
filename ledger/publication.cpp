#include "ledger/publication.h"

namespace tally::ledger {
namespace {

struct Statements {
  core::sql::Connection& db;
  core::sql::Statement stored{db, "select size, note from ledger_checkpoint where id = 1"};
};

}  // namespace

Published SignedPublication::newest() const {
  SignedHead head = ledger_.signed_head();
  return {.size = head.head.size, .note = *head.note};
}

std::optional<Published> read_published(core::sql::Session& session) {
  auto row = session.use<Statements>().stored();
  if (!row.next()) return std::nullopt;
  return Published{.size = row.natural(0), .note = row.text(1)};
}

}  // namespace tally::ledger
