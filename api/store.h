// An open database: migrated, its ledger read, its writer running.
#pragma once

#include <functional>
#include <string>

#include "api/data_dir.h"
#include "core/random.h"
#include "core/sql/sqlite/sqlite.h"
#include "core/time.h"
#include "ledger/journal.h"

namespace tally::api {

// What a test brings of its own.
struct Surroundings {
  const core::Clock& clock = core::system_clock();
  core::Random& random = core::system_random();
  core::sql::sqlite::Options files = {};
  std::string subject_keys = {};  // a file; empty: that of the data directory
};

class Store {
 public:
  // What is asked of the ledger before anything can be appended to it; throws when it must not be.
  using BeforeWriting = std::function<void(core::sql::Session&, ledger::Ledger&)>;

  // Creates the database when it is not there. Throws Broken when it cannot be opened, or when the
  // ledger contradicts itself.
  Store(const DataDir& dir,
        const ServerKeys& keys,
        std::function<void(const std::string&)> stop_process,
        const Surroundings& surroundings = {},
        const BeforeWriting& before_writing = {});

  ledger::Journal& journal() { return journal_; }
  ledger::Ledger& ledger() { return ledger_; }
  core::sql::Writer& writer() { return writer_; }

 private:
  core::sql::Connection open(const std::string& path,
                             const core::sql::sqlite::Options& files,
                             const BeforeWriting& before_writing);

  ledger::Ledger ledger_;
  // Readers close first: who closes last moves the WAL into the database, and readers never do.
  core::sql::Writer writer_;
  core::sql::Readers readers_;
  core::ShredKeys shred_keys_;
  ledger::Journal journal_;
};

}  // namespace tally::api
