// What an SQL engine has to offer. The seam below it is one driver; the seam above it is
// core/sql/session.h, and nothing else in the project talks to a driver.
//
// Statements stay in the subset that SQLite and PostgreSQL share: `returning`, `on conflict`,
// partial indexes, checks; no rowid, no loose types; parameters ?1 .. ?n. A refusal never comes
// from a failed statement: every error here is `SqlBroken`.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/result.h"

namespace tally::core::sql {

// The engine failed: disk full, I/O error, broken file, a violated constraint (a bug of ours).
class SqlBroken : public Broken {
 public:
  using Broken::Broken;
};

// A prepared statement of one connection. Parameters count from 1, columns from 0.
class DriverStatement {
 public:
  virtual ~DriverStatement() = default;
  virtual void bind_null(int parameter) = 0;
  virtual void bind_integer(int parameter, std::int64_t value) = 0;
  virtual void bind_text(int parameter, std::string_view value) = 0;
  virtual void bind_blob(int parameter, std::string_view value) = 0;
  virtual bool step() = 0;  // true: a row is there
  virtual void reset() = 0;
  virtual bool is_null(int column) const = 0;
  virtual std::int64_t integer(int column) const = 0;
  virtual std::string_view bytes(int column) const = 0;  // valid until the next step or reset
  virtual std::int64_t changes() const = 0;              // rows that the last step changed
};

// One connection; for one thread at a time.
class DriverConnection {
 public:
  virtual ~DriverConnection() = default;
  virtual std::unique_ptr<DriverStatement> prepare(std::string_view sql) = 0;
  virtual void run_script(std::string_view sql) = 0;
  // False once the engine itself has ended the transaction (a full disk, an I/O error).
  virtual bool in_transaction() const = 0;
  // Moves what the log holds into the database file, without waiting for readers. Writer only.
  virtual void checkpoint_if_large() = 0;
  // Moves all of it and cuts the log to nothing. False while a reader is in the way. Writer only.
  virtual bool empty_log() = 0;
};

}  // namespace tally::core::sql
