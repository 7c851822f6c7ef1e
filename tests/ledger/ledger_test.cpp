#include "ledger/ledger.h"

#include <semaphore>
#include <thread>

#include <doctest/doctest.h>

#include "core/hash.h"
#include "core/json.h"
#include "core/sql/migrate.h"
#include "core/sql/readers.h"
#include "core/sql/sqlite/sqlite.h"
#include "ledger/checkpoint.h"
#include "ledger/cose.h"
#include "ledger/proof.h"
#include "ledger/schema.h"
#include "ledger/store.h"
#include "support/temp_dir.h"

using namespace tally;
using namespace tally::ledger;
using core::sql::Tx;

namespace {

const char* origin = "ledger.example/log";

core::Error no() { return {core::Refusal::conflict, "test.refused", "no"}; }

// A ledger on a database of its own, opened and closed as a server would.
struct Bench {
  test::TempDir dir;
  core::ManualClock clock{{1'732'240'000'000}};
  core::SeededRandom random{7};
  NoteSigner signer{origin, core::SigningKey::from_seed(core::sha256("log"))};
  std::string stopped;

  struct Running {
    Ledger ledger;
    core::sql::Readers readers;
    core::sql::Writer writer;

    Running(Bench& bench, core::sql::Connection connection)
        : ledger(bench.signer, bench.clock, bench.random),
          readers([path = bench.path()] { return core::sql::sqlite::open_reader(path); }),
          writer(open(std::move(connection)),
                 ledger,
                 {.stop_process = [&bench](const std::string& why) { bench.stopped = why; }}) {}

    core::sql::Connection open(core::sql::Connection connection) {
      core::sql::migrate(connection, schema_files());
      core::sql::Session session(connection);
      ledger.open(session);
      return connection;
    }
    core::Result<ReceiptPtr> append(int value) {
      return writer.run([&](Tx& tx) -> core::Result<ReceiptPtr> {
        return ReceiptPtr(
            ledger.append(tx, "test.noted/1", "act_1",
                          "{\"salt\":\"00\",\"value\":" + std::to_string(value) + "}"));
      });
    }
  };

  std::string path() const { return dir.file("ledger.db"); }
  std::unique_ptr<Running> start() {
    return std::make_unique<Running>(*this, core::sql::sqlite::open_writer(path()));
  }
  VerifierKey key() const { return signer.verifier(); }
};

}  // namespace

TEST_CASE("ledger: entries are canonical, chained, and prove themselves in their receipts") {
  Bench bench;
  auto running = bench.start();
  Hash before;
  for (int i = 0; i < 600; ++i) {
    auto receipt = running->append(i);
    REQUIRE(receipt);
    auto verified = verify_receipt((*receipt)->file(), bench.key());
    REQUIRE(verified);
    CHECK(verified->index == static_cast<std::uint64_t>(i));
    CHECK(core::is_canonical(verified->entry));
    auto entry = core::parse_json(verified->entry);
    CHECK(entry->find("prev")->as_string() == core::to_hex(before));
    CHECK(entry->find("seq")->as_integer() == i);
    before = (*receipt)->hash;
  }
  CHECK(running->ledger.signed_head().head.size == 600);
}

TEST_CASE("ledger: a receipt is the same bytes when it is asked for later, also after a restart") {
  Bench bench;
  std::vector<std::string> first;
  auto running = bench.start();
  for (int i = 0; i < 300; ++i) first.push_back((*running->append(i))->file());
  running = nullptr;
  running = bench.start();
  for (int i = 300; i < 520; ++i) first.push_back((*running->append(i))->file());
  for (std::uint64_t seq = 0; seq < first.size(); ++seq) {
    auto again = running->readers.read(
        [&](core::sql::Session& session) { return running->ledger.find_receipt(session, seq); });
    REQUIRE(again);
    CHECK(again->file() == first[seq]);
  }
  CHECK(!running->readers.read(
      [&](core::sql::Session& session) { return running->ledger.find_receipt(session, 520); }));
}

TEST_CASE("ledger: a receipt as a COSE file proves the same entry under the same root") {
  Bench bench;
  auto running = bench.start();
  for (int i = 0; i < 20; ++i) {
    auto receipt = *running->append(i);
    std::string file = running->ledger.cose_file(*receipt);
    auto cose = verify_cose_receipt(file, bench.key());
    auto plain = verify_receipt(receipt->file(), bench.key());
    REQUIRE(cose);
    REQUIRE(plain);
    CHECK(cose->entry == receipt->entry);
    CHECK(cose->index == plain->index);
    CHECK(cose->checkpoint == plain->checkpoint);
    CHECK(file == running->ledger.cose_file(running->readers.read([&](core::sql::Session& session) {
      return running->ledger.receipt_of(session, receipt->seq);
    })));
  }
}

TEST_CASE("ledger: no root but that of a checkpoint of its own is signed for a COSE file") {
  Bench bench;
  auto running = bench.start();
  for (int i = 0; i < 5; ++i) REQUIRE(running->append(i));
  const Receipt good = **running->append(5);
  const Receipt earlier = running->readers.read(
      [&](core::sql::Session& session) { return running->ledger.receipt_of(session, 2); });
  CHECK_NOTHROW(running->ledger.cose_file(good));
  auto refused = [&](auto change) {
    Receipt bent = good;
    change(bent);
    CHECK_THROWS_AS(static_cast<void>(running->ledger.cose_file(bent)), core::Broken);
  };
  refused([](Receipt& r) { r.entry += ' '; });
  refused([](Receipt& r) { r.proof.path.at(0).bytes[7] ^= 1; });
  refused([](Receipt& r) { r.proof.path.pop_back(); });
  refused([](Receipt& r) { r.proof.size = 7; });
  refused([&](Receipt& r) { r.checkpoint = earlier.checkpoint; });
  refused([&](Receipt& r) {
    NoteSigner stranger(origin, core::SigningKey::from_seed(core::sha256("other")));
    Checkpoint forged{origin, {r.proof.size, *root_of(r.proof, hash_leaf(r.entry))}};
    r.checkpoint = std::make_shared<const std::string>(sign_checkpoint(forged, stranger));
  });
}

TEST_CASE("ledger: a refused or thrown command leaves no entry, its neighbours stay") {
  Bench bench;
  auto running = bench.start();
  REQUIRE(running->append(1));
  auto refused = running->writer.run([&](Tx& tx) -> core::Result<core::Done> {
    running->ledger.append(tx, "test.noted/1", "act_1", "{\"salt\":\"00\"}");
    return no();
  });
  CHECK(refused.error().code == "test.refused");
  CHECK_THROWS_AS(static_cast<void>(running->writer.run([&](Tx& tx) -> core::Result<core::Done> {
                    running->ledger.append(tx, "test.noted/1", "act_1", "{\"salt\":\"00\"}");
                    throw core::Broken("on purpose");
                  })),
                  core::Broken);
  auto receipt = running->append(2);
  CHECK((*receipt)->seq == 1);
  CHECK(verify_receipt((*receipt)->file(), bench.key()));
}

TEST_CASE("ledger: commands with many entries each share batches, and every receipt verifies" *
          doctest::test_suite("concurrent")) {
  Bench bench;
  auto running = bench.start();
  constexpr int threads = 12;
  std::vector<std::vector<std::shared_ptr<Receipt>>> receipts(threads);
  auto append_many = [&](std::vector<std::shared_ptr<Receipt>>& mine) {
    return running->writer.run([&](Tx& tx) -> core::Result<core::Done> {
      for (std::size_t i = 0; i < ledger_command_entries_max; ++i) {
        mine.push_back(running->ledger.append(tx, "test.noted/1", "act_1", "{\"salt\":\"00\"}"));
      }
      return core::Done{};
    });
  };
  {
    std::binary_semaphore entered{0}, leave{0};
    std::jthread holder([&] {
      static_cast<void>(running->writer.run([&](Tx&) -> core::Result<core::Done> {
        entered.release();
        leave.acquire();
        return core::Done{};
      }));
    });
    entered.acquire();
    std::vector<std::jthread> pool;
    for (auto& mine : receipts) pool.emplace_back([&] { CHECK(append_many(mine)); });
    while (running->writer.counters().waiting < threads) std::this_thread::yield();
    leave.release();
  }
  CHECK(running->ledger.signed_head().head.size == threads * ledger_command_entries_max);
  int verified = 0;
  for (auto& mine : receipts) {
    for (auto& receipt : mine) verified += verify_receipt(receipt->file(), bench.key()) ? 1 : 0;
  }
  CHECK(verified == threads * static_cast<int>(ledger_command_entries_max));
}

TEST_CASE("ledger: a command with more entries than it may append leaves none") {
  Bench bench;
  auto running = bench.start();
  auto endless = [&](Tx& tx) -> core::Result<core::Done> {
    for (std::size_t i = 0; i <= ledger_command_entries_max; ++i) {
      running->ledger.append(tx, "test.noted/1", "act_1", "{\"salt\":\"00\"}");
    }
    return core::Done{};
  };
  CHECK_THROWS_AS(static_cast<void>(running->writer.run(endless)), core::Broken);
  CHECK((*running->append(1))->seq == 0);
}

TEST_CASE("ledger: an entry beyond its limit is not appended") {
  Bench bench;
  auto running = bench.start();
  auto huge = [&](Tx& tx) -> core::Result<core::Done> {
    running->ledger.append(tx, "test.noted/1", "act_1",
                           "{\"salt\":\"" + std::string(ledger_entry_bytes_max, '0') + "\"}");
    return core::Done{};
  };
  CHECK_THROWS_AS(static_cast<void>(running->writer.run(huge)), core::Broken);
  CHECK((*running->append(1))->seq == 0);
}

TEST_CASE(
    "ledger: time never goes back, and a jump of the wall clock is recorded and not followed") {
  Bench bench;
  auto running = bench.start();
  auto at = [&](const core::Result<ReceiptPtr>& receipt) {
    return core::parse_json((*receipt)->entry)->find("at")->as_integer();
  };
  auto first = at(running->append(1));
  bench.clock.step_wall_ms(-30'000);
  CHECK(at(running->append(2)) == first);
  bench.clock.step_wall_ms(3'600'000);
  bench.clock.advance_ms(1'000);
  auto receipt = running->append(3);
  CHECK((*receipt)->seq == 3);
  CHECK(at(receipt) == first + 1'000);
  CHECK(!running->ledger.time_is_trusted());
  auto departure = running->readers.read(
      [&](core::sql::Session& session) { return running->ledger.find_entry(session, 2); });
  CHECK(departure->find("\"kind\":\"clock.departed/1\"") != std::string::npos);
  running = nullptr;
  running = bench.start();
  CHECK(!running->ledger.time_is_trusted());
  REQUIRE(running->writer.run([&](Tx&) -> core::Result<core::Done> {
    running->ledger.acknowledge_time();
    return core::Done{};
  }));
  CHECK(at(running->append(4)) > first + 1'000'000);
}

TEST_CASE("ledger: many threads append, every receipt verifies" *
          doctest::test_suite("concurrent")) {
  Bench bench;
  auto running = bench.start();
  constexpr int threads = 16, each = 60;
  std::vector<std::vector<std::string>> files(threads);
  {
    std::vector<std::jthread> pool;
    for (std::size_t t = 0; t < threads; ++t) {
      pool.emplace_back([&, t] {
        for (int i = 0; i < each; ++i) files[t].push_back((*running->append(i))->file());
      });
    }
  }
  std::vector<bool> seen(threads * each, false);
  for (const auto& list : files) {
    for (const auto& file : list) {
      auto verified = verify_receipt(file, bench.key());
      REQUIRE(verified);
      CHECK(!seen[verified->index]);
      seen[verified->index] = true;
    }
  }
  CHECK(running->writer.counters().batches < threads * each);
}

TEST_CASE(
    "ledger: a head row changed behind the writer's back stops the writer, nothing is signed") {
  Bench bench;
  auto running = bench.start();
  REQUIRE(running->append(1));
  auto before = *running->ledger.signed_head().note;
  {
    auto other = core::sql::sqlite::open_writer(bench.path());
    other.run("update ledger_head set size = 7");
  }
  CHECK(running->append(2).error().code == "outcome_unknown");
  CHECK(running->append(3).error().code == "writer.stopped");
  CHECK(*running->ledger.signed_head().note == before);
  running = nullptr;
  CHECK(bench.stopped.find("behind") != std::string::npos);
}

TEST_CASE("ledger: a lone commit's checkpoint is stored when there is time, and at the end") {
  Bench bench;
  {
    auto running = bench.start();
    REQUIRE(running->append(1));
  }
  auto connection = core::sql::sqlite::open_reader(bench.path());
  core::sql::Statement select(connection, "select note from ledger_checkpoint");
  auto row = select();
  REQUIRE(row.next());
  auto checkpoint = open_checkpoint(row.text(0), origin, bench.key());
  REQUIRE(checkpoint);
  CHECK(checkpoint->head.size == 1);
}
