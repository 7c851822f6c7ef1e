// SQL as the rest of the project sees it: sessions, statements, cursors.
//
//   struct Statements {
//     core::sql::Connection& db;
//     core::sql::Statement find{db, R"(
//       select title from dataset where id = ?1
//     )"};
//   };
//   auto row = session.use<Statements>().find(id);
//   if (row.next()) title = row.text(0);
//
// A Session is a connection together with the statements prepared on it; functions that read take a
// Session&, functions that write take a Tx& (a Session inside the writer's transaction). Whoever has
// neither touches no table. A cursor must be gone before the same statement runs again.
#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "core/bytes.h"
#include "core/sql/driver.h"
#include "core/time.h"

namespace tally::core::sql {

// SQL text that the compiler has seen: a std::string or a runtime buffer does not convert, so that
// nothing from outside can become a statement.
class Sql {
 public:
  consteval Sql(const char* literal) : text_(literal) {}  // NOLINT(google-explicit-constructor)
  constexpr std::string_view text() const { return text_; }

 private:
  std::string_view text_;
};

class Connection {
 public:
  explicit Connection(std::unique_ptr<DriverConnection> driver) : driver_(std::move(driver)) {}
  DriverConnection& driver() { return *driver_; }
  void run(Sql script) { driver_->run_script(script.text()); }

 private:
  std::unique_ptr<DriverConnection> driver_;
};

// Bytes that are stored as a blob; a std::string_view is stored as text.
struct Blob {
  std::string_view bytes;
};

template <class T>
concept TextValue = requires(const T& value) {
  { value.text() } -> std::convertible_to<std::string>;
};

// The rows of one execution. The statement is free again when the cursor is gone.
class Cursor {
 public:
  explicit Cursor(DriverStatement& statement) : statement_(&statement) {}
  Cursor(Cursor&& other) noexcept : statement_(std::exchange(other.statement_, nullptr)) {}
  Cursor& operator=(Cursor&&) = delete;
  Cursor(const Cursor&) = delete;
  Cursor& operator=(const Cursor&) = delete;
  ~Cursor() {
    if (statement_ != nullptr) statement_->reset();
  }

  bool next() { return statement_->step(); }
  // Runs to the end; the number of rows changed.
  std::int64_t run() {
    while (statement_->step()) {
    }
    return statement_->changes();
  }

  bool is_null(int column) const { return statement_->is_null(column); }
  std::int64_t integer(int column) const { return statement_->integer(column); }
  std::uint64_t natural(int column) const;  // throws Broken below zero
  std::string_view view(int column) const { return statement_->bytes(column); }
  std::string text(int column) const { return std::string(statement_->bytes(column)); }
  Hash hash(int column) const;  // throws Broken unless 32 bytes
  Instant instant(int column) const { return {statement_->integer(column)}; }
  template <class T>
  T id(int column) const {  // throws Broken when the text is no such id
    auto id = T::parse(view(column));
    if (!id) throw Broken("the database holds a malformed id: " + text(column));
    return *id;
  }
  std::optional<std::string> optional_text(int column) const;
  std::optional<std::int64_t> optional_integer(int column) const;

 private:
  DriverStatement* statement_;
};

class Statement {
 public:
  Statement(Connection& connection, Sql sql) : driver_(connection.driver().prepare(sql.text())) {}

  // Binds the arguments in order. Text and blobs are copied, so temporaries may be given.
  template <class... Args>
  [[nodiscard]] Cursor operator()(const Args&... args) {
    int parameter = 0;
    (bind(++parameter, args), ...);
    return Cursor(*driver_);
  }

 private:
  void bind(int parameter, std::nullopt_t) { driver_->bind_null(parameter); }
  void bind(int parameter, bool value) { driver_->bind_integer(parameter, value ? 1 : 0); }
  template <std::integral T>
  void bind(int parameter, T value) {
    if constexpr (std::is_unsigned_v<T>) TALLY_ASSERT(std::in_range<std::int64_t>(value));
    driver_->bind_integer(parameter, static_cast<std::int64_t>(value));
  }
  void bind(int parameter, std::string_view value) { driver_->bind_text(parameter, value); }
  void bind(int parameter, const std::string& value) { driver_->bind_text(parameter, value); }
  void bind(int parameter, const char* value) { driver_->bind_text(parameter, value); }
  void bind(int parameter, Blob value) { driver_->bind_blob(parameter, value.bytes); }
  void bind(int parameter, const Hash& value) { driver_->bind_blob(parameter, value.view()); }
  void bind(int parameter, Instant value) { driver_->bind_integer(parameter, value.unix_ms); }
  template <TextValue T>
  void bind(int parameter, const T& value) {
    driver_->bind_text(parameter, value.text());
  }
  template <class T>
  void bind(int parameter, const std::optional<T>& value) {
    if (value) {
      bind(parameter, *value);
    } else {
      driver_->bind_null(parameter);
    }
  }

  std::unique_ptr<DriverStatement> driver_;
};

// A connection and what is prepared on it. For one thread at a time.
class Session {
 public:
  explicit Session(Connection& connection) : connection_(connection) {}
  virtual ~Session() = default;
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  Connection& connection() { return connection_; }

  // The statements S of this connection, prepared when first asked for. S is an aggregate whose
  // first member is a Connection&.
  template <class S>
  S& use() {
    auto& slot = prepared_[&identity<S>];
    if (!slot)
      slot = std::shared_ptr<void>(new S{connection_}, [](void* p) { delete static_cast<S*>(p); });
    return *static_cast<S*>(slot.get());
  }

 private:
  // One address for each S; hashing a std::type_index reads the whole name of the type.
  template <class S>
  static constexpr char identity = 0;

  Connection& connection_;
  std::unordered_map<const void*, std::shared_ptr<void>> prepared_;
};

// A Session inside the writer's transaction. Only the writer makes one.
class Tx : public Session {
 public:
  using Session::Session;
};

}  // namespace tally::core::sql
