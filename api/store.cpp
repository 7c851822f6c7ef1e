#include "api/store.h"

#include <fcntl.h>
#include <unistd.h>

#include "core/sql/migrate.h"
#include "core/sql/sqlite/sqlite.h"
#include "labeling/schema.h"

namespace tally::api {

Store::Store(const DataDir& dir,
             const ServerKeys& keys,
             std::function<void(const std::string&)> stop_process)
    : ledger_(keys.log, core::system_clock(), core::system_random()),
      writer_(open(dir.database()), ledger_, {.stop_process = std::move(stop_process)}),
      readers_([path = dir.database()] { return core::sql::sqlite::open_reader(path); }),
      journal_{writer_, readers_, ledger_, core::system_random()} {}

core::sql::Connection Store::open(const std::string& path) {
  // Made by us, so that nobody else can read it; SQLite gives its other files the same mode.
  ::close(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  auto connection = core::sql::sqlite::open_writer(path);
  core::sql::migrate(connection, labeling::schema_files());
  core::sql::Session session(connection);
  ledger_.open(session);
  return connection;
}

}  // namespace tally::api
