// Keys that are in force and not there, or retired and there again.
#include <filesystem>

#include <doctest/doctest.h>

#include "core/file.h"
#include "core/sql/session.h"
#include "core/sql/sqlite/sqlite.h"
#include "ledger/note.h"
#include "support/api/site.h"

using namespace tally;
using namespace tally::api;
using test::holds;
using test::run;
using test::Site;

TEST_CASE("rotation: a start that ends for want of a key has written nothing and shown nothing") {
  Site site;
  auto next = site.plan();
  site.serve();
  // As a crash leaves it: the checkpoint with both signatures is not stored.
  {
    auto connection = core::sql::sqlite::open_writer(site.dir.database());
    connection.run("delete from ledger_checkpoint");
  }
  std::filesystem::rename(site.dir.key("log.next.key"), site.dir.key("lost"));
  auto replica = site.folder.file("replica");
  auto database = site.read(site.dir.database());
  CHECK_THROWS_AS(site.serve(false, replica), core::Broken);
  CHECK(site.read(site.dir.database()) == database);
  CHECK_FALSE(std::filesystem::exists(replica + "/replica.db"));
  std::filesystem::rename(site.dir.key("lost"), site.dir.key("log.next.key"));
  site.serve(false, replica);
  CHECK(site.audit({site.first, next}).code == 0);
  CHECK(run({"audit", replica, "--key", site.first, "--key", next}).code != 1);
}

TEST_CASE("rotation: a checkpoint that lacks a signature in force is stored again with all") {
  Site site;
  auto next = site.plan();
  auto overlap = site.start();
  auto note = *ledger::parse_note(overlap.note);
  note.signatures.pop_back();
  {
    auto connection = core::sql::sqlite::open_writer(site.dir.database());
    core::sql::Statement store(connection, "update ledger_checkpoint set note = ?1");
    store(ledger::format_note(note)).run();
  }
  CHECK(site.audit({site.first, next}).code == 1);
  site.serve();
  CHECK(site.audit({site.first, next}).code == 0);
}

TEST_CASE("rotation: a log's key that was retired gives up its place at the next start") {
  Site site;
  site.plan();
  site.start();
  auto copy = [&](const char* name, const char* other) {
    std::filesystem::copy_file(site.dir.key(name), site.dir.key(other));
  };
  copy("log.key", "kept");
  copy("log.next.key", "kept.next");
  REQUIRE(run({"rotate", "log", site.path(), "--retire"}).code == 0);
  auto after = site.start();
  // The keys of the overlap come back.
  std::filesystem::rename(site.dir.key("kept.next"), site.dir.key("log.next.key"));
  std::filesystem::rename(site.dir.key("kept"), site.dir.key("log.key"));
  CHECK(run({"rotate", "log", site.path()}).code == 1);
  CHECK(site.start().note == after.note);
  CHECK_FALSE(site.is_there("log.next.key"));
  CHECK(ledger::format_vkey(read_keys(site.dir)->log.verifier()) ==
        site.read(site.dir.log_vkey()).substr(0, site.read(site.dir.log_vkey()).find('\n')));
}

TEST_CASE("rotation: of two keys in force the older one may be lost too") {
  Site site;
  auto next = site.plan();
  site.start();
  std::filesystem::remove(site.dir.key("log.key"));
  auto keys = read_keys(site.dir);
  REQUIRE_FALSE(keys);
  CHECK(holds(keys.error().message, "--retire-missing-keys"));
  std::filesystem::rename(site.dir.key("log.next.key"), site.dir.key("log.key"));
  CHECK_THROWS_AS(site.serve(), core::Broken);
  auto started = site.start(true);
  CHECK(holds(started.last_entry, site.first));
  CHECK(site.audit({next}).code == 0);
}

TEST_CASE("rotation: an operator's key in force that is lost is retired when that is asked for") {
  for (bool is_older : {false, true}) {
    CAPTURE(is_older);
    Site site;
    REQUIRE(run({"rotate", "operator", site.path()}).code == 0);
    site.start();
    auto next = site.dir.key("operator.next.key");
    if (is_older) {
      std::filesystem::rename(next, site.dir.key("operator.key"));
    } else {
      std::filesystem::remove(next);
    }
    CHECK_THROWS_AS(site.serve(), core::Broken);
    auto started = site.start(true);
    CHECK(holds(started.last_entry, "party.key_retired/1"));
    CHECK(site.start().note == started.note);
    CHECK(site.audit({site.first}).code == 0);
  }
}

TEST_CASE("rotation: an operator's key that was retired gives up its place at the next start") {
  Site site;
  REQUIRE(run({"rotate", "operator", site.path()}).code == 0);
  site.start();
  for (const char* name : {"operator.key", "operator.next.key"})
    std::filesystem::copy_file(site.dir.key(name), site.dir.key(std::string("kept.") + name));
  REQUIRE(run({"rotate", "operator", site.path(), "--retire"}).code == 0);
  auto after = site.start();
  for (const char* name : {"operator.key", "operator.next.key"})
    std::filesystem::rename(site.dir.key(std::string("kept.") + name), site.dir.key(name));
  auto again = site.start();
  CHECK(again.signs_grants == after.signs_grants);
  CHECK(again.note == after.note);
  CHECK_FALSE(site.is_there("operator.next.key"));
}
