// A ledger that a command reads: from a database, an exported directory or a server.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "core/result.h"
#include "core/sql/session.h"
#include "ledger/documents.h"
#include "ledger/source.h"

namespace tally::api {

struct LedgerPlace {
  // A database file, a data directory, a replica's directory, an exported directory, or a URL.
  std::string from;
  std::string token_file = {};  // for a URL
  bool with_entries = true;  // false: a URL is not asked for them, a directory need not hold them
};

// A source, and what it reads from.
struct OpenedLedger {
  std::unique_ptr<core::sql::Connection> connection;
  std::unique_ptr<core::sql::Session> session;
  std::unique_ptr<ledger::LedgerSource> source;
  std::unique_ptr<ledger::Documents> documents;  // filed beside it
  std::string database = {};              // the file, where that is what is read and has tables
  std::optional<std::string> checkpoint;  // the published note; none: nothing was published yet
};

// Refusals: audit.no_database, audit.no_entries (the export was made without them), those of
// read_token_file. Throws core::Broken when there is no ledger to read.
core::Result<OpenedLedger> open_ledger(const LedgerPlace& place);

}  // namespace tally::api
