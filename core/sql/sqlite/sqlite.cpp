#include "core/sql/sqlite/sqlite.h"

#include <algorithm>
#include <deque>
#include <fcntl.h>
#include <fstream>
#include <string>
#include <string_view>
#include <unistd.h>
#include <vector>

#include <sqlite3.h>

namespace tally::core::sql::sqlite {
namespace {

// A bound value above this size gives its memory back when the parameter is bound again.
constexpr std::size_t kept_bytes_max = std::size_t{64} * 1024;

[[noreturn]] void fail(sqlite3* db, const std::string& doing) {
  throw SqlBroken(doing + ": " + sqlite3_errmsg(db) + " (SQLite " +
                  std::to_string(sqlite3_extended_errcode(db)) + ")");
}

class SqliteStatement : public DriverStatement {
 public:
  SqliteStatement(sqlite3* db, std::string_view sql) : db_(db) {
    if (sqlite3_prepare_v3(db, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT,
                           &statement_, nullptr) != SQLITE_OK) {
      fail(db, "cannot prepare " + std::string(sql));
    }
  }
  ~SqliteStatement() override { sqlite3_finalize(statement_); }
  SqliteStatement(const SqliteStatement&) = delete;
  SqliteStatement& operator=(const SqliteStatement&) = delete;

  void bind_null(int parameter) override { check(sqlite3_bind_null(statement_, parameter)); }
  void bind_integer(int parameter, std::int64_t value) override {
    check(sqlite3_bind_int64(statement_, parameter, value));
  }
  void bind_text(int parameter, std::string_view value) override {
    std::string_view kept = keep(parameter, value);
    check(sqlite3_bind_text64(statement_, parameter, kept.data(), kept.size(), SQLITE_STATIC,
                              SQLITE_UTF8));
  }
  void bind_blob(int parameter, std::string_view value) override {
    std::string_view kept = keep(parameter, value);
    check(sqlite3_bind_blob64(statement_, parameter, kept.data(), kept.size(), SQLITE_STATIC));
  }
  bool step() override {
    int code = sqlite3_step(statement_);
    if (code == SQLITE_ROW) return true;
    if (code == SQLITE_DONE) return false;
    fail(db_, std::string("cannot run ") + sqlite3_sql(statement_));
  }
  void reset() override { sqlite3_reset(statement_); }
  bool is_null(int column) const override {
    return sqlite3_column_type(statement_, column) == SQLITE_NULL;
  }
  std::int64_t integer(int column) const override {
    return sqlite3_column_int64(statement_, column);
  }
  std::string_view bytes(int column) const override {
    const auto* data = static_cast<const char*>(sqlite3_column_blob(statement_, column));
    auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_, column));
    return data == nullptr ? std::string_view("") : std::string_view(data, size);
  }
  std::int64_t changes() const override { return sqlite3_changes64(db_); }

 private:
  // A copy whose room stays with the statement, as most values have the size of the last one.
  std::string_view keep(int parameter, std::string_view value) {
    auto index = static_cast<std::size_t>(parameter - 1);
    if (kept_.size() <= index) kept_.resize(index + 1);
    if (kept_[index].capacity() > kept_bytes_max && value.size() <= kept_bytes_max)
      kept_[index] = std::string();
    return kept_[index].assign(value);
  }
  void check(int code) {
    if (code != SQLITE_OK) fail(db_, "cannot bind a parameter");
  }

  sqlite3* db_;
  sqlite3_stmt* statement_ = nullptr;
  std::deque<std::string> kept_;  // by parameter; growing moves none of them
};

constexpr int busy_timeout_ms = 5000;

class SqliteConnection : public DriverConnection {
 public:
  SqliteConnection(const std::string& path, int flags, const Options& options = {})
      : checkpoint_pages_(options.checkpoint_pages) {
    if (sqlite3_open_v2(path.c_str(), &db_, flags | SQLITE_OPEN_NOMUTEX, options.vfs) !=
        SQLITE_OK) {
      std::string text = db_ != nullptr ? sqlite3_errmsg(db_) : "out of memory";
      sqlite3_close(db_);
      throw SqlBroken("cannot open the database " + path + ": " + text);
    }
    sqlite3_extended_result_codes(db_, 1);
    sqlite3_busy_timeout(db_, busy_timeout_ms);
    sqlite3_db_config(db_, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    sqlite3_db_config(db_, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  }
  // close_v2: statements may be finalised after their connection goes.
  ~SqliteConnection() override { sqlite3_close_v2(db_); }
  SqliteConnection(const SqliteConnection&) = delete;
  SqliteConnection& operator=(const SqliteConnection&) = delete;

  std::unique_ptr<DriverStatement> prepare(std::string_view sql) override {
    return std::make_unique<SqliteStatement>(db_, sql);
  }
  void run_script(std::string_view sql) override {
    if (sqlite3_exec(db_, std::string(sql).c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
      fail(db_, "cannot run " + std::string(sql.substr(0, 200)));
    }
  }
  bool in_transaction() const override { return sqlite3_get_autocommit(db_) == 0; }

  void checkpoint_if_large() override {
    if (wal_pages_ < checkpoint_pages_) return;
    int code = sqlite3_wal_checkpoint_v2(db_, nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
    if (code != SQLITE_OK && (code & 0xff) != SQLITE_BUSY && (code & 0xff) != SQLITE_LOCKED)
      fail(db_, "cannot move the log into the database");
    wal_pages_ = 0;
  }

  bool empty_log() override {
    sqlite3_busy_timeout(db_, 0);  // batches must not wait for readers
    int code =
        sqlite3_wal_checkpoint_v2(db_, nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
    sqlite3_busy_timeout(db_, busy_timeout_ms);
    if ((code & 0xff) == SQLITE_BUSY || (code & 0xff) == SQLITE_LOCKED) return false;
    if (code != SQLITE_OK) fail(db_, "cannot empty the log");
    wal_pages_ = 0;
    return true;
  }

  // For the writer, before it says anything about what it read.
  void make_log_durable() {
    sqlite3_file* log = nullptr;
    if (sqlite3_file_control(db_, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log) != SQLITE_OK)
      fail(db_, "cannot reach the log");
    if (log == nullptr || log->pMethods == nullptr) return;  // no log, nothing in it
    sqlite3_int64 size = 0;
    int code = log->pMethods->xFileSize(log, &size);
    std::vector<char> part(64 * 1024);
    for (sqlite3_int64 at = 0; code == SQLITE_OK && at < size;) {
      auto bytes = static_cast<int>(std::min(size - at, static_cast<sqlite3_int64>(part.size())));
      code = log->pMethods->xRead(log, part.data(), bytes, at);
      if (code == SQLITE_OK) code = log->pMethods->xWrite(log, part.data(), bytes, at);
      at += bytes;
    }
    if (code == SQLITE_OK && size > 0) code = log->pMethods->xSync(log, SQLITE_SYNC_NORMAL);
    if (code != SQLITE_OK) {
      throw SqlBroken("cannot make durable what a crash left in the log (SQLite " +
                      std::to_string(code) + ")");
    }
  }

  void checkpoint_by_hand() {
    auto count_pages = [](void* self, sqlite3*, const char*, int pages) {
      static_cast<SqliteConnection*>(self)->wal_pages_ = pages;
      return SQLITE_OK;
    };
    sqlite3_wal_hook(db_, count_pages, this);
  }
  void never_checkpoint() {
    sqlite3_wal_autocheckpoint(db_, 0);
    sqlite3_db_config(db_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  }

 private:
  sqlite3* db_ = nullptr;
  int checkpoint_pages_;
  int wal_pages_ = 0;
};

void expect(Connection& connection, Sql pragma, std::string_view wanted) {
  Statement statement(connection, pragma);
  auto row = statement();
  if (!row.next() || row.view(0) != wanted) {
    throw SqlBroken("the database does not keep " + std::string(pragma.text()) + " = " +
                    std::string(wanted) + "; is it on a network file system?");
  }
}

}  // namespace

Connection open_writer(const std::string& path, const Options& options) {
  auto driver =
      std::make_unique<SqliteConnection>(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, options);
  driver->checkpoint_by_hand();
  SqliteConnection& opened = *driver;
  Connection connection(std::move(driver));
  connection.run(
      "pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on;"
      "pragma cache_size = -65536; pragma temp_store = memory; pragma secure_delete = on;");
  expect(connection, "pragma journal_mode", "wal");
  expect(connection, "pragma synchronous", "2");
  connection.run("begin immediate; select count(*) from sqlite_master;");
  opened.make_log_durable();
  connection.run("rollback");
  return connection;
}

Connection open_reader(const std::string& path, const Options& options) {
  auto driver = std::make_unique<SqliteConnection>(path, SQLITE_OPEN_READONLY, options);
  driver->never_checkpoint();
  Connection connection(std::move(driver));
  connection.run("pragma query_only = on; pragma cache_size = -4096; pragma temp_store = memory;");
  return connection;
}

bool is_database(const std::string& path) {
  constexpr std::string_view begin("SQLite format 3\0", 16);
  std::string bytes(begin.size(), '\0');
  std::ifstream file(path, std::ios::binary);
  return file.read(bytes.data(), static_cast<std::streamsize>(bytes.size())) && bytes == begin;
}

Connection open_scanner(const std::string& path) {
  Connection connection = open_reader(path);
  connection.run("pragma mmap_size = 1099511627776;");  // as much as the build of SQLite permits
  return connection;
}

Connection open_key_store(const std::string& path) {
  // Made by us, so that nobody else can read it; SQLite gives its journal the same mode.
  ::close(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  Connection connection(
      std::make_unique<SqliteConnection>(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE));
  connection.run(
      "pragma journal_mode = delete; pragma synchronous = extra; pragma secure_delete = on;");
  expect(connection, "pragma journal_mode", "delete");
  expect(connection, "pragma synchronous", "3");
  expect(connection, "pragma secure_delete", "1");
  return connection;
}

Connection open_memory() {
  Connection connection(std::make_unique<SqliteConnection>(
      ":memory:", SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_MEMORY));
  connection.run("pragma foreign_keys = on;");
  return connection;
}

Connection open_temporary() {
  Connection connection(
      std::make_unique<SqliteConnection>("", SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE));
  connection.run("pragma journal_mode = off; pragma synchronous = off; pragma cache_size = -8192;");
  return connection;
}

std::string library_version() { return sqlite3_libversion(); }

}  // namespace tally::core::sql::sqlite
