#include "ledger/exporter.h"

#include <csignal>
#include <filesystem>
#include <map>
#include <sys/wait.h>
#include <unistd.h>

#include <doctest/doctest.h>

#include "core/file.h"
#include "ledger/publication.h"
#include "ledger/sample_ledger.h"
#include "ledger/source_tiles.h"
#include "ledger/tile.h"

using namespace tally;
namespace fs = std::filesystem;
using test::SampleLedger;
using test::TempDir;

namespace {

core::Result<ledger::ExportReport> export_rows(core::sql::Connection& connection,
                                               const std::string& note,
                                               const std::string& directory,
                                               const ledger::ExportOptions& options) {
  core::sql::Session session(connection);
  ledger::DatabaseSource source(session);
  return ledger::export_ledger(source, note, directory, options);
}

// Exports what the database says was published.
core::Result<ledger::ExportReport> export_to(const std::string& directory,
                                             const SampleLedger& sample,
                                             const ledger::ExportOptions& options = {
                                                 .with_entries = true}) {
  auto connection = core::sql::sqlite::open_reader(sample.path());
  core::sql::Session session(connection);
  auto published = ledger::read_published(session);
  REQUIRE(published);
  return export_rows(connection, published->note, directory, options);
}

ledger::AuditReport audit_directory(const std::string& directory) {
  ledger::TileSource source(ledger::fetch_from_directory(directory));
  return ledger::audit(source, test::sample_signer().verifier());
}

std::map<std::string, std::string> files_in(const std::string& directory) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(directory)) {
    if (!entry.is_regular_file()) continue;
    files[fs::relative(entry.path(), directory)] = *core::read_file(entry.path());
  }
  return files;
}

std::vector<std::string> names_in(const std::string& directory) {
  std::vector<std::string> names;
  for (const auto& [name, bytes] : files_in(directory)) names.push_back(name);
  return names;
}

struct Closed : SampleLedger {
  explicit Closed(int size) {
    if (size > 1) append(1, size);
    close();
  }
};

}  // namespace

TEST_CASE("export: the files are those of the size, no more and no fewer") {
  struct {
    int size;
    std::vector<std::string> names;
  } cases[] = {
      {1, {"checkpoint", "tile/0/000.p/1", "tile/entries/000.p/1"}},
      {255, {"checkpoint", "tile/0/000.p/255", "tile/entries/000.p/255"}},
      {256, {"checkpoint", "tile/0/000", "tile/1/000.p/1", "tile/entries/000"}},
      {257,
       {"checkpoint", "tile/0/000", "tile/0/001.p/1", "tile/1/000.p/1", "tile/entries/000",
        "tile/entries/001.p/1"}},
  };
  for (const auto& expected : cases) {
    INFO(expected.size);
    Closed sample(expected.size);
    TempDir dir;
    auto done = export_to(dir.path(), sample);
    REQUIRE(done);
    CHECK(names_in(dir.path()) == expected.names);
    CHECK(done->files_written == expected.names.size());
    auto report = audit_directory(dir.path());
    CHECK(report.passed());
    CHECK(report.head == sample.ledger().signed_head().head);
  }
}

TEST_CASE("export: a ledger without entries is its checkpoint") {
  core::ManualClock clock{{1'732'240'000'000}};
  core::SeededRandom random{7};
  ledger::Ledger empty(test::sample_signer(), clock, random);
  auto connection = core::sql::sqlite::open_temporary();
  core::sql::migrate(connection, ledger::schema_files());
  core::sql::Session session(connection);
  empty.open(session);
  TempDir dir;
  auto note = *empty.signed_head().note;
  REQUIRE(export_rows(connection, note, dir.path(), {.with_entries = true}));
  CHECK(files_in(dir.path()) == std::map<std::string, std::string>{{"checkpoint", note}});
}

TEST_CASE("export: hash tiles alone, where entries are not asked for") {
  Closed sample(600);
  TempDir dir;
  REQUIRE(export_to(dir.path(), sample, {}));
  CHECK(names_in(dir.path()) == std::vector<std::string>{"checkpoint", "tile/0/000", "tile/0/001",
                                                         "tile/0/002.p/88", "tile/1/000.p/2"});
  // Entries may follow later; nothing else is written again.
  auto more = export_to(dir.path(), sample);
  REQUIRE(more);
  CHECK(more->files_written == 3);
  CHECK(more->files_kept == 5);
  CHECK(audit_directory(dir.path()).passed());
}

TEST_CASE("export: what a checkpoint does not imply yet stays out") {
  SampleLedger sample;
  sample.append(1, 300);
  auto note = *sample.ledger().signed_head().note;
  sample.append(300, 700);
  sample.close();
  auto connection = core::sql::sqlite::open_reader(sample.path());
  TempDir dir;
  auto done = export_rows(connection, note, dir.path(), {.with_entries = true});
  REQUIRE(done);
  CHECK(done->checkpoint.head.size == 300);
  CHECK(names_in(dir.path()) ==
        std::vector<std::string>{"checkpoint", "tile/0/000", "tile/0/001.p/44", "tile/1/000.p/1",
                                 "tile/entries/000", "tile/entries/001.p/44"});
  CHECK(audit_directory(dir.path()).passed());
}

TEST_CASE("export: a directory grows, and keeps the partial tiles of its earlier size") {
  SampleLedger sample;
  sample.append(1, 300);
  auto first = *sample.ledger().signed_head().note;
  sample.append(300, 700);
  sample.close();
  auto connection = core::sql::sqlite::open_reader(sample.path());
  TempDir dir;
  REQUIRE(export_rows(connection, first, dir.path(), {.with_entries = true}));
  auto before = files_in(dir.path());
  auto done = export_to(dir.path(), sample);
  REQUIRE(done);
  CHECK(done->files_kept == 2);  // bundle and tile 0
  auto after = files_in(dir.path());
  for (const auto& [name, bytes] : before) {
    if (name != "checkpoint") CHECK(after.at(name) == bytes);
  }
  CHECK(audit_directory(dir.path()).head.size == 700);
  CHECK(audit_directory(dir.path()).passed());
}

TEST_CASE("export: killed at any point, it shows the old size, and is taken up again") {
  SampleLedger sample;
  sample.append(1, 300);
  auto first = *sample.ledger().signed_head().note;
  sample.append(300, 1600);
  sample.close();
  std::uint64_t kept_before = 0;
  for (int kill_at = 1; kill_at <= 7; ++kill_at) {
    INFO(kill_at);
    TempDir dir;
    {
      auto connection = core::sql::sqlite::open_reader(sample.path());
      REQUIRE(export_rows(connection, first, dir.path(), {.with_entries = true}));
    }
    pid_t child = ::fork();
    if (child == 0) {
      int told = 0;
      auto progress = [&](std::uint64_t) {
        if (++told == kill_at) ::raise(SIGKILL);
      };
      auto ignored = export_to(dir.path(), sample, {.with_entries = true, .progress = progress});
      ::_exit(0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    REQUIRE(WIFSIGNALED(status));
    CHECK(*core::read_file(dir.file("checkpoint")) == first);
    CHECK(audit_directory(dir.path()).passed());
    CHECK(audit_directory(dir.path()).head.size == 300);
    auto done = export_to(dir.path(), sample);
    REQUIRE(done);
    CHECK(done->files_kept > kept_before);
    kept_before = done->files_kept;
    CHECK(audit_directory(dir.path()).passed());
    CHECK(audit_directory(dir.path()).head.size == 1600);
    CHECK(!fs::exists(dir.file(".part")));
  }
}

TEST_CASE("export: a file that is there and wrong is replaced") {
  Closed sample(600);
  TempDir dir;
  REQUIRE(export_to(dir.path(), sample));
  auto right = files_in(dir.path());
  for (const auto& [name, bytes] : right) {
    if (name == "checkpoint") continue;
    INFO(name);
    for (std::string wrong : {bytes.substr(0, bytes.size() - 1), std::string(), bytes + bytes,
                              std::string(bytes.size(), 'x')}) {
      REQUIRE(core::write_file(dir.file(name), wrong));
      auto done = export_to(dir.path(), sample);
      REQUIRE(done);
      CHECK(done->files_written == 1);
      CHECK(files_in(dir.path()) == right);
    }
  }
}

TEST_CASE("export: a source that is not what its checkpoint says is refused") {
  Closed sample(600);
  auto note = *sample.ledger().signed_head().note;
  const core::sql::Sql scripts[] = {
      "update ledger_tile set hashes = zeroblob(8192) where level = 0 and tile = 1",
      "update ledger_tile set hashes = zeroblob(64) where level = 1",
      "update ledger_tile set hashes = zeroblob(2816) where level = 0 and tile = 2",
      "delete from ledger_tile where level = 0 and tile = 0",
      "delete from ledger_tile where level = 1",
      "delete from ledger_bundle where bundle = 0",
      "delete from ledger_tail",
      "update ledger_bundle set entries = cast(replace(cast(entries as text), '\"value\":300}',"
      " '\"value\":301}') as blob) where bundle = 1"};
  for (core::sql::Sql script : scripts) {
    INFO(script.text());
    auto rows = test::copy_rows(sample.path());
    rows.run(script);
    TempDir dir;
    auto refused = export_rows(rows, note, dir.path(), {.with_entries = true});
    REQUIRE(!refused);
    CHECK(refused.error().code == "export.wrong_source");
    CHECK(!fs::exists(dir.file("checkpoint")));
  }
}

TEST_CASE("export: a directory never shows another history than before") {
  SampleLedger sample;
  sample.append(1, 300);
  auto small = *sample.ledger().signed_head().note;
  sample.append(300, 600);
  sample.close();
  TempDir dir;
  REQUIRE(export_to(dir.path(), sample));
  auto before = files_in(dir.path());
  auto refusal_of = [&](const SampleLedger& other, const std::string& note) {
    auto connection = core::sql::sqlite::open_reader(other.path());
    auto refused = export_rows(connection, note, dir.path(), {.with_entries = true});
    CHECK(files_in(dir.path()) == before);
    return refused ? "" : refused.error().code;
  };
  CHECK(refusal_of(sample, small) == "export.behind");

  SampleLedger fork;
  fork.append(1, 299);
  fork.append(1000, 1600);
  fork.close();
  CHECK(refusal_of(fork, *fork.ledger().signed_head().note) == "export.forked");

  auto other = *core::read_file(dir.file("checkpoint"));
  other.replace(0, other.find('\n'), "other.example/log");
  REQUIRE(core::write_file(dir.file("checkpoint"), other));
  before = files_in(dir.path());
  CHECK(refusal_of(sample, *sample.ledger().signed_head().note) != "");
  REQUIRE(core::write_file(dir.file("checkpoint"), "nothing"));
  before = files_in(dir.path());
  CHECK(refusal_of(sample, *sample.ledger().signed_head().note) == "export.no_checkpoint");
}

TEST_CASE("export: with a key, the checkpoint has to be signed by it") {
  Closed sample(5);
  TempDir dir;
  CHECK(export_to(dir.path(), sample, {.log_keys = test::sample_signer().verifier()}));
  auto refused =
      export_to(dir.path(), sample, {.log_keys = test::sample_signer("other").verifier()});
  REQUIRE(!refused);
  CHECK(refused.error().code == "note.unknown_signers");
}

TEST_CASE("export: one at a time") {
  Closed sample(5);
  TempDir dir;
  auto lock = core::FileLock::take(dir.path());
  REQUIRE(lock);
  auto refused = export_to(dir.path(), sample);
  REQUIRE(!refused);
  CHECK(refused.error().code == "file.locked");
}
