#include "api/replica_store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include "core/file.h"
#include "core/sql/migrate.h"
#include "core/sql/sqlite/sqlite.h"
#include "core/sql/sqlite/tables.h"
#include "labeling/schema.h"
#include "ledger/checkpoint.h"
#include "ledger/publication.h"
#include "space/documents.h"

namespace tally::api {
namespace {

using core::Done;
using core::Error;
using core::Refusal;
using core::Result;

core::sql::Connection open_database(const std::string& path) {
  ::close(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  auto connection = core::sql::sqlite::open_writer(path);
  core::sql::migrate(connection, labeling::schema_files());
  core::sql::sqlite::check_schema(connection, labeling::schema_files());
  return connection;
}

}  // namespace

std::string replica_database(const std::filesystem::path& directory) {
  return (directory / "replica.db").string();
}

ReplicaStore::ReplicaStore(ProcessLock lock,
                           core::sql::Connection connection,
                           ledger::LogKeys log_keys)
    : lock_(std::move(lock)),
      connection_(std::move(connection)),
      tx_(connection_),
      copy_(std::move(log_keys)) {
  copy_.open(tx_);
}

ReplicaStore::~ReplicaStore() = default;  // a transaction that is open is rolled back

Result<std::unique_ptr<ReplicaStore>> ReplicaStore::open(const std::filesystem::path& directory,
                                                         const ledger::LogKeys& log_keys) {
  if (auto made = core::make_directories(directory.string()); !made) return made.error();
  ::chmod(directory.c_str(), 0700);
  std::string database = replica_database(directory);
  auto lock = ProcessLock::take_file(database + ".lock", directory.string());
  if (!lock) return lock.error();
  std::unique_ptr<ReplicaStore> store(
      new ReplicaStore(*std::move(lock), open_database(database), log_keys));
  if (auto checked = store->check_log(log_keys); !checked) return checked.error();
  std::string vkey = (directory / "log.vkey").string();
  auto known = std::filesystem::exists(vkey) ? core::read_file(vkey) : Result<std::string>("");
  if (!known || *known != log_keys.text()) {
    auto written = core::write_file(vkey, log_keys.text());
    if (!written) return written.error();
  }
  return store;
}

Result<Done> ReplicaStore::check_log(const ledger::LogKeys& log_keys) {
  auto held = ledger::read_published(tx_);
  if (!held || ledger::open_checkpoint(held->note, log_keys.origin(), log_keys)) return Done{};
  return Error{Refusal::conflict, "replica.other_log",
               "the directory holds a ledger that " + log_keys.origin() + " did not sign"};
}

void ReplicaStore::begin() { connection_.run("begin immediate"); }

Result<Done> ReplicaStore::or_rollback(Result<Done> done) {
  if (!done) rollback();
  return done;
}

Result<Done> ReplicaStore::add(std::uint64_t first_seq,
                               const std::vector<std::string_view>& entries) {
  return or_rollback(copy_.add(tx_, first_seq, entries));
}

void ReplicaStore::keep_document(const std::string& bytes) { space::keep_document(tx_, bytes); }

void ReplicaStore::forget_document(const core::Hash& digest) {
  space::forget_document(tx_, digest);
}

Result<Done> ReplicaStore::commit(const std::string& checkpoint_note) {
  auto sealed = or_rollback(copy_.seal(tx_, checkpoint_note));
  if (!sealed) return sealed;
  connection_.run("commit");
  connection_.driver().checkpoint_if_large();
  return Done{};
}

void ReplicaStore::rollback() {
  connection_.run("rollback");
  copy_.open(tx_);
}

}  // namespace tally::api
