// An open database: migrated, its ledger read, its writer running.
#pragma once

#include <functional>
#include <string>

#include "api/data_dir.h"
#include "ledger/journal.h"

namespace tally::api {

class Store {
 public:
  // Creates the database when it is not there. Throws Broken when it cannot be opened, or when the
  // ledger contradicts itself.
  Store(const DataDir& dir,
        const ServerKeys& keys,
        std::function<void(const std::string&)> stop_process);

  ledger::Journal& journal() { return journal_; }
  ledger::Ledger& ledger() { return ledger_; }
  core::sql::Writer& writer() { return writer_; }

 private:
  core::sql::Connection open(const std::string& path);

  ledger::Ledger ledger_;
  // Readers close first: who closes last moves the WAL into the database, and readers never do.
  core::sql::Writer writer_;
  core::sql::Readers readers_;
  ledger::Journal journal_;
};

}  // namespace tally::api
