#include "space/replay.h"

#include "space/conduct/floor.h"

namespace tally::space {
namespace {

struct Statements {
  core::sql::Connection& db;
  core::sql::Statement missing{db, R"(
    select m.document, m.contract, m.entry, e.entry
      from conduct_missing m left join conduct_erased e on e.document = m.document
     order by m.entry
  )"};
  core::sql::Statement forget{db, "delete from conduct_missing"};
};

// At the end only: the entry that took a document away stands after those that rest on it.
void tell_missing(ledger::Replay& replay) {
  auto& sql = replay.tx().use<Statements>();
  {
    auto row = sql.missing();
    while (row.next()) {
      std::string digest = core::to_hex(row.view(0));
      bool is_erased = !row.is_null(3);
      replay.report({.code = is_erased ? "document.erased" : "document.missing",
                     .place = "document " + digest,
                     .contract = row.text(1),
                     .words = is_erased
                                  ? "What entry " + row.text(2) +
                                        " rests on was erased under entry " + row.text(3) + "."
                                  : "What entry " + row.text(2) +
                                        " rests on is not filed, and no entry erased it.",
                     .expected = {},
                     .found = {},
                     .not_checkable = is_erased});
    }
  }
  sql.forget().run();
}

}  // namespace

std::shared_ptr<SpaceReplay> register_replayers(ledger::Replayers& replayers) {
  auto space = std::make_shared<SpaceReplay>();
  replayers.add_tables(ActorsSeen::tables);
  replayers.add_tables(ContractStandings::tables);
  add_party_replayers(replayers, space);
  add_key_replayers(replayers, space);
  add_log_key_replayers(replayers, space);
  add_dataset_replayers(replayers, space);
  add_contract_replayers(replayers, space);
  add_use_replayers(replayers, space);
  add_erasure_replayers(replayers, space);
  add_continuation_replayers(replayers, space);
  add_projection_tables(replayers);
  replayers.at_end([space](ledger::Replay& replay) {
    space->contracts.flush(replay);
    tell_missing(replay);
  });
  return space;
}

}  // namespace tally::space
