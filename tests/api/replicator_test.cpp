// The replica that does not lag: what is answered lies on it, and what does not lie on it is not answered.
#include "api/replicator.h"

#include <chrono>
#include <optional>
#include <thread>

#include <doctest/doctest.h>

#include "api/data_dir.h"
#include "api/rotation.h"
#include "api/store.h"
#include "core/hash.h"
#include "core/sql/sqlite/sqlite.h"
#include "ledger/proof.h"
#include "ledger/store.h"
#include "space/opening.h"
#include "support/api/command_line.h"
#include "support/temp_dir.h"

using namespace tally;
using core::sql::Tx;

namespace {

constexpr const char* origin = "kept.example/log";
constexpr const char* a_salt = "000102030405060708090a0b0c0d0e0f";

// A server's store with its replica in DIR/copy, until it is closed.
struct Kept {
  test::TempDir dir;
  api::DataDir data{dir.file("space")};
  std::optional<api::ServerKeys> keys;
  std::optional<api::Replicator> replicator;
  std::optional<api::Store> store;
  std::optional<core::Error> refused;  // the start

  Kept() {
    auto made = api::make_keys(data, origin);
    REQUIRE(made);
    keys.emplace(*std::move(made));
    api::Store fresh(data, *keys, {});
    REQUIRE(space::open_space(fresh.journal(), keys->operator_key, "operator", 3600));
  }

  void open(bool goes_on = false, std::int64_t wait_ms = 2'000) {
    refused.reset();
    replicator.emplace(data.database(), api::Replicator::Options{.directory = copy(),
                                                                 .wait_ms = wait_ms,
                                                                 .goes_on = goes_on,
                                                                 .retry_ms = 20,
                                                                 .start_wait_ms = 5'000});
    store.emplace(
        data, *keys, [](const std::string&) {}, api::Surroundings{},
        [this](core::sql::Session&, ledger::Ledger& ledger) {
          auto started = replicator->start(ledger.signed_head(), ledger.signers()->known());
          if (!started) refused = started.error();
          ledger.follow_with(*replicator);
        });
  }
  void close() {
    store.reset();
    replicator.reset();
  }

  core::Result<ledger::ReceiptPtr> append() {
    return store->writer().run([&](Tx& tx) -> core::Result<ledger::ReceiptPtr> {
      return ledger::ReceiptPtr(store->ledger().append(
          tx, "test.noted/1", "act_1", std::string("{\"salt\":\"") + a_salt + "\"}"));
    });
  }
  std::string copy() const { return dir.file("copy"); }
  std::string vkey() const { return ledger::format_vkey(keys->log.verifier()); }

  // What lies on the replica at that place.
  std::optional<std::string> on_replica(std::uint64_t seq) const {
    auto connection = core::sql::sqlite::open_reader(api::replica_database(copy()));
    core::sql::Session session(connection);
    return ledger::read_entry(session, seq);
  }
  std::uint64_t size() { return store->ledger().signed_head().head.size; }
};

// Somebody else writes the replica's database and does not end: it cannot be written.
struct Blocked {
  explicit Blocked(const std::string& directory)
      : connection(core::sql::sqlite::open_writer(api::replica_database(directory))) {
    connection.run("begin immediate");
  }
  ~Blocked() { connection.run("rollback"); }
  core::sql::Connection connection;
};

bool comes_true(const std::function<bool()>& condition) {
  for (int i = 0; i < 500; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return false;
}

std::string code_of(const core::Result<ledger::ReceiptPtr>& answer) {
  return answer ? "" : answer.error().code;
}

}  // namespace

TEST_CASE("replicator: whoever has an answer finds its entry on the replica" *
          doctest::test_suite("concurrent")) {
  Kept kept;
  kept.open();
  REQUIRE_FALSE(kept.refused);
  for (int i = 0; i < 600; ++i) {
    auto receipt = kept.append();
    REQUIRE(receipt);
    if (i % 50 == 0) CHECK(kept.on_replica((*receipt)->seq) == (*receipt)->entry);
    CHECK(ledger::verify_receipt((*receipt)->file(), kept.keys->log.verifier()));
  }
  auto size = kept.size();
  kept.close();
  auto audit = test::run({"audit", kept.copy(), "--key", kept.vkey(), "--json"});
  CHECK(audit.code == 3);  // test.noted/1 is of no kind that is known
  CHECK(audit.json().find("entries")->as_integer() == static_cast<std::int64_t>(size));
  CHECK(test::run({"audit", kept.copy(), "--key", kept.vkey(), "--structural"}).code == 0);
}

TEST_CASE("replicator: one that is new takes the whole ledger before the first answer" *
          doctest::test_suite("concurrent")) {
  Kept kept;
  kept.open();
  for (int i = 0; i < 300; ++i) REQUIRE(kept.append());
  kept.close();
  std::filesystem::remove_all(kept.copy());
  kept.open();
  REQUIRE_FALSE(kept.refused);
  CHECK(kept.on_replica(kept.size() - 1).has_value());
  REQUIRE(kept.append());
  kept.close();
  CHECK(test::run({"audit", kept.copy(), "--key", kept.vkey(), "--structural"}).code == 0);
}

TEST_CASE("replicator: one that was away while the log's key was exchanged takes what it lacks" *
          doctest::test_suite("concurrent")) {
  Kept kept;
  kept.open();
  REQUIRE(kept.append());
  auto old_key = kept.vkey();
  kept.close();
  for (bool retires : {false, true}) {
    auto planned = retires ? api::plan_log_retirement(kept.data) : api::plan_log_key(kept.data);
    REQUIRE(planned);
    kept.keys.emplace(*api::read_keys(kept.data));
    api::Store store(kept.data, *kept.keys, {});
    api::exchange_log_key(store, kept.data, *kept.keys);
  }
  kept.keys.emplace(*api::read_keys(kept.data));
  REQUIRE(kept.vkey() != old_key);
  kept.open();
  REQUIRE_FALSE(kept.refused);
  REQUIRE(kept.append());
  kept.close();
  CHECK(test::run({"audit", kept.copy(), "--key", kept.vkey(), "--structural"}).code == 0);
  CHECK(test::run({"audit", kept.copy(), "--key", old_key, "--structural"}).code == 1);
}

TEST_CASE("replicator: without the replica nothing is told or changed, and with it all goes on" *
          doctest::test_suite("concurrent")) {
  Kept kept;
  kept.open(false, 100);
  REQUIRE(kept.append());
  auto told = kept.size();
  {
    Blocked blocked(kept.copy());
    CHECK(code_of(kept.append()) == "replica.unconfirmed");  // stored, and not told
    CHECK(kept.size() == told);
    auto ask = [&] {
      return kept.store->journal().readers.read([&](core::sql::Session& session) {
        return kept.store->ledger().find_receipt(session, told);
      });
    };
    CHECK_THROWS_AS(ask(), ledger::Withheld);
    CHECK(code_of(kept.append()) == "replica.away");  // not even stored
    CHECK(kept.replicator->metrics().find("tallystick_replica_away 1\n") != std::string::npos);
  }
  // What was stored is told once the replica holds it, without anybody's asking.
  CHECK(comes_true([&] { return kept.size() == told + 1; }));
  auto next = kept.append();
  REQUIRE(next);
  CHECK((*next)->seq == told + 1);
  CHECK(kept.on_replica(told + 1) == (*next)->entry);
}

TEST_CASE("replicator: where the server goes on without it, the replica follows and says how far" *
          doctest::test_suite("concurrent")) {
  Kept kept;
  kept.open(true, 100);
  auto lags = [&](int entries) {
    std::string sample = "tallystick_replica_lag_entries " + std::to_string(entries) + "\n";
    return kept.replicator->metrics().find(sample) != std::string::npos;
  };
  REQUIRE(kept.append());
  REQUIRE(comes_true([&] { return lags(0); }));
  {
    Blocked blocked(kept.copy());
    for (int i = 0; i < 5; ++i) CHECK(kept.append());
    CHECK(lags(5));
  }
  CHECK(comes_true([&] { return lags(0); }));
  CHECK(kept.on_replica(kept.size() - 1).has_value());
}

TEST_CASE("replicator: an older copy of the ledger, or another one, does not start beside it") {
  Kept kept;
  std::filesystem::copy(kept.data.database(), kept.dir.file("older.db"));
  kept.open();
  REQUIRE(kept.append());
  kept.close();
  for (const char* ending : {"", "-wal", "-shm"})
    std::filesystem::remove(kept.data.database() + ending);
  std::filesystem::copy(kept.dir.file("older.db"), kept.data.database());
  kept.open();
  REQUIRE(kept.refused);
  CHECK(kept.refused->code == "replica.ledger_behind");
  kept.close();
  // The same key, another history that is longer.
  {
    api::Store alone(kept.data, *kept.keys, {});
    for (int i = 0; i < 3; ++i) {
      REQUIRE(alone.writer().run([&](Tx& tx) -> core::Result<core::Done> {
        alone.ledger().append(tx, "test.other/1", "act_1",
                              std::string("{\"salt\":\"") + a_salt + "\"}");
        return core::Done{};
      }));
    }
  }
  kept.open();
  REQUIRE(kept.refused);
  CHECK(kept.refused->code == "replica.ledger_forked");
  kept.close();
  Kept stranger;
  std::filesystem::rename(kept.copy(), stranger.copy());
  stranger.open();
  REQUIRE(stranger.refused);
  CHECK(stranger.refused->code == "replica.other_log");
}
