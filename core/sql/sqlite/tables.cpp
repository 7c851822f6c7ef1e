#include "core/sql/sqlite/tables.h"

namespace tally::core::sql::sqlite {

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

}  // namespace tally::core::sql::sqlite
