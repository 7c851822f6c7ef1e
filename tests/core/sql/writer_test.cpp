#include "core/sql/writer.h"

#include <semaphore>
#include <thread>

#include <doctest/doctest.h>

#include "core/sql/migrate.h"
#include "core/sql/readers.h"
#include "core/sql/sqlite/sqlite.h"
#include "core/sql/sqlite/tables.h"
#include "support/temp_dir.h"

using namespace tally;
using namespace tally::core;
using namespace tally::core::sql;

namespace {

struct Statements {
  Connection& db;
  Statement add{db, "insert into note (value) values (?1)"};
  Statement count{db, "select count(*) from note"};
};

// Counts what the writer tells it, and fails where a test wants.
class Witness : public Participant {
 public:
  void batch_began(Tx&) override {
    ++batches;
    in_batch = 0;
  }
  void command_begins() override { ++in_batch; }
  void command_undone() override { ++undone; }
  void before_commit(Tx&) override {
    if (fails_before_commit) throw Broken("no space left");
  }
  std::optional<core::Error> after_commit() override {
    ++commits;
    return withheld;
  }
  std::optional<core::Error> closed() const override { return is_closed; }
  bool has_room() const override { return in_batch < room; }
  bool has_leftover() const override { return false; }

  std::atomic<int> batches{0}, undone{0}, commits{0};
  int in_batch = 0;
  int room = 1'000'000;
  std::atomic<bool> fails_before_commit{false};
  std::optional<core::Error> withheld, is_closed;  // while nothing runs
};

struct Desk {
  test::TempDir dir;
  Witness witness;
  std::string stopped;
  Readers readers{[path = dir.file("w.db")] { return sqlite::open_reader(path); }};
  std::optional<Writer> writer;

  explicit Desk(Writer::Options options = {}) {
    auto connection = sqlite::open_writer(dir.file("w.db"));
    connection.run("create table note (value integer not null unique) strict");
    options.stop_process = [this](const std::string& why) { stopped = why; };
    writer.emplace(std::move(connection), witness, std::move(options));
  }
  Result<int> add(int value, Lane lane = Lane::prompt) {
    return writer->run(
        [value](Tx& tx) -> Result<int> {
          tx.use<Statements>().add(value).run();
          return value;
        },
        lane);
  }
  std::int64_t count() {
    return readers.read([](Session& session) {
      auto row = session.use<Statements>().count();
      row.next();
      return row.integer(0);
    });
  }
};

Error refused() { return {Refusal::conflict, "test.refused", "no"}; }

}  // namespace

TEST_CASE("writer: a command is durable when run returns, a refusal leaves nothing") {
  Desk desk;
  CHECK(*desk.add(1) == 1);
  CHECK(desk.count() == 1);
  auto result = desk.writer->run([](Tx& tx) -> Result<int> {
    tx.use<Statements>().add(2).run();
    return refused();
  });
  CHECK(result.error().code == "test.refused");
  CHECK(desk.count() == 1);
  CHECK(desk.witness.undone == 1);
}

TEST_CASE("writer: what a command throws reaches its caller, and undoes that command alone") {
  Desk desk;
  CHECK(desk.add(1));
  CHECK_THROWS_AS(static_cast<void>(desk.add(1)), SqlBroken);
  CHECK(desk.add(2));
  CHECK(desk.count() == 2);
  CHECK(desk.stopped.empty());
}

TEST_CASE(
    "writer: when a commit fails every waiter hears outcome_unknown, and the writer stops for "
    "good") {
  Desk desk;
  CHECK(desk.add(1));
  desk.witness.fails_before_commit = true;
  auto result = desk.add(2);
  CHECK(result.error().code == "outcome_unknown");
  CHECK(result.error().kind == Refusal::unavailable);
  CHECK(desk.add(3).error().code == "writer.stopped");
  desk.writer.reset();
  CHECK(desk.stopped == "no space left");
  CHECK(desk.witness.commits == 1);
  CHECK(desk.count() == 1);
}

TEST_CASE("writer: a full queue and a late command are refused, nothing of them is done" *
          doctest::test_suite("concurrent")) {
  Desk desk({.queue_max = 1, .deadline = std::chrono::milliseconds(50), .stop_process = {}});
  std::binary_semaphore entered{0}, leave{0};
  std::jthread holder([&] {
    static_cast<void>(desk.writer->run([&](Tx&) -> Result<int> {
      entered.release();
      leave.acquire();
      return 0;
    }));
  });
  entered.acquire();
  std::optional<Result<int>> late;
  std::jthread waiter([&] { late = desk.add(1); });
  while (desk.writer->counters().waiting == 0) std::this_thread::yield();
  CHECK(desk.add(2).error().code == "writer.overloaded");
  std::this_thread::sleep_for(std::chrono::milliseconds(80));
  leave.release();
  waiter.join();
  CHECK(late->error().code == "writer.deadline_exceeded");
  CHECK(desk.count() == 0);
}

TEST_CASE("writer: commands of many threads share batches, and each has its own outcome" *
          doctest::test_suite("concurrent")) {
  Desk desk;
  constexpr int threads = 16, each = 50;
  std::atomic<int> wrong{0};
  {
    std::vector<std::jthread> pool;
    for (int t = 0; t < threads; ++t) {
      pool.emplace_back([&, t] {
        for (int i = 0; i < each; ++i) {
          auto result = desk.add(t * each + i, i % 10 == 0 ? Lane::bulk : Lane::prompt);
          if (!result || *result != t * each + i) wrong += 1;
        }
      });
    }
  }
  CHECK(wrong == 0);
  CHECK(desk.count() == threads * each);
  CHECK(desk.witness.batches < threads * each);
  CHECK(desk.writer->counters().commands == threads * each);
}

TEST_CASE("writer: commands that do not fit into a batch follow in the next ones" *
          doctest::test_suite("concurrent")) {
  Desk desk;
  desk.witness.room = 8;
  std::binary_semaphore entered{0}, leave{0};
  std::jthread holder([&] {
    static_cast<void>(desk.writer->run([&](Tx&) -> Result<int> {
      entered.release();
      leave.acquire();
      return 0;
    }));
  });
  entered.acquire();
  std::atomic<int> done{0};
  std::vector<std::jthread> pool;
  for (int i = 0; i < 20; ++i) pool.emplace_back([&, i] { done += desk.add(i) ? 1 : 0; });
  while (desk.writer->counters().waiting < 20) std::this_thread::yield();
  leave.release();
  pool.clear();
  CHECK(done == 20);
  CHECK(desk.count() == 20);
  CHECK(desk.witness.commits == 4);
  CHECK(desk.writer->counters().commands == 21);
}

TEST_CASE("writer: what is queued is finished before it stops" *
          doctest::test_suite("concurrent")) {
  Desk desk;
  std::vector<std::jthread> pool;
  std::atomic<int> done{0}, turned_away{0};
  for (int i = 0; i < 32; ++i) {
    pool.emplace_back([&, i] { (desk.add(i) ? done : turned_away) += 1; });
  }
  while (done == 0) std::this_thread::yield();
  pool.clear();
  desk.writer.reset();
  CHECK(done + turned_away == 32);
  CHECK(desk.count() == done);
}

TEST_CASE("writer: what the participant withholds is committed, and nobody is told") {
  Desk desk;
  desk.witness.withheld = core::Error{core::Refusal::unavailable, "test.withheld", "not yet"};
  auto withheld = desk.add(1);
  REQUIRE_FALSE(withheld);
  CHECK(withheld.error().code == "test.withheld");
  desk.witness.withheld.reset();
  CHECK(desk.count() == 1);
  CHECK(desk.add(2));
}

TEST_CASE("writer: while the participant is closed no command runs") {
  Desk desk;
  desk.witness.is_closed = core::Error{core::Refusal::unavailable, "test.closed", "later"};
  auto refused = desk.add(1);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == "test.closed");
  desk.witness.is_closed.reset();
  CHECK(desk.count() == 0);
  CHECK(desk.add(1));
}

TEST_CASE("migrate: each file once; one that changed, or one unknown, stops the start") {
  auto connection = sqlite::open_memory();
  EmbeddedFile one{"0001_one.sql", "create table a (x integer) strict;"};
  EmbeddedFile two{"0002_two.sql", "create table b (x integer) strict;"};
  std::vector<EmbeddedFile> files{one};
  migrate(connection, files);
  migrate(connection, files);
  files.push_back(two);
  migrate(connection, files);
  connection.run("insert into b (x) values (1)");
  std::vector<EmbeddedFile> edited{{"0001_one.sql", "create table a (y integer) strict;"}, two};
  CHECK_THROWS_AS(migrate(connection, edited), Broken);
  std::vector<EmbeddedFile> fewer{one};
  CHECK_THROWS_AS(migrate(connection, fewer), Broken);
}

TEST_CASE("migrate: the files of several folders go by their numbers, whoever brought them") {
  auto connection = sqlite::open_memory();
  EmbeddedFile one{"0001_one.sql", "create table a (x integer) strict;"};
  EmbeddedFile two{"0002_two.sql", "create table b (x integer) strict;"};
  EmbeddedFile three{"0003_three.sql", "alter table b add column y integer;"};
  std::vector<EmbeddedFile> before{one, two};
  migrate(connection, before);
  std::vector<EmbeddedFile> after{one, three, two};
  migrate(connection, after);
  connection.run("insert into b (x, y) values (1, 2)");
  migrate(connection, after);
}

TEST_CASE("migrate: a database that has more or less than its migrations give is refused by name") {
  std::vector<EmbeddedFile> files{
      {"0001_one.sql", "create table a (x integer) strict;\ncreate index a_x on a (x);"},
      {"0002_two.sql", "alter table a add column y integer;"}};
  auto words_after = [&](Sql change) -> std::string {
    auto connection = sqlite::open_memory();
    migrate(connection, files);
    connection.run(change);
    try {
      sqlite::check_schema(connection, files);
    } catch (const Broken& broken) {
      return broken.what();
    }
    return "";
  };
  CHECK(words_after("insert into a values (1, 2); analyze") == "");
  CHECK(words_after("create trigger tr after insert on a begin delete from a; end") ==
        "the database has one too many: trigger tr that no migration makes");
  CHECK(words_after("create view v as select 1").find("view v") != std::string::npos);
  CHECK(words_after("create table b (x)").find("table b") != std::string::npos);
  CHECK(words_after("drop index a_x").find("index a_x") != std::string::npos);
  CHECK(words_after("drop index a_x; create unique index a_x on a (x)").find("index a_x") !=
        std::string::npos);
  CHECK(words_after("alter table a rename column y to z").find("table a") != std::string::npos);
}

TEST_CASE("sql: values come back as they went in, and a violated check is broken, not refused") {
  auto connection = sqlite::open_memory();
  connection.run(
      "create table v (i integer, t text, b blob, n integer check (n is null or n > 0)) strict");
  Statement insert(connection, "insert into v (i, t, b, n) values (?1, ?2, ?3, ?4)");
  Statement select(connection, "select i, t, b, n from v");
  insert(std::int64_t{-5}, std::string_view("it's \0 here", 10),
         Blob{std::string_view("\0\xff", 2)}, std::nullopt)
      .run();
  {
    auto row = select();
    REQUIRE(row.next());
    CHECK(row.integer(0) == -5);
    CHECK(row.text(1) == std::string("it's \0 here", 10));
    CHECK(row.view(2) == std::string_view("\0\xff", 2));
    CHECK(!row.optional_integer(3));
    CHECK_THROWS_AS(row.natural(0), Broken);
    CHECK_THROWS_AS(row.hash(2), Broken);
    CHECK(!row.next());
  }
  CHECK_THROWS_AS(insert(1, "", Blob{""}, 0).run(), SqlBroken);
}
