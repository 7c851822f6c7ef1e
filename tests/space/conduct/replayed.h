// A ledger of this floor, replayed and judged as the audit does it.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "core/sql/migrate.h"
#include "core/sql/sqlite/sqlite.h"
#include "ledger/conduct.h"
#include "ledger/source_database.h"
#include "space/documents.h"
#include "space/replay.h"
#include "support/space/temp_space.h"

namespace tally::test {

class Replayed {
 public:
  // `more` registers replayers of later kinds.
  explicit Replayed(TempSpace& space, const std::function<void(ledger::Replayers&)>& more = {})
      : key_(*ledger::parse_vkey(space.journal().ledger.log_vkey())),
        stored_(core::sql::sqlite::open_reader(space.database())),
        session_(stored_),
        documents_(session_) {
    space::register_replayers(replayers_);
    if (more) more(replayers_);
    scratch_.run("pragma ignore_check_constraints = on");
    core::sql::migrate(scratch_, space::schema_files());
    replayers_.begin(replay);
    {
      ledger::DatabaseSource source(session_);
      ledger::visit_entries(
          source, 0, [&](std::string_view entry) { return replayers_.replay(replay, entry); });
    }
    replayers_.end(replay);
    for (const auto& table : replayers_.projection()) compare(table);
  }

  std::set<std::string> codes() const {
    std::set<std::string> codes;
    for (const auto& finding : replay.findings()) codes.insert(finding.code);
    return codes;
  }
  // "meter.used": the column by which a table first differs; "meter" when it is a whole row.
  const std::set<std::string>& differences() const { return differences_; }

 private:
  void compare(const ledger::ProjectionTable& table) {
    ledger::compare_table(table, scratch_, stored_, [&](const ledger::RowDifference& difference) {
      std::string column = difference.column.empty() ? "" : "." + difference.column;
      differences_.insert(std::string(table.name) + column);
      return true;
    });
  }

  ledger::VerifierKey key_;
  core::sql::Connection stored_;
  core::sql::Session session_;
  space::FiledDocuments documents_;
  core::sql::Connection scratch_ = core::sql::sqlite::open_temporary();
  core::sql::Tx tx_{scratch_};
  ledger::Replayers replayers_;
  std::set<std::string> differences_;

 public:
  ledger::Replay replay{tx_, documents_, key_};
};

}  // namespace tally::test
