#include "core/sql/sqlite/snapshot.h"

#include <fcntl.h>
#include <memory>
#include <unistd.h>

#include <sqlite3.h>

#include "core/sql/driver.h"

namespace tally::core::sql::sqlite {
namespace {

struct Close {
  void operator()(sqlite3* db) const { sqlite3_close_v2(db); }
};
using Handle = std::unique_ptr<sqlite3, Close>;

[[noreturn]] void fail(const std::string& doing, sqlite3* db) {
  throw SqlBroken(doing + ": " + (db != nullptr ? sqlite3_errmsg(db) : "out of memory"));
}

Handle open(const std::string& path, int flags) {
  sqlite3* db = nullptr;
  int code = sqlite3_open_v2(path.c_str(), &db, flags | SQLITE_OPEN_NOMUTEX, nullptr);
  Handle handle(db);
  if (code != SQLITE_OK) fail("cannot open the database " + path, db);
  sqlite3_busy_timeout(db, 5000);
  return handle;
}

void run(sqlite3* db, const char* sql) {
  if (sqlite3_exec(db, sql, nullptr, nullptr, nullptr) != SQLITE_OK) fail(sql, db);
}

}  // namespace

void copy_snapshot(const std::string& from, const std::string& to) {
  int made = ::open(to.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (made < 0) throw SqlBroken("cannot make the file " + to);
  ::close(made);
  Handle source = open(from, SQLITE_OPEN_READONLY);
  sqlite3_wal_autocheckpoint(source.get(), 0);
  sqlite3_db_config(source.get(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  Handle copy = open(to, SQLITE_OPEN_READWRITE);
  run(copy.get(), "pragma synchronous = off; pragma journal_mode = off;");
  sqlite3_backup* backup = sqlite3_backup_init(copy.get(), "main", source.get(), "main");
  if (backup == nullptr) fail("cannot copy the database", copy.get());
  int code = sqlite3_backup_step(backup, -1);  // all of it in one transaction of the source
  sqlite3_backup_finish(backup);
  if (code != SQLITE_DONE) {
    throw SqlBroken(std::string("cannot copy the database: ") + sqlite3_errstr(code));
  }
  run(copy.get(), "pragma journal_mode = delete;");  // the copy's header, which says WAL
}

}  // namespace tally::core::sql::sqlite
