// What a database is made of, as the engine knows it.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "core/embedded.h"
#include "core/sql/session.h"

namespace tally::core::sql::sqlite {

// Of each table its columns in their order, as "used integer not null" or "id text key 1".
std::map<std::string, std::vector<std::string>> list_tables(Connection& connection);

// A table, an index, a view or a trigger.
struct SchemaObject {
  std::string type;
  std::string name;
  std::string table;  // that it is about
  std::string sql;    // with single spaces
  bool operator==(const SchemaObject&) const = default;
};

// By "type name". Without the tables and indexes that the engine makes for itself.
std::map<std::string, SchemaObject> list_schema(Connection& connection);

// Throws Broken, naming the first object that these migrations do not give: one is there besides, or
// has another form, or is not there. Reads only.
void check_schema(Connection& connection, std::span<const EmbeddedFile> files);

}  // namespace tally::core::sql::sqlite
