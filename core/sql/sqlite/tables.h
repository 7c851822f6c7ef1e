// What tables a database has, as the engine knows them.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/sql/session.h"

namespace tally::core::sql::sqlite {

// Of each table its columns in their order, as "used integer not null" or "id text key 1".
std::map<std::string, std::vector<std::string>> list_tables(Connection& connection);

}  // namespace tally::core::sql::sqlite
