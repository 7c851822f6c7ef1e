#include "ledger/source_database.h"

#include <limits>

namespace tally::ledger {
namespace {

using core::sql::Cursor;
using core::sql::Session;

struct Statements {
  core::sql::Connection& db;
  core::sql::Statement begin{db, "begin"};
  core::sql::Statement rollback{db, "rollback"};
  // Two rows would be one too many; more need not be read.
  core::sql::Statement heads{db, R"(
    select id, size, root, edge, last_hash, last_at, time_trusted from ledger_head limit 2
  )"};
  core::sql::Statement checkpoints{db, "select id, size, note from ledger_checkpoint limit 2"};
  core::sql::Statement tail{db, R"(
    select first_seq, count, entries from ledger_tail order by first_seq limit 256
  )"};
  core::sql::Statement first_bundle{db, "select min(bundle) from ledger_bundle"};
  core::sql::Statement last_bundle{db, "select max(bundle) from ledger_bundle"};
  core::sql::Statement tiles{db, R"(
    select level, min(tile), max(tile) from ledger_tile group by level order by level limit 64
  )"};
  core::sql::Statement first_batch{db, "select min(size) from ledger_batch"};
  core::sql::Statement last_batch{db, "select max(size) from ledger_batch"};
  core::sql::Statement bundle{db, "select entries from ledger_bundle where bundle = ?1"};
  core::sql::Statement tile{db, R"(
    select hashes from ledger_tile where level = ?1 and tile = ?2
  )"};
};

constexpr int visits_max = 256;  // some milliseconds
constexpr std::uint64_t number_max = std::numeric_limits<std::int64_t>::max();

std::optional<std::int64_t> sole_number(Cursor row) {
  return row.next() ? row.optional_integer(0) : std::nullopt;
}

bool show(Cursor row, const LedgerSource::Visitor& visit) {
  if (!row.next()) return false;
  visit(row.view(0));
  return true;
}

}  // namespace

DatabaseSource::DatabaseSource(Session& session) : session_(session) {
  is_own_ = !session_.connection().driver().in_transaction();
  begin();
  read_edge();
  read_extents();
  keep_last_tiles();
}

DatabaseSource::~DatabaseSource() {
  bool is_open = session_.connection().driver().in_transaction();
  if (is_own_ && is_open) session_.use<Statements>().rollback().run();
}

void DatabaseSource::begin() {
  if (is_own_) session_.use<Statements>().begin().run();
  visits_ = 0;
}

// Between two visits: lets the writer's log go on.
void DatabaseSource::rest() {
  if (!is_own_ || ++visits_ < visits_max) return;
  session_.use<Statements>().rollback().run();
  begin();
}

void DatabaseSource::read_edge() {
  auto& sql = session_.use<Statements>();
  for (auto row = sql.heads(); row.next();) {
    edge_.heads.push_back({.id = row.integer(0),
                           .size = row.integer(1),
                           .root = row.text(2),
                           .edge = row.text(3),
                           .last_hash = row.text(4),
                           .last_at = row.integer(5),
                           .time_trusted = row.integer(6)});
  }
  for (auto row = sql.checkpoints(); row.next();) {
    edge_.checkpoints.push_back(
        {.id = row.integer(0), .size = row.integer(1), .note = row.text(2)});
  }
  for (auto row = sql.tail(); row.next();) {
    edge_.tail.push_back(
        {.first_seq = row.integer(0), .count = row.integer(1), .entries = row.text(2)});
  }
}

void DatabaseSource::read_extents() {
  auto& sql = session_.use<Statements>();
  edge_.first_bundle = sole_number(sql.first_bundle()).value_or(0);
  auto last_bundle = sole_number(sql.last_bundle());
  if (last_bundle && *last_bundle >= 0) {
    edge_.bundles = static_cast<std::uint64_t>(*last_bundle) + 1;
  }
  for (auto row = sql.tiles(); row.next();) {
    edge_.tiles.push_back(
        {.level = row.integer(0), .first = row.integer(1), .last = row.integer(2)});
  }
  edge_.first_batch = sole_number(sql.first_batch());
  edge_.last_batch = sole_number(sql.last_batch());
}

void DatabaseSource::keep_last_tiles() {
  for (const TileExtent& extent : edge_.tiles) {
    if (extent.level < 0 || extent.level > 63 || extent.last < 0) continue;
    auto level = static_cast<unsigned>(extent.level);
    auto tile = static_cast<std::uint64_t>(extent.last);
    visit_tile(level, tile, [&](std::string_view bytes) {
      last_tiles_.try_emplace({level, tile}, bytes);
    });
  }
}

bool DatabaseSource::visit_bundle(std::uint64_t bundle, const Visitor& visit) {
  rest();
  return bundle <= number_max && show(session_.use<Statements>().bundle(bundle), visit);
}

bool DatabaseSource::visit_tile(unsigned level, std::uint64_t tile, const Visitor& visit) {
  auto kept = last_tiles_.find({level, tile});
  if (kept != last_tiles_.end()) {
    visit(kept->second);
    return true;
  }
  return tile <= number_max && show(session_.use<Statements>().tile(level, tile), visit);
}

}  // namespace tally::ledger
