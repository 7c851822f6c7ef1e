// The schema of an audited database: what it notes of its own migrations, and whether what these make
// is there. Migrations are frozen, so that this program knows what each of them made.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/sql/session.h"
#include "ledger/conduct.h"

namespace tally::api {

class AuditedSchema {
 public:
  // Reports
  //   schema.differs             a table is not there, or has other columns; or one is there whose
  //                              migration is not noted; or a trigger, a view, an index or another
  //                              table is there that none makes
  //   schema.migration_wrong     a migration is noted in another form, or left out
  //   projection.other_schema    (not checkable) a newer version has opened the database
  AuditedSchema(ledger::Replay& replay, core::sql::Connection& database);

  // Whether this table is to be compared. If not: the migration that makes it is not noted, which
  // must then be so of entries about it too; reports schema.migration_missing if `has_rows`.
  bool has_table(std::string_view name, bool has_rows);
  // A version of this program as old as the database had the table in another form.
  bool has_older_form(const ledger::ProjectionTable& table);

 private:
  void judge_tables(core::sql::Connection& database);
  void judge_objects(core::sql::Connection& database);

  ledger::Replay& replay_;
  core::sql::Connection expected_;  // empty, with the tables of the migrations that are noted
  std::map<std::string, std::vector<std::string>> tables_;  // of `expected_`
};

}  // namespace tally::api
