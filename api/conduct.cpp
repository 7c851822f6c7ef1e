#include "api/conduct.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "core/sql/migrate.h"
#include "core/sql/sqlite/sqlite.h"
#include "labeling/schema.h"
#include "ledger/source_database.h"
#include "space/documents.h"
#include "space/replay.h"

namespace tally::api {
namespace {

using core::sql::Connection;
using core::sql::Session;
using core::sql::Statement;
using ledger::RowDifference;

constexpr std::uint64_t progress_entries = 10'000;

// The documents of whatever is audited; none before it is known.
class Shelf : public ledger::Documents {
 public:
  std::optional<std::string> find(const core::Hash& digest) override {
    return documents_ == nullptr ? std::nullopt : documents_->find(digest);
  }
  void open(ledger::Documents* documents) { documents_ = documents; }

 private:
  ledger::Documents* documents_ = nullptr;
};

Connection open_scratch() {
  auto connection = core::sql::sqlite::open_temporary();
  // What is wrong must fit in, to be told.
  connection.run("pragma ignore_check_constraints = on; pragma cache_size = -65536");
  core::sql::migrate(connection, labeling::schema_files());
  connection.run("begin");
  return connection;
}

std::vector<std::string> list_migrations(Connection& connection) {
  std::vector<std::string> names;
  Statement list(connection, "select name, sha256 from schema_migration order by name");
  for (auto row = list(); row.next();) names.push_back(row.text(0) + " " + row.text(1));
  return names;
}

}  // namespace

struct ConductAudit::Scratch {
  explicit Scratch(const ledger::VerifierKey& key)
      : log_key(key), connection(open_scratch()), tx(connection), replay(tx, shelf, log_key) {}

  ledger::VerifierKey log_key;
  Shelf shelf;
  Connection connection;
  core::sql::Tx tx;
  ledger::Replay replay;
};

ledger::Replayers all_replayers() {
  ledger::Replayers replayers;
  auto space = space::register_replayers(replayers);
  labeling::register_replayers(replayers, space);
  return replayers;
}

ConductAudit::ConductAudit(const ledger::VerifierKey& log_key)
    : scratch_(std::make_unique<Scratch>(log_key)), replayers_(all_replayers()) {
  replayers_.begin(scratch_->replay);
}

ConductAudit::~ConductAudit() = default;

bool ConductAudit::replay(ledger::LedgerSource& source, const Progress& progress) {
  bool is_linked = true;
  ledger::visit_entries(source, scratch_->replay.size, [&](std::string_view entry) {
    is_linked = replayers_.replay(scratch_->replay, entry);
    if (progress && scratch_->replay.size % progress_entries == 0) progress(scratch_->replay.size);
    return is_linked;
  });
  return is_linked;
}

void ConductAudit::run(ledger::LedgerSource& source,
                       ledger::Documents& documents,
                       const Progress& progress) {
  scratch_->shelf.open(&documents);
  replay(source, progress);
  replayers_.end(scratch_->replay);
  scratch_->shelf.open(nullptr);
}

void ConductAudit::run(const std::string& database, const Progress& progress) {
  auto connection = core::sql::sqlite::open_scanner(database);
  Session session(connection);
  space::FiledDocuments documents(session);
  scratch_->shelf.open(&documents);
  bool is_linked = true;
  {
    ledger::DatabaseSource source(session);
    is_linked = replay(source, progress);
  }
  if (is_linked) {
    // Whatever was appended meanwhile: what is left is short, and the tables are of the same moment.
    connection.run("begin");
    ledger::DatabaseSource source(session);
    is_linked = replay(source, progress);
  }
  replayers_.end(scratch_->replay);
  if (is_linked) {
    compare(connection);
    connection.run("rollback");
  }
  scratch_->shelf.open(nullptr);
}

core::Result<core::Done> ConductAudit::take_over(const std::string& database,
                                                 core::sql::Connection& stored) {
  using core::Error;
  using core::Refusal;
  auto connection = core::sql::sqlite::open_scanner(database);
  Session session(connection);
  space::FiledDocuments documents(session);
  scratch_->shelf.open(&documents);
  {
    ledger::DatabaseSource source(session);
    replay(source, {});
  }
  replayers_.end(scratch_->replay);
  scratch_->shelf.open(nullptr);
  for (const auto& finding : findings()) {
    if (finding.not_checkable && finding.code != "document.missing") continue;
    return Error{Refusal::invalid,
                 finding.not_checkable ? "continue.document_missing" : "continue.audit_failed",
                 finding.code + " at " + finding.place + ": " + finding.words +
                     (finding.not_checkable ? " Give a replica or an export that holds it." : "")};
  }
  for (const auto& table : replayers_.projection())
    ledger::take_over_table(table, scratch_->connection, stored);
  return core::Done{};
}

// An earlier version's database lacks what later migrations add; another one's may hold anything.
bool ConductAudit::is_of_earlier_version(Connection& database) {
  auto ours = list_migrations(scratch_->connection);
  auto theirs = list_migrations(database);
  bool is_prefix =
      theirs.size() <= ours.size() && std::equal(theirs.begin(), theirs.end(), ours.begin());
  if (!is_prefix) {
    scratch_->replay.report({.code = "projection.other_schema",
                             .place = "table schema_migration",
                             .contract = {},
                             .words = "The database was made by another version than this program.",
                             .expected = std::to_string(ours.size()) + " migrations",
                             .found = std::to_string(theirs.size()),
                             .not_checkable = true});
  }
  return is_prefix && theirs.size() < ours.size();
}

void ConductAudit::compare(Connection& database) {
  bool is_earlier = is_of_earlier_version(database);
  for (const auto& table : replayers_.projection()) {
    try {
      compare_table(table, database);
      ++tables_compared_;
    } catch (const core::sql::SqlBroken& broken) {
      // A table that came later, and of which the ledger says nothing, is as it should be.
      bool has_rows = Statement(scratch_->connection, table.rows)().next();
      if (is_earlier && !has_rows) {
        ++tables_compared_;
        continue;
      }
      scratch_->replay.report(
          {.code = is_earlier ? "projection.older_schema" : "projection.unreadable",
           .place = "table " + std::string(table.name),
           .contract = {},
           .words = is_earlier
                        ? "The database was last opened by an earlier version, which did not "
                          "have this table as it is."
                        : std::string("The table cannot be read: ") + broken.what(),
           .expected = {},
           .found = {},
           .not_checkable = is_earlier});
    }
  }
}

void ConductAudit::compare_table(const ledger::ProjectionTable& table, Connection& database) {
  std::optional<RowDifference> first;
  Statement terms_known(scratch_->connection,
                        "select terms_known from conduct_contract where contract = ?1");
  // What rests on a document that is not there cannot be compared; that it is not there is told.
  auto is_unknown = [&](const std::string& key) {
    auto row = terms_known(key.substr(0, key.find(' ')));
    return row.next() && row.integer(0) == 0;
  };
  auto count = ledger::compare_table(table, scratch_->connection, database,
                                     [&](const RowDifference& difference) {
                                       if (is_unknown(difference.key)) return false;
                                       if (!first) first = difference;
                                       return true;
                                     });
  if (count == 0) return;
  std::string what = first->column.empty()
                         ? (first->found.empty() ? "is not there" : "should not be there")
                         : "differs in column " + first->column;
  scratch_->replay.report(
      {.code = "projection.differs",
       .place = "row " + std::string(table.name) + " " + first->key,
       .contract = first->key.starts_with("ctr_") ? first->key.substr(0, first->key.find(' ')) : "",
       .words = "The ledger gives another table " + std::string(table.name) + ": " +
                (count == 1 ? "one row differs, and it " + what
                            : std::to_string(count) + " rows differ, the first of which " + what) +
                ".",
       .expected = first->column.empty() ? "" : first->expected,
       .found = first->column.empty() ? "" : first->found});
}

std::uint64_t ConductAudit::entries() const { return scratch_->replay.size; }
std::uint64_t ConductAudit::findings_count() const { return scratch_->replay.findings_count(); }
std::uint64_t ConductAudit::unchecked_count() const { return scratch_->replay.unchecked_count(); }
const std::vector<ledger::ConductFinding>& ConductAudit::findings() const {
  return scratch_->replay.findings();
}
std::uint64_t ConductAudit::tables() const { return replayers_.projection().size(); }

void ConductAudit::list_contracts(const std::function<void(const Contract&)>& tell) {
  space::list_contracts(scratch_->replay, [&](const space::ContractReport& report) {
    auto counts = scratch_->replay.counts_of(report.contract);
    tell({report, counts.findings, counts.unchecked});
  });
}

}  // namespace tally::api
