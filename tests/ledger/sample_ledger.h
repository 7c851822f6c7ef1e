// A ledger on disk to be audited, and its rows, copied, to be tampered with.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/hash.h"
#include "core/sql/migrate.h"
#include "core/sql/sqlite/sqlite.h"
#include "core/sql/writer.h"
#include "ledger/auditor.h"
#include "ledger/ledger.h"
#include "ledger/schema.h"
#include "ledger/source_database.h"
#include "support/temp_dir.h"

namespace tally::test {

inline constexpr const char* sample_origin = "ledger.example/log";

inline ledger::NoteSigner sample_signer(std::string_view seed = "log") {
  return {sample_origin, core::SigningKey::from_seed(core::sha256(seed))};
}

// Appends in batches and closes as a server does. Time moves on by a second with each batch.
class SampleLedger {
 public:
  explicit SampleLedger(ledger::NoteSigner signer = sample_signer())
      : signer_(std::move(signer)), ledger_(signer_, clock_, random_), writer_(make_writer()) {
    append_opening();
  }

  void append(const std::vector<int>& values) {
    clock_.advance_ms(1000);
    auto done = writer_->run([&](core::sql::Tx& tx) -> core::Result<core::Done> {
      for (int value : values) {
        ledger_.append(tx, "test.noted/1", "act_1",
                       "{\"salt\":\"00\",\"value\":" + std::to_string(value) + "}");
      }
      return core::Done{};
    });
    TALLY_ASSERT(bool(done));
  }
  // One command for each thousand.
  void append(int from, int to) {
    std::vector<int> values;
    for (int value = from; value < to; ++value) {
      values.push_back(value);
      if (values.size() == 1000) append(std::exchange(values, {}));
    }
    if (!values.empty()) append(values);
  }
  void close() { writer_ = nullptr; }

  std::string path() const { return dir_.file("ledger.db"); }
  core::ManualClock& clock() { return clock_; }
  ledger::Ledger& ledger() { return ledger_; }
  core::sql::Writer& writer() { return *writer_; }

 private:
  std::unique_ptr<core::sql::Writer> make_writer() {
    auto connection = core::sql::sqlite::open_writer(path());
    core::sql::migrate(connection, ledger::schema_files());
    {
      core::sql::Session session(connection);
      ledger_.open(session);
    }
    return std::make_unique<core::sql::Writer>(std::move(connection), ledger_,
                                               core::sql::Writer::Options{});
  }
  void append_opening() {
    auto done = writer_->run([&](core::sql::Tx& tx) -> core::Result<core::Done> {
      ledger_.append(tx, ledger::ledger_opened_kind, "system",
                     std::string("{\"origin\":\"") + sample_origin + "\",\"salt\":\"00\"}");
      return core::Done{};
    });
    TALLY_ASSERT(bool(done));
  }

  TempDir dir_;
  core::ManualClock clock_{{1'732'240'000'000}};
  core::SeededRandom random_{7};
  ledger::NoteSigner signer_;
  ledger::Ledger ledger_;
  std::unique_ptr<core::sql::Writer> writer_;
};

// The rows of a ledger in a database of its own that takes any value.
inline core::sql::Connection copy_rows(const std::string& path) {
  auto copy = core::sql::sqlite::open_temporary();
  core::sql::migrate(copy, ledger::schema_files());
  core::sql::Statement attach(copy, "attach database ?1 as disk");
  attach(path).run();
  copy.run(
      "insert into main.ledger_head select * from disk.ledger_head;"
      "insert into main.ledger_bundle select * from disk.ledger_bundle;"
      "insert into main.ledger_tail select * from disk.ledger_tail;"
      "insert into main.ledger_tile select * from disk.ledger_tile;"
      "insert into main.ledger_batch select * from disk.ledger_batch;"
      "insert into main.ledger_checkpoint select * from disk.ledger_checkpoint;"
      "detach database disk; pragma ignore_check_constraints = on;");
  return copy;
}

inline ledger::AuditReport audit_rows(core::sql::Session& session,
                                      const ledger::AuditOptions& options = {}) {
  ledger::DatabaseSource source(session);
  return ledger::audit(source, sample_signer().verifier(), options);
}
inline ledger::AuditReport audit_rows(core::sql::Connection& connection,
                                      const ledger::AuditOptions& options = {}) {
  core::sql::Session session(connection);
  return audit_rows(session, options);
}

// "" if the audit passed, else code and place of the first finding.
inline std::string first_finding(const ledger::AuditReport& report) {
  if (report.passed()) return "";
  return report.findings.front().code + " at " + report.findings.front().place.text();
}

}  // namespace tally::test
