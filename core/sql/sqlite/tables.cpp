#include "core/sql/sqlite/tables.h"

#include <string_view>

#include "core/sql/migrate.h"
#include "core/sql/sqlite/sqlite.h"

namespace tally::core::sql::sqlite {
namespace {

std::string with_single_spaces(std::string_view sql) {
  std::string out;
  for (char c : sql) {
    bool is_space = c == ' ' || c == '\n' || c == '\t' || c == '\r';
    if (!is_space) {
      out += c;
    } else if (!out.ends_with(' ')) {
      out += ' ';
    }
  }
  return out;
}

}  // namespace

std::map<std::string, std::vector<std::string>> list_tables(Connection& connection) {
  Statement list(connection, R"(
    select m.name, c.name || ' ' || lower(c.type) || iif(c."notnull", ' not null', '') ||
                   iif(c.pk, ' key ' || c.pk, '')
      from sqlite_master m, pragma_table_info(m.name) c
     where m.type = 'table'
     order by m.name, c.cid
  )");
  std::map<std::string, std::vector<std::string>> tables;
  for (auto row = list(); row.next();) tables[row.text(0)].push_back(row.text(1));
  return tables;
}

std::map<std::string, SchemaObject> list_schema(Connection& connection) {
  // No trigger and no view is the engine's own, whatever its name.
  Statement list(connection, R"(
    select type, name, tbl_name, coalesce(sql, '')
      from sqlite_master
     where type not in ('table', 'index') or name not like 'sqlite\_%' escape '\'
     order by type, name
  )");
  std::map<std::string, SchemaObject> objects;
  for (auto row = list(); row.next();) {
    SchemaObject object{row.text(0), row.text(1), row.text(2), with_single_spaces(row.text(3))};
    objects[object.type + " " + object.name] = std::move(object);
  }
  return objects;
}

void check_schema(Connection& connection, std::span<const EmbeddedFile> files) {
  Connection made = open_memory();
  migrate(made, files);
  auto expected = list_schema(made);
  auto found = list_schema(connection);
  for (const auto& [name, object] : found) {
    auto same = expected.find(name);
    if (same == expected.end())
      throw Broken("the database has one too many: " + name + " that no migration makes");
    if (same->second != object)
      throw Broken("the " + name + " of the database is not as its migration makes it");
  }
  for (const auto& [name, object] : expected) {
    if (!found.contains(name)) throw Broken("the database lacks the " + name);
  }
}

}  // namespace tally::core::sql::sqlite
