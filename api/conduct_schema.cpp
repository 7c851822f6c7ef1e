#include "api/conduct_schema.h"

#include <algorithm>
#include <span>
#include <utility>

#include "core/embedded.h"
#include "core/hash.h"
#include "core/sql/migrate.h"
#include "core/sql/sqlite/sqlite.h"
#include "core/sql/sqlite/tables.h"
#include "labeling/schema.h"

namespace tally::api {
namespace {

using core::EmbeddedFile;
using core::sql::Connection;
using core::sql::Statement;
using core::sql::sqlite::list_schema;
using core::sql::sqlite::list_tables;
using ledger::ConductFinding;

struct Noted {
  std::string name;
  std::string sha256;
  bool operator==(const Noted&) const = default;
};

std::vector<Noted> list_noted(Connection& database) {
  std::vector<Noted> noted;
  try {
    Statement list(database, "select name, sha256 from schema_migration order by name");
    for (auto row = list(); row.next();) noted.push_back({row.text(0), row.text(1)});
  } catch (const core::sql::SqlBroken&) {
    noted.clear();  // the table is gone: nothing is noted
  }
  return noted;
}

std::vector<EmbeddedFile> known_files() {
  auto files = labeling::schema_files();
  std::ranges::sort(files, {}, &EmbeddedFile::name);
  return files;
}

std::size_t count_common(const std::vector<Noted>& noted, const std::vector<EmbeddedFile>& files) {
  std::size_t count = 0;
  while (count < noted.size() && count < files.size() &&
         noted[count] ==
             Noted{std::string(files[count].name), core::to_hex(core::sha256(files[count].text))}) {
    ++count;
  }
  return count;
}

// The migrations up to the last that is noted, in whatever form.
std::size_t count_up_to(const std::vector<Noted>& noted, const std::vector<EmbeddedFile>& files) {
  if (noted.empty()) return 0;
  auto after = std::ranges::upper_bound(files, noted.back().name, {}, &EmbeddedFile::name);
  return static_cast<std::size_t>(after - files.begin());
}

ConductFinding other_schema(std::size_t known, std::size_t noted) {
  return {.code = "projection.other_schema",
          .place = "table schema_migration",
          .contract = {},
          .words = "The database was opened by a newer version than this program.",
          .expected = std::to_string(known) + " migrations",
          .found = std::to_string(noted),
          .not_checkable = true};
}

ConductFinding migration_wrong(const EmbeddedFile& file, const Noted& noted) {
  return {.code = "schema.migration_wrong",
          .place = "row schema_migration " + noted.name,
          .contract = {},
          .words = "The database notes another migration than the one that stands there.",
          .expected = std::string(file.name) + " " + core::to_hex(core::sha256(file.text)),
          .found = noted.name + " " + noted.sha256};
}

ConductFinding differs(const std::string& place,
                       const std::string& words,
                       std::string expected = "",
                       std::string found = "") {
  return {.code = "schema.differs",
          .place = place,
          .contract = {},
          .words = words,
          .expected = std::move(expected),
          .found = std::move(found)};
}

// The first column that differs.
ConductFinding columns_differ(const std::string& table,
                              const std::vector<std::string>& expected,
                              const std::vector<std::string>& found) {
  std::size_t i = 0;
  while (i < expected.size() && i < found.size() && expected[i] == found[i]) ++i;
  return differs("table " + table, "The table has other columns than its migration makes.",
                 i < expected.size() ? expected[i] : "no column",
                 i < found.size() ? found[i] : "no column");
}

}  // namespace

AuditedSchema::AuditedSchema(ledger::Replay& replay, Connection& database)
    : replay_(replay), expected_(core::sql::sqlite::open_memory()) {
  auto files = known_files();
  auto noted = list_noted(database);
  std::size_t common = count_common(noted, files);
  bool is_newer = common == files.size() && noted.size() > files.size();
  bool is_prefix = common == noted.size();
  if (is_newer) replay_.report(other_schema(files.size(), noted.size()));
  if (!is_newer && !is_prefix) replay_.report(migration_wrong(files[common], noted[common]));
  core::sql::migrate(expected_, std::span(files).first(count_up_to(noted, files)));
  tables_ = list_tables(expected_);
  if (is_newer) return;
  judge_tables(database);
  judge_objects(database);
}

void AuditedSchema::judge_tables(Connection& database) {
  auto found = list_tables(database);
  for (const auto& [name, columns] : tables_) {
    auto table = found.find(name);
    if (table == found.end()) {
      replay_.report(differs(
          "table " + name, "The table is not there, though the migration that makes it is noted."));
    } else if (table->second != columns) {
      replay_.report(columns_differ(name, columns, table->second));
    }
  }
  for (const auto& [name, columns] : list_tables(replay_.tx().connection())) {
    if (name.starts_with("conduct_") || tables_.contains(name) || !found.contains(name)) continue;
    replay_.report(differs("table " + name,
                           "The table is there, though the migration that makes it is not noted."));
  }
}

void AuditedSchema::judge_objects(Connection& database) {
  auto expected = list_schema(expected_);
  auto found = list_schema(database);
  auto known = list_tables(replay_.tx().connection());
  auto columns = list_tables(database);
  // What judge_tables has said of a table is not said again, nor of the indexes that came and went with it.
  auto is_judged = [&](const std::string& table) {
    auto there = columns.find(table);
    auto made = tables_.find(table);
    if (made == tables_.end()) return !table.starts_with("conduct_") && known.contains(table);
    return there == columns.end() || there->second != made->second;
  };
  for (const auto& [name, object] : found) {
    auto made = expected.find(name);
    bool is_table = object.type == "table" || object.type == "index";
    if (made != expected.end() && made->second == object) continue;
    if (is_table && is_judged(object.table)) continue;
    if (made == expected.end()) {
      replay_.report(differs(name, "It is there, though no migration that is noted makes it.",
                             "nothing", object.sql));
    } else {
      replay_.report(differs(name, "It has another form than its migration makes.",
                             made->second.sql, object.sql));
    }
  }
  for (const auto& [name, object] : expected) {
    if (found.contains(name) || is_judged(object.table)) continue;
    replay_.report(
        differs(name, "It is not there, though the migration that makes it is noted.", object.sql));
  }
}

bool AuditedSchema::has_table(std::string_view name, bool has_rows) {
  if (tables_.contains(std::string(name))) return true;
  if (has_rows) {
    replay_.report({.code = "schema.migration_missing",
                    .place = "table " + std::string(name),
                    .contract = {},
                    .words = "The ledger holds entries about this table, which the database has "
                             "not yet, as it notes its migrations.",
                    .expected = {},
                    .found = {}});
  }
  return false;
}

bool AuditedSchema::has_older_form(const ledger::ProjectionTable& table) {
  try {
    Statement rows(expected_, table.rows);
  } catch (const core::sql::SqlBroken&) {
    return true;
  }
  return false;
}

}  // namespace tally::api
