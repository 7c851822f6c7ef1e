#include "ledger/store.h"

#include "ledger/tile.h"

namespace tally::ledger {
namespace {

using core::Broken;
using core::sql::Session;

struct Statements {
  core::sql::Connection& db;
  core::sql::Statement bundle{db, "select entries from ledger_bundle where bundle = ?1"};
  core::sql::Statement tail{db, R"(
    select first_seq, count, entries from ledger_tail where first_seq >= ?1 order by first_seq
  )"};
  core::sql::Statement tile{db, R"(
    select hashes from ledger_tile where level = ?1 and tile = ?2
  )"};
};

std::string tail_from(Session& session, std::uint64_t first_seq) {
  std::string bytes;
  std::uint64_t next = first_seq;
  auto row = session.use<Statements>().tail(first_seq);
  while (row.next()) {
    if (row.natural(0) != next)
      throw Broken("the ledger's tail has a gap at entry " + std::to_string(next));
    next += row.natural(1);
    bytes += row.view(2);
  }
  return bytes;
}

}  // namespace

std::optional<std::string> read_bundle(Session& session, std::uint64_t bundle) {
  {
    auto row = session.use<Statements>().bundle(bundle);
    if (row.next()) return row.text(0);
  }
  std::string bytes = tail_from(session, bundle * tile_width_max);
  if (bytes.empty()) return std::nullopt;
  return bytes;
}

std::optional<std::string> read_entry(Session& session, std::uint64_t seq) {
  auto bytes = read_bundle(session, seq / tile_width_max);
  if (!bytes) return std::nullopt;
  auto entries = parse_bundle(*bytes);
  if (!entries)
    throw Broken("the ledger's bundle that holds entry " + std::to_string(seq) + " is malformed");
  if (seq % tile_width_max >= entries->size()) return std::nullopt;
  return std::string((*entries)[seq % tile_width_max]);
}

std::string read_tail(Session& session, std::uint64_t size) {
  std::string bytes = tail_from(session, size / tile_width_max * tile_width_max);
  auto entries = parse_bundle(bytes);
  if (!entries || entries->size() != size % tile_width_max) {
    throw Broken("the ledger's tail does not hold the entries up to its size");
  }
  return bytes;
}

std::optional<std::string> read_tile(Session& session, unsigned level, std::uint64_t tile) {
  auto row = session.use<Statements>().tile(level, tile);
  if (!row.next()) return std::nullopt;
  return row.text(0);
}

}  // namespace tally::ledger
