// Read connections: as many as there are readers at once, each with its own prepared statements.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "core/guarded.h"
#include "core/sql/session.h"

namespace tally::core::sql {

class Readers {
 public:
  explicit Readers(std::function<Connection()> open) : open_(std::move(open)) {}

  // Runs f(Session&) on one consistent snapshot. Keep it short: a long read keeps the WAL growing.
  template <class F>
  auto read(F&& f) {
    Lease lease(*this);
    return std::forward<F>(f)(lease.session());
  }

 private:
  struct Reader {
    explicit Reader(Connection opened) : connection(std::move(opened)), session(connection) {}
    Connection connection;
    Session session;
    Statement begin{connection, "begin"};
    Statement rollback{connection, "rollback"};
  };

  class Lease {
   public:
    explicit Lease(Readers& readers);
    ~Lease();
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    Session& session() { return reader_->session; }

   private:
    Readers& readers_;
    std::unique_ptr<Reader> reader_;
  };

  std::function<Connection()> open_;
  Guarded<std::vector<std::unique_ptr<Reader>>> free_;
};

}  // namespace tally::core::sql
