#include "core/sql/migrate.h"

#include <algorithm>
#include <string>
#include <vector>

#include "core/hash.h"

namespace tally::core::sql {
namespace {

struct Applied {
  std::string name;
  std::string sha256;
};

std::vector<Applied> list_applied(Connection& connection) {
  connection.run(R"(
    create table if not exists schema_migration (
      name   text primary key,
      sha256 text not null
    ) strict
  )");
  std::vector<Applied> applied;
  Statement list(connection, "select name, sha256 from schema_migration order by name");
  auto row = list();
  while (row.next()) applied.push_back({row.text(0), row.text(1)});
  return applied;
}

void apply(Connection& connection, const EmbeddedFile& file) {
  connection.run("begin immediate");
  connection.driver().run_script(file.text);
  Statement note(connection, "insert into schema_migration (name, sha256) values (?1, ?2)");
  note(file.name, to_hex(sha256(file.text))).run();
  connection.run("commit");
}

}  // namespace

void migrate(Connection& connection, std::span<const EmbeddedFile> unordered) {
  // A floor's files need not stand together: by number, whoever brought them.
  std::vector<EmbeddedFile> files(unordered.begin(), unordered.end());
  std::ranges::sort(files, {}, &EmbeddedFile::name);
  auto applied = list_applied(connection);
  if (applied.size() > files.size()) {
    throw Broken("the database was written by a newer version: it knows the migration " +
                 applied.back().name);
  }
  for (std::size_t i = 0; i < files.size(); ++i) {
    if (i >= applied.size()) {
      apply(connection, files[i]);
    } else if (applied[i].name != files[i].name ||
               applied[i].sha256 != to_hex(sha256(files[i].text))) {
      throw Broken("the migration " + applied[i].name + " is not the one that was applied");
    }
  }
}

}  // namespace tally::core::sql
