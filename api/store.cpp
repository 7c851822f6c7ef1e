#include "api/store.h"

#include <fcntl.h>
#include <unistd.h>

#include "core/sql/migrate.h"
#include "core/sql/sqlite/tables.h"
#include "labeling/schema.h"

namespace tally::api {

Store::Store(const DataDir& dir,
             const ServerKeys& keys,
             std::function<void(const std::string&)> stop_process,
             const Surroundings& surroundings,
             const BeforeWriting& before_writing)
    : ledger_(ledger::LogSigners(keys.log_signers()), surroundings.clock, surroundings.random),
      writer_(open(dir.database(), surroundings.files, before_writing),
              ledger_,
              {.stop_process = std::move(stop_process)}),
      readers_([path = dir.database(), files = surroundings.files] {
        return core::sql::sqlite::open_reader(path, files);
      }),
      shred_keys_(core::sql::sqlite::open_key_store(surroundings.subject_keys.empty()
                                                        ? dir.key("subjects.db")
                                                        : surroundings.subject_keys),
                  surroundings.random),
      journal_{writer_, readers_, ledger_, surroundings.random, shred_keys_} {}

core::sql::Connection Store::open(const std::string& path,
                                  const core::sql::sqlite::Options& files,
                                  const BeforeWriting& before_writing) {
  // Made by us, so that nobody else can read it; SQLite gives its other files the same mode.
  ::close(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  auto connection = core::sql::sqlite::open_writer(path, files);
  core::sql::migrate(connection, labeling::schema_files());
  core::sql::sqlite::check_schema(connection, labeling::schema_files());
  core::sql::Session session(connection);
  ledger_.open(session);
  if (before_writing) before_writing(session, ledger_);
  return connection;
}

}  // namespace tally::api
