#include "ledger/witnessed.h"

#include <utility>

#include "ledger/checkpoint.h"
#include "ledger/proof.h"
#include "ledger/store.h"
#include "ledger/tile.h"

namespace tally::ledger {
namespace {

using core::Broken;
using core::Done;
using core::Result;
using core::sql::Session;
using core::sql::Tx;

struct Statements {
  core::sql::Connection& db;
  core::sql::Statement stored{db, "select size, note from ledger_witnessed where id = 1"};
};

struct WriteStatements {
  core::sql::Connection& db;
  core::sql::Statement store{db, R"(
    insert into ledger_witnessed (id, size, note) values (1, ?1, ?2)
    on conflict (id) do update set size = excluded.size, note = excluded.note
    where excluded.size >= ledger_witnessed.size
  )"};
  core::sql::Statement expect{db, R"(
    insert into ledger_witnessed (id, size, note) values (1, 0, '') on conflict (id) do nothing
  )"};
  core::sql::Statement clear{db, "delete from ledger_witnessed"};
};

TileSubtrees tiles_of(Session& session) {
  return TileSubtrees([&session](unsigned level, std::uint64_t index) {
    return read_tile(session, level, index).value_or("");
  });
}

Published read_stored(Session& session) {
  auto row = session.use<Statements>().stored();
  if (!row.next()) return {};
  return {.size = row.natural(0), .note = row.text(1)};
}

}  // namespace

WitnessedPublication::WitnessedPublication(Session& session, const Ledger& ledger) {
  Published stored = read_stored(session);
  if (stored.note.empty()) return;
  auto checkpoint = open_checkpoint(stored.note, ledger.origin(), ledger.signers()->known());
  if (!checkpoint || checkpoint->head.size != stored.size ||
      stored.size > ledger.signed_head().head.size ||
      root_of(tiles_of(session), stored.size) != checkpoint->head.root) {
    throw Broken(
        "the checkpoint that was published does not fit the ledger; run `tallystick audit`");
  }
  newest_.with([&](Published& newest) { newest = std::move(stored); });
}

Published WitnessedPublication::newest() const {
  return newest_.with([](const Published& newest) { return newest; });
}

Result<Done> WitnessedPublication::publish(core::sql::Writer& writer, Published published) {
  if (published.size < newest().size) return Done{};
  auto stored = writer.run([&](Tx& tx) -> Result<Done> {
    tx.use<WriteStatements>().store(published.size, published.note).run();
    return Done{};
  });
  if (!stored) return stored;
  newest_.with([&](Published& newest) {
    if (published.size >= newest.size) newest = std::move(published);
  });
  return Done{};
}

Result<Done> note_policy(core::sql::Writer& writer, bool has_policy) {
  return writer.run([&](Tx& tx) -> Result<Done> {
    auto& sql = tx.use<WriteStatements>();
    if (has_policy) sql.expect().run();
    if (!has_policy) sql.clear().run();
    return Done{};
  });
}

std::string published_receipt(Session& session,
                              const Receipt& receipt,
                              const Published& published) {
  auto tiles = tiles_of(session);
  auto proof = prove_inclusion(tiles, receipt.seq, published.size);
  auto note = parse_note(published.note);
  auto checkpoint = note ? parse_checkpoint(note->text) : note.error();
  if (!checkpoint || !verifies(proof, receipt.hash, checkpoint->head.root)) {
    throw Broken("the ledger no longer gives the root that was published at size " +
                 std::to_string(published.size) + "; run `tallystick audit`");
  }
  return format_receipt(receipt.entry, proof, published.note);
}

}  // namespace tally::ledger
