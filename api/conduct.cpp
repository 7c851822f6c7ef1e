#include "api/conduct.h"

#include <deque>
#include <optional>
#include <utility>

#include "api/conduct_schema.h"
#include "core/sql/migrate.h"
#include "core/sql/sqlite/sqlite.h"
#include "labeling/conduct/openings.h"
#include "labeling/schema.h"
#include "ledger/merkle_tree.h"
#include "ledger/source_database.h"
#include "space/conduct/openings.h"
#include "space/documents.h"
#include "space/replay.h"

namespace tally::api {
namespace {

using core::Hash;
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

struct BatchStatements {
  Connection& db;
  Statement after{db, R"(
    select size, root from ledger_batch where size > ?1 order by size limit 256
  )"};
};

// What the database says that was signed at the end of each batch, held against the tree as it grows.
class BatchRoots {
 public:
  BatchRoots(Session& session, ledger::Replay& replay) : session_(session), replay_(replay) {}

  // The replay's last entry.
  void take_entry() {
    edge_.append(replay_.last_hash);
    if (next_.empty()) fetch();
    while (!next_.empty() && next_.front().size == edge_.size()) {
      compare(next_.front());
      next_.pop_front();
    }
  }

 private:
  struct Batch {
    std::uint64_t size = 0;
    std::string root;
  };

  void fetch() {
    auto row = session_.use<BatchStatements>().after(edge_.size() - 1);
    while (row.next()) next_.push_back({row.natural(0), row.text(1)});
  }

  void compare(const Batch& batch) {
    Hash root = edge_.root();
    if (batch.root == root.view()) return;
    replay_.report({.code = "batch.wrong_root",
                    .place = "batch " + std::to_string(batch.size),
                    .contract = {},
                    .words = "The root beside the batch that ends with " +
                             std::to_string(batch.size) + " entries is not the root of these.",
                    .expected = core::to_hex(root),
                    .found = core::to_hex(batch.root)});
  }

  Session& session_;
  ledger::Replay& replay_;
  ledger::Edge edge_;
  std::deque<Batch> next_;
};

}  // namespace

struct ConductAudit::Scratch {
  explicit Scratch(const ledger::LogKeys& keys)
      : connection(open_scratch()), tx(connection), replay(tx, shelf, keys) {}

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

ConductAudit::ConductAudit(const ledger::LogKeys& log_keys)
    : scratch_(std::make_unique<Scratch>(log_keys)), replayers_(all_replayers()) {
  replayers_.begin(scratch_->replay);
}

ConductAudit::~ConductAudit() = default;

bool ConductAudit::replay(ledger::LedgerSource& source,
                          const Progress& progress,
                          const AfterEach& after) {
  bool is_linked = true;
  ledger::visit_entries(source, scratch_->replay.size, [&](std::string_view entry) {
    is_linked = replayers_.replay(scratch_->replay, entry);
    if (after) after();
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
  BatchRoots batches(session, scratch_->replay);
  auto compare_batch = [&] { batches.take_entry(); };
  bool is_linked = true;
  {
    ledger::DatabaseSource source(session);
    is_linked = replay(source, progress, compare_batch);
  }
  if (is_linked) {
    // Whatever was appended meanwhile: what is left is short, and the tables are of the same moment.
    connection.run("begin");
    ledger::DatabaseSource source(session);
    is_linked = replay(source, progress, compare_batch);
  }
  replayers_.end(scratch_->replay);
  if (is_linked) {
    compare(connection);
    check_openings(session);
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
    if (finding.not_checkable) continue;
    bool is_missing = finding.code == "document.missing";
    return Error{Refusal::invalid,
                 is_missing ? "continue.document_missing" : "continue.audit_failed",
                 finding.code + " at " + finding.place + ": " + finding.words +
                     (is_missing ? " Give a replica or an export that holds it." : "")};
  }
  for (const auto& table : replayers_.projection())
    ledger::take_over_table(table, scratch_->connection, stored);
  return core::Done{};
}

void ConductAudit::compare(Connection& database) {
  AuditedSchema schema(scratch_->replay, database);
  for (const auto& table : replayers_.projection()) {
    bool has_rows = Statement(scratch_->connection, table.rows)().next();
    if (!schema.has_table(table.name, has_rows)) {
      tables_compared_ += has_rows ? 0 : 1;  // of which nobody says anything, as it should be
      continue;
    }
    try {
      compare_table(table, database);
      ++tables_compared_;
    } catch (const core::sql::SqlBroken& broken) {
      bool is_older = schema.has_older_form(table);
      scratch_->replay.report(
          {.code = is_older ? "projection.older_schema" : "projection.unreadable",
           .place = "table " + std::string(table.name),
           .contract = {},
           .words = is_older ? "The database was last opened by an earlier version, which had "
                               "this table in another form."
                             : std::string("The table cannot be read: ") + broken.what(),
           .expected = {},
           .found = {},
           .not_checkable = is_older});
    }
  }
}

// Tables that cannot be read were told of as such.
void ConductAudit::check_openings(Session& database) {
  try {
    space::check_manifests(scratch_->replay, database);
    labeling::check_openings(scratch_->replay, database);
  } catch (const core::sql::SqlBroken& broken) {
    scratch_->replay.report(
        {.code = "opening.unreadable",
         .place = "database",
         .contract = {},
         .words =
             std::string("What opens the ledger's commitments cannot be read: ") + broken.what(),
         .expected = {},
         .found = {}});
  }
}

void ConductAudit::compare_table(const ledger::ProjectionTable& table, Connection& database) {
  std::optional<RowDifference> first;
  auto count = ledger::compare_table(
      table, scratch_->connection, database, [&](const RowDifference& difference) {
        if (space::rests_on_missing_document(scratch_->replay, table.name, difference))
          return false;
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
