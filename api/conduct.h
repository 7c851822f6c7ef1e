// The conduct audit, assembled: the ledger is replayed through what each floor registered, and what
// comes out is compared with the tables of the database that it came from.
//
// The replay happens in a private temporary file. A database is read beside the server that writes it:
// what was appended meanwhile is replayed too, until ledger and tables are those of one moment.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "core/sql/session.h"
#include "labeling/replay.h"
#include "ledger/conduct.h"
#include "ledger/log_keys.h"
#include "ledger/source.h"
#include "space/conduct/standings.h"

namespace tally::api {

// Every floor's replayers.
ledger::Replayers all_replayers();

class ConductAudit {
 public:
  explicit ConductAudit(const ledger::LogKeys& log_keys);
  ~ConductAudit();
  ConductAudit(const ConductAudit&) = delete;
  ConductAudit& operator=(const ConductAudit&) = delete;

  using Progress = std::function<void(std::uint64_t entries)>;

  // Entries and documents, and nothing else: an exported directory, or a URL.
  void run(ledger::LedgerSource& source, ledger::Documents& documents, const Progress& progress);
  // A database: its entries and documents, then its tables, and what opens its commitments. Throws core::Broken when it cannot
  // be read.
  void run(const std::string& database, const Progress& progress);

  // Makes the projection tables of a database what its ledger gives, in the transaction that `stored` has
  // begun. Refusals: continue.document_missing, continue.audit_failed (the first finding).
  core::Result<core::Done> take_over(const std::string& database, core::sql::Connection& stored);

  // --- afterwards -----------------------------------------------------------------------------------

  std::uint64_t entries() const;
  std::uint64_t findings_count() const;
  std::uint64_t unchecked_count() const;
  const std::vector<ledger::ConductFinding>& findings() const;  // the first of them
  std::uint64_t tables_compared() const { return tables_compared_; }
  std::uint64_t tables() const;

  struct Contract {
    space::ContractReport report;
    std::uint64_t findings = 0;
    std::uint64_t unchecked = 0;
  };
  // In the order of their offers.
  void list_contracts(const std::function<void(const Contract&)>& tell);

 private:
  struct Scratch;

  using AfterEach = std::function<void()>;

  bool replay(ledger::LedgerSource& source, const Progress& progress, const AfterEach& after = {});
  void compare(core::sql::Connection& database);
  void check_openings(core::sql::Session& database);
  void compare_table(const ledger::ProjectionTable& table, core::sql::Connection& database);

  std::unique_ptr<Scratch> scratch_;
  ledger::Replayers replayers_;
  std::uint64_t tables_compared_ = 0;
};

}  // namespace tally::api
