#include "ledger/auditor.h"

#include <atomic>
#include <numeric>
#include <thread>

#include <doctest/doctest.h>

#include "core/sql/readers.h"
#include "ledger/checkpoint.h"
#include "ledger/envelope.h"
#include "ledger/sample_ledger.h"
#include "ledger/tile.h"

using namespace tally;
using namespace tally::ledger;
using core::sql::Blob;
using core::sql::Connection;
using core::sql::Session;
using core::sql::Statement;
using test::SampleLedger;

namespace {

const std::vector<unsigned> thread_counts = {1, 3};

std::string finding_of(const std::string& path, const AuditOptions& options = {}) {
  auto connection = core::sql::sqlite::open_reader(path);
  return test::first_finding(test::audit_rows(connection, options));
}

std::vector<int> numbers(int from, int to) {
  std::vector<int> values(static_cast<std::size_t>(to - from));
  std::iota(values.begin(), values.end(), from);
  return values;
}

// What somebody makes who can write every row anew, chain and tree included, but holds not the key:
// a ledger of these values whose checkpoint is the one that the log signed for entries 0 to 599.
std::string forged(const std::vector<int>& values) {
  SampleLedger honest;
  honest.append(numbers(1, 600));
  honest.close();
  SampleLedger other(test::sample_signer("somebody else"));
  other.append(values);
  other.close();
  auto rows = test::copy_rows(other.path());
  Statement attach(rows, "attach database ?1 as honest");
  attach(honest.path()).run();
  rows.run(
      "delete from ledger_checkpoint;"
      "insert into ledger_checkpoint select * from honest.ledger_checkpoint;");
  return test::first_finding(test::audit_rows(rows));
}

// A ledger of `size` entries, altered by a script.
std::string finding_after(core::sql::Sql script, int size = 600) {
  SampleLedger sample;
  if (size > 1) sample.append(1, size);
  sample.close();
  auto rows = test::copy_rows(sample.path());
  rows.run(script);
  auto found = test::first_finding(test::audit_rows(rows));
  CHECK(test::first_finding(test::audit_rows(rows, {.threads = 3})) == found);
  return found;
}

}  // namespace

TEST_CASE("envelope: an entry is read at its fixed places") {
  std::string prev(64, 'a');
  std::string entry =
      R"({"at":5,"body":{"x":"\",\"kind\":\""},"by":"act_1","kind":"a.b/1","prev":")" + prev +
      R"(","seq":41})";
  auto envelope = read_envelope(entry);
  REQUIRE(envelope);
  CHECK(envelope->at == 5);
  CHECK(envelope->body == R"({"x":"\",\"kind\":\""})");
  CHECK(envelope->by == "act_1");
  CHECK(envelope->kind == "a.b/1");
  CHECK(envelope->prev == prev);
  CHECK(envelope->seq == 41);
  for (std::string_view wrong :
       {"", "{", "}", "{}", R"({"at":05,"body":{},"by":"a","kind":"k","prev":"0","seq":1})",
        R"({"at":5,"body":{},"by":"a","kind":"k","prev":"0","seq":1})"}) {
    CHECK(!read_envelope(wrong));
  }
  for (std::size_t i = 0; i < entry.size(); ++i) CHECK(!read_envelope(entry.substr(0, i)));
}

TEST_CASE("audit: ledgers of any size pass, and the report tells what was read") {
  for (int size : {1, 2, 255, 256, 257, 511, 512, 600}) {
    SampleLedger sample;
    if (size > 1) sample.append(1, size);
    sample.close();
    for (unsigned threads : thread_counts) {
      auto connection = core::sql::sqlite::open_reader(sample.path());
      auto report = test::audit_rows(connection, {.threads = threads});
      CHECK(test::first_finding(report) == "");
      CHECK(report.entries == static_cast<std::uint64_t>(size));
      CHECK(report.head == sample.ledger().signed_head().head);
      REQUIRE(report.checkpoint);
      CHECK(report.checkpoint->head == report.head);
      CHECK(report.unsigned_entries == 0);
    }
  }
}

TEST_CASE("audit: tiles of the second level, filled and not") {
  SampleLedger sample;
  sample.append(1, 67'000);
  sample.close();
  for (unsigned threads : thread_counts)
    CHECK(finding_of(sample.path(), {.threads = threads}) == "");
  auto rows = test::copy_rows(sample.path());
  rows.run("update ledger_tile set hashes = zeroblob(8192) where level = 1 and tile = 0");
  CHECK(test::first_finding(test::audit_rows(rows)) == "tile.changed at tile 1/0");
}

TEST_CASE("audit: an empty ledger passes, and says that it is empty") {
  test::TempDir dir;
  auto connection = core::sql::sqlite::open_writer(dir.file("ledger.db"));
  core::sql::migrate(connection, schema_files());
  auto report = test::audit_rows(connection);
  CHECK(report.passed());
  CHECK(report.entries == 0);
  CHECK(report.head.root == empty_root());
  CHECK(!report.checkpoint);
}

TEST_CASE("audit: entries that no stored checkpoint holds yet are counted, not reported") {
  SampleLedger sample;
  sample.append(1, 300);
  sample.close();
  auto rows = test::copy_rows(sample.path());
  Statement store(rows, "update ledger_checkpoint set size = 280, note = ?1");
  TileSubtrees tiles([&](unsigned level, std::uint64_t tile) {
    Statement select(rows, "select hashes from ledger_tile where level = ?1 and tile = ?2");
    auto row = select(level, tile);
    return row.next() ? row.text(0) : std::string();
  });
  store(sign_checkpoint({test::sample_origin, {280, root_of(tiles, 280)}}, test::sample_signer()))
      .run();
  auto report = test::audit_rows(rows);
  CHECK(test::first_finding(report) == "");
  CHECK(report.unsigned_entries == 20);
}

TEST_CASE("audit: another log's key finds the checkpoint, whatever the ledger says") {
  SampleLedger sample;
  sample.close();
  auto connection = core::sql::sqlite::open_reader(sample.path());
  Session session(connection);
  DatabaseSource source(session);
  auto other_key = test::sample_signer("another").verifier();
  CHECK(test::first_finding(audit(source, other_key)) == "note.unknown_signers at checkpoint.note");
  NoteSigner other_name("other.example/log", core::SigningKey::from_seed(core::sha256("log")));
  auto report = audit(source, other_name.verifier());
  CHECK(test::first_finding(report) == "entry.wrong_origin at entry 0");
}

TEST_CASE("audit: entries dropped, doubled or swapped in a history made anew miss the checkpoint") {
  auto values = numbers(1, 600);
  CHECK(forged(values) == "");
  auto dropped = values;
  dropped.erase(dropped.begin() + 100);
  CHECK(forged(dropped) == "entry.missing at entry 599");
  dropped.push_back(600);
  CHECK(forged(dropped) == "checkpoint.wrong_root at checkpoint.note");
  auto doubled = values;
  doubled.insert(doubled.begin() + 100, doubled[100]);
  CHECK(forged(doubled) == "checkpoint.wrong_root at checkpoint.note");
  auto swapped = values;
  std::swap(swapped[100], swapped[101]);
  CHECK(forged(swapped) == "checkpoint.wrong_root at checkpoint.note");
  auto edited = values;
  edited[3] = 77;
  CHECK(forged(edited) == "checkpoint.wrong_root at checkpoint.note");
  auto truncated = numbers(1, 500);
  CHECK(forged(truncated) == "entry.missing at entry 500");
}

TEST_CASE(
    "audit: entries rewritten with their chain but not their tiles are named where it begins") {
  SampleLedger honest, other(test::sample_signer("somebody else"));
  honest.append(1, 600);
  auto values = numbers(1, 600);
  values[99] = 7;  // entry 100
  other.append(values);
  honest.close();
  other.close();
  auto rows = test::copy_rows(honest.path());
  Statement attach(rows, "attach database ?1 as other");
  attach(other.path()).run();
  rows.run(
      "delete from ledger_bundle; delete from ledger_tail;"
      "insert into ledger_bundle select * from other.ledger_bundle;"
      "insert into ledger_tail select * from other.ledger_tail;");
  CHECK(test::first_finding(test::audit_rows(rows)) == "entry.changed at entry 100");
}

TEST_CASE("audit: rows that are missing are named by the first entry or tile that is not there") {
  CHECK(finding_after("delete from ledger_bundle where bundle = 1") ==
        "tail.misplaced at entry 256");
  CHECK(finding_after("delete from ledger_bundle where bundle = 0") == "entry.missing at entry 0");
  CHECK(finding_after("delete from ledger_bundle") == "tail.misplaced at entry 0");
  CHECK(finding_after("delete from ledger_tail") == "entry.missing at entry 512");
  CHECK(finding_after("delete from ledger_tile where level = 0 and tile = 1") ==
        "tile.missing at tile 0/1");
  CHECK(finding_after("delete from ledger_tile where level = 1") == "tile.missing at tile 1/0");
  CHECK(finding_after("delete from ledger_head") == "head.missing at head");
  CHECK(finding_after("delete from ledger_checkpoint") == "checkpoint.missing at checkpoint");
  CHECK(finding_after("delete from ledger_batch") == "batch.wrong at batch");
}

TEST_CASE("audit: rows that should not be there are findings") {
  CHECK(finding_after("insert into ledger_tail values (600, 1, x'00')") ==
        "entry.malformed at entry 600");
  CHECK(finding_after("insert into ledger_tail values (5, 1, x'00')") ==
        "tail.misplaced at entry 600");
  CHECK(finding_after("insert into ledger_tail values (600, 1, x'')") ==
        "tail.wrong_count at entry 600");
  CHECK(finding_after("insert into ledger_bundle values (2, x'')") == "entry.missing at entry 512");
  CHECK(finding_after("insert into ledger_bundle values (-1, x'')") ==
        "bundle.unexpected at bundle 0");
  CHECK(finding_after("insert into ledger_tile values (0, 3, zeroblob(32))") ==
        "tile.unexpected at tile 0/3");
  CHECK(finding_after("insert into ledger_tile values (2, 0, zeroblob(32))") ==
        "tile.unexpected at tile 2/0");
  CHECK(finding_after("insert into ledger_tile values (9, 0, zeroblob(32))") ==
        "tile.unexpected at tile 9/0");
  CHECK(finding_after("insert into ledger_tile values (0, -3, zeroblob(32))") ==
        "tile.unexpected at tile 0/-3");
  CHECK(finding_after("insert into ledger_head select 2, size, root, edge, last_hash, last_at,"
                      " time_trusted from ledger_head") == "head.unexpected at head.id");
  CHECK(
      finding_after("insert into ledger_checkpoint select 2, size, note from ledger_checkpoint") ==
      "checkpoint.unexpected at checkpoint.id");
  CHECK(finding_after("insert into ledger_batch values (700, zeroblob(32))") ==
        "batch.wrong at batch");
}

TEST_CASE(
    "audit: a head that lies about the size is found, and the entries are read all the same") {
  CHECK(finding_after("update ledger_head set size = 9223372036854775807") ==
        "head.wrong at head.size");
  CHECK(finding_after("update ledger_head set size = -1") == "head.wrong at head.size");
  CHECK(finding_after("update ledger_head set size = 599") == "head.wrong at head.size");
  CHECK(finding_after("update ledger_head set size = 601, last_hash = zeroblob(32)") ==
        "entry.missing at entry 600");
  CHECK(finding_after("update ledger_head set size = 599, last_hash = zeroblob(32)") ==
        "entry.unexpected at entry 599");
  CHECK(finding_after("update ledger_head set edge = x''") == "head.wrong at head.edge");
}

TEST_CASE("audit: malformed bundles and tiles are findings, whatever their length") {
  CHECK(finding_after("update ledger_bundle set entries = x'' where bundle = 0") ==
        "entry.missing at entry 0");
  CHECK(finding_after("update ledger_bundle set entries = x'00' where bundle = 1") ==
        "entry.malformed at entry 256");
  CHECK(finding_after("update ledger_bundle set entries = zeroblob(5000000) where bundle = 0") ==
        "entry.malformed at entry 0");
  CHECK(
      finding_after(
          "update ledger_bundle set entries = cast(entries || x'0000' as blob) where bundle = 0") ==
      "entry.unexpected at entry 256");
  CHECK(finding_after("update ledger_bundle set entries = substr(entries, 1, 20000)") ==
        "entry.malformed at entry 116");
  CHECK(finding_after("update ledger_tail set entries = x'ffff'") ==
        "entry.malformed at entry 512");
  CHECK(finding_after("update ledger_tile set hashes = x'00' where level = 0 and tile = 0") ==
        "tile.wrong_width at tile 0/0");
  CHECK(finding_after("update ledger_tile set hashes = cast(hashes || x'00' as blob)") ==
        "tile.wrong_width at tile 0/0");
  CHECK(finding_after("update ledger_tile set hashes = substr(hashes, 1, 32 * 40)"
                      " where level = 0 and tile = 2") == "tile.wrong_width at tile 0/2");
}

TEST_CASE("audit: time that goes back is found, between entries and between bundles") {
  // The log's own key signs what its clock did not permit.
  SampleLedger sample;
  sample.append(1, 300);
  sample.close();
  auto rows = test::copy_rows(sample.path());
  Statement select(rows, "select entries from ledger_bundle where bundle = 0");
  auto row = select();
  REQUIRE(row.next());
  auto entries = parse_bundle(row.view(0));
  auto redated = [&](std::size_t seq) {
    std::string bundle;
    Hash prev;
    for (std::size_t i = 0; i < entries->size(); ++i) {
      std::string entry((*entries)[i]);
      if (i == seq) entry.replace(6, 13, "0000000000000").erase(6, 12);
      if (i > 0) entry.replace(entry.find(",\"prev\":\"") + 9, 64, core::to_hex(prev));
      prev = hash_leaf(entry);
      append_to_bundle(bundle, entry);
    }
    return bundle;
  };
  core::sql::Session session(rows);
  Statement store(rows, "update ledger_bundle set entries = ?1 where bundle = 0");
  rows.run("delete from ledger_tile where level = 0 and tile = 0");
  std::string bundle = redated(100);
  store(Blob{bundle}).run();
  CHECK(test::first_finding(test::audit_rows(session)) == "entry.time_went_back at entry 100");
}

TEST_CASE("audit: the head's word on the clock follows from the entries") {
  SampleLedger sample;
  sample.append(1, 10);
  sample.clock().step_wall_ms(3'600'000);
  sample.append(10, 20);
  CHECK(!sample.ledger().time_is_trusted());
  auto note = [&](bool acknowledge) {
    REQUIRE(sample.writer().run([&](core::sql::Tx& tx) -> core::Result<core::Done> {
      if (acknowledge) sample.ledger().acknowledge_time();
      sample.ledger().append(tx, acknowledge ? clock_acknowledged_kind : "test.noted/1", "act_1",
                             "{\"salt\":\"00\"}");
      // As a command that only reads does: the time that it saw is no entry's.
      sample.clock().advance_ms(5);
      sample.ledger().now();
      return core::Done{};
    }));
  };
  note(false);
  CHECK(finding_of(sample.path()) == "");
  note(true);
  CHECK(sample.ledger().time_is_trusted());
  CHECK(finding_of(sample.path()) == "");
  sample.clock().step_wall_ms(-3'600'000);
  sample.append(20, 30);
  CHECK(!sample.ledger().time_is_trusted());
  sample.close();
  CHECK(finding_of(sample.path()) == "");
  auto rows = test::copy_rows(sample.path());
  rows.run("update ledger_head set time_trusted = 1");
  CHECK(test::first_finding(test::audit_rows(rows)) == "head.wrong at head.time_trusted");
}

TEST_CASE("audit: a ledger is audited again and again while a writer appends" *
          doctest::test_suite("concurrent")) {
  SampleLedger sample;
  sample.append(1, 2);  // so that a checkpoint is stored
  std::atomic<bool> done = false;
  int audits = 0;
  std::uint64_t entries = 0;
  std::jthread auditor([&] {
    while (!done) {
      auto connection = core::sql::sqlite::open_reader(sample.path());
      Session session(connection);
      auto report = test::audit_rows(session, {.threads = audits % 2 == 0 ? 1U : 2U});
      CHECK(test::first_finding(report) == "");
      CHECK(report.entries >= entries);
      entries = report.entries;
      ++audits;
    }
  });
  for (int i = 0; i < 300; ++i) sample.append(i * 7, i * 7 + 1 + i % 23);
  done = true;
  auditor.join();
  CHECK(audits > 2);
  sample.close();
  CHECK(finding_of(sample.path()) == "");
}
