// The log's key exchanged in a data directory: the command, the starts behind it, and what a crash
// between two steps leaves.
#include "api/rotation.h"

#include <filesystem>
#include <sys/stat.h>
#include <unistd.h>

#include <doctest/doctest.h>

#include "api/store.h"
#include "core/file.h"
#include "ledger/checkpoint.h"
#include "space/parties/keys.h"
#include "support/api/site.h"

using namespace tally;
using namespace tally::api;
using test::holds;
using test::run;
using test::signs;
using test::Site;

TEST_CASE("rotation: the log's key is exchanged over two starts, and each audit says what it can") {
  Site site;
  auto before = site.start();
  auto next = site.plan();
  CHECK(site.plan() == next);  // planned once
  struct stat info {};
  REQUIRE(::stat(site.dir.key("log.next.key").c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0600);
  CHECK(site.read(site.dir.log_vkey()) == site.first + "\n" + next + "\n");

  auto early = run({"rotate", "log", site.path(), "--retire"});
  CHECK(early.code == 1);
  CHECK(holds(early.err, "from the next start"));

  auto overlap = site.start();
  CHECK(signs(site.first, overlap.note));
  CHECK(signs(next, overlap.note));
  CHECK(holds(overlap.last_entry, "log.key_added/1"));
  CHECK(site.start().note == overlap.note);
  CHECK(site.audit({site.first}).code == 0);
  CHECK(site.audit({next}).code == 0);
  CHECK(site.audit({"@" + site.dir.log_vkey()}).code == 0);

  REQUIRE(run({"rotate", "log", site.path(), "--retire"}).code == 0);
  CHECK(run({"rotate", "log", site.path()}).code == 1);  // one exchange at a time
  auto after = site.start();
  CHECK_FALSE(signs(site.first, after.note));
  CHECK(signs(next, after.note));
  CHECK(holds(after.last_entry, "log.key_retired/1"));
  for (const char* name : {"log.next.key", "log.retiring", "log.retired.key"})
    CHECK_FALSE(site.is_there(name));
  CHECK(site.read(site.dir.log_vkey()) == next + "\n");
  CHECK(ledger::format_vkey(read_keys(site.dir)->log.verifier()) == next);

  auto old_key = site.audit({site.first});
  CHECK(old_key.code == 1);
  CHECK(holds(old_key.out, "checkpoint.key_retired"));
  CHECK(holds(old_key.out, "was retired at entry"));
  CHECK(site.audit({next}).code == 0);
  CHECK(site.audit({site.first, next}).code == 0);

  // What was handed out before verifies with the old key, what is made now with the new one.
  auto file = site.folder.file("receipt");
  auto verify = [&](const std::string& bytes, std::vector<std::string> keys) {
    REQUIRE(core::write_file(file, bytes));
    std::vector<std::string> words{"verify", file};
    for (auto& key : keys) words.insert(words.end(), {"--key", key});
    return run(words).code;
  };
  CHECK(verify(before.receipt, {site.first}) == 0);
  CHECK(verify(before.receipt, {next}) == 1);
  CHECK(verify(before.receipt, {next, site.first}) == 0);
  CHECK(verify(after.receipt, {next}) == 0);
  CHECK(site.start().receipt == after.receipt);
}

TEST_CASE("rotation: a crash between two steps is made good by the next start") {
  enum class After { entry, link, rename };
  for (After step : {After::entry, After::link, After::rename}) {
    CAPTURE(static_cast<int>(step));
    Site site;
    auto next = site.plan();
    site.start();
    REQUIRE(run({"rotate", "log", site.path(), "--retire"}).code == 0);
    {
      auto keys = read_keys(site.dir);
      Store store(site.dir, *keys, {});
      auto done = store.writer().run([&](core::sql::Tx& tx) -> core::Result<core::Done> {
        store.ledger().retire_first_key(tx);
        return core::Done{};
      });
      REQUIRE(done);
    }
    auto key = site.dir.key("log.key");
    if (step != After::entry)
      REQUIRE(::link(key.c_str(), site.dir.key("log.retired.key").c_str()) == 0);
    if (step == After::rename) std::filesystem::rename(site.dir.key("log.next.key"), key);
    auto started = site.start();
    CHECK(signs(next, started.note));
    CHECK_FALSE(signs(site.first, started.note));
    for (const char* name : {"log.next.key", "log.retiring", "log.retired.key"})
      CHECK_FALSE(site.is_there(name));
    CHECK(site.read(site.dir.log_vkey()) == next + "\n");
    CHECK(site.audit({next}).code == 0);
    CHECK(site.start().note == started.note);
  }
}

TEST_CASE(
    "rotation: the operator's key is exchanged over two starts, in which one of both signs "
    "grants") {
  Site site;
  auto first = site.start().signs_grants;
  auto rotate = [&](std::vector<std::string> more) {
    std::vector<std::string> words{"rotate", "operator", site.path(), "--json"};
    words.insert(words.end(), more.begin(), more.end());
    return run(words);
  };
  CHECK(rotate({"--retire"}).code == 1);
  auto planned = rotate({});
  REQUIRE(planned.code == 0);
  auto next = planned.json().find("next_key")->as_string();
  CHECK(planned.json().find("key")->as_string() == core::to_hex(first));
  CHECK(rotate({}).out == planned.out);
  struct stat info {};
  REQUIRE(::stat(site.dir.key("operator.next.key").c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0600);
  CHECK(rotate({"--retire"}).code == 1);  // no start yet

  auto overlap = site.start();
  CHECK(overlap.signs_grants == first);
  CHECK(holds(overlap.last_entry, "party.key_added/1"));
  CHECK(site.start().note == overlap.note);

  REQUIRE(rotate({"--retire"}).code == 0);
  CHECK(rotate({}).code == 1);
  auto after = site.start();
  CHECK(core::to_hex(after.signs_grants) == next);
  CHECK(holds(after.last_entry, "party.key_retired/1"));
  for (const char* name : {"operator.next.key", "operator.retiring", "operator.retired.key"})
    CHECK_FALSE(site.is_there(name));
  CHECK(core::to_hex(read_keys(site.dir)->operator_key.public_key()) == next);
  auto again = site.start();
  CHECK(again.signs_grants == after.signs_grants);
  CHECK(again.note == after.note);
  CHECK(site.audit({site.first}).code == 0);
}

TEST_CASE(
    "rotation: an operator's key that the ledger does not know, or that was retired, ends the "
    "start") {
  Site site;
  auto old = site.read(site.dir.key("operator.key"));
  auto foreign = core::SigningKey::generate();
  auto put = [&](const std::string& text) {
    REQUIRE(core::write_file(site.dir.key("operator.key"), text, core::FileMode::secret));
  };
  put(core::to_hex(foreign.seed()) + "\n");
  CHECK_THROWS_AS(site.start(), core::Broken);
  put(old);
  REQUIRE(run({"rotate", "operator", site.path()}).code == 0);
  site.start();
  REQUIRE(run({"rotate", "operator", site.path(), "--retire"}).code == 0);
  site.start();
  put(old);
  CHECK_THROWS_AS(site.start(), core::Broken);
}

TEST_CASE(
    "rotation: a crash while the operator's key is exchanged is made good by the next start") {
  for (bool is_renamed : {false, true}) {
    CAPTURE(is_renamed);
    Site site;
    REQUIRE(run({"rotate", "operator", site.path()}).code == 0);
    site.start();
    REQUIRE(run({"rotate", "operator", site.path(), "--retire"}).code == 0);
    auto keys = read_keys(site.dir);
    {
      Store store(site.dir, *keys, {});
      space::Keys parties_keys(store.journal());
      auto old = space::KeyId::of(keys->operator_key.public_key());
      REQUIRE(parties_keys.retire_operators(old, *keys->next_operator));
    }
    auto key = site.dir.key("operator.key");
    REQUIRE(::link(key.c_str(), site.dir.key("operator.retired.key").c_str()) == 0);
    if (is_renamed) std::filesystem::rename(site.dir.key("operator.next.key"), key);
    CHECK(site.start().signs_grants == keys->next_operator->public_key());
    for (const char* name : {"operator.next.key", "operator.retiring", "operator.retired.key"})
      CHECK_FALSE(site.is_there(name));
    CHECK(site.audit({site.first}).code == 0);
  }
}

TEST_CASE(
    "rotation: keys of another time than the database's end the start before anything is "
    "appended") {
  Site site;
  site.start();
  auto copy = [&](const char* from, const char* to) {
    std::filesystem::copy_file(site.dir.key(from), site.dir.key(to),
                               std::filesystem::copy_options::overwrite_existing);
  };
  copy("log.key", "log.next.key");  // a torn copy
  CHECK_FALSE(read_keys(site.dir));
  std::filesystem::remove(site.dir.key("log.next.key"));
  copy("operator.key", "operator.next.key");
  CHECK_FALSE(read_keys(site.dir));
  std::filesystem::remove(site.dir.key("operator.next.key"));

  copy("log.key", "kept");
  auto next = site.plan();
  auto overlap = site.start();
  std::filesystem::rename(site.dir.key("log.next.key"), site.dir.key("lost"));
  CHECK_THROWS_AS(site.start(), core::Broken);  // a key in force is not there
  std::filesystem::rename(site.dir.key("lost"), site.dir.key("log.next.key"));
  CHECK(site.start().note == overlap.note);

  REQUIRE(run({"rotate", "log", site.path(), "--retire"}).code == 0);
  auto after = site.start();
  copy("kept", "log.next.key");  // a key that was retired does not come back
  CHECK_THROWS_AS(site.start(), core::Broken);
  std::filesystem::remove(site.dir.key("log.next.key"));
  CHECK(site.start().note == after.note);
  CHECK(site.audit({next}).code == 0);
}

TEST_CASE("rotation: a key in force that is lost is retired when that is asked for") {
  Site site;
  auto next = site.plan();
  site.start();
  std::filesystem::remove(site.dir.key("log.next.key"));
  auto started = site.start(true);
  CHECK(holds(started.last_entry, "log.key_retired/1"));
  CHECK(holds(started.last_entry, next));
  CHECK(site.read(site.dir.log_vkey()) == site.first + "\n");
  CHECK(site.start().note == started.note);
  CHECK(site.audit({site.first}).code == 0);
}

TEST_CASE("rotation: no key is retired in the start that adds the one behind it") {
  Site site;
  auto next = site.plan();
  REQUIRE(core::write_file(site.dir.key("log.retiring"), "", core::FileMode::secret));
  REQUIRE(run({"rotate", "operator", site.path()}).code == 0);
  REQUIRE(core::write_file(site.dir.key("operator.retiring"), "", core::FileMode::secret));
  auto first = site.start();
  CHECK(signs(site.first, first.note));
  CHECK(signs(next, first.note));
  CHECK(holds(first.last_entry, "party.key_added/1"));
  auto second = site.start();
  CHECK_FALSE(signs(site.first, second.note));
  CHECK(second.signs_grants != first.signs_grants);
  CHECK(site.audit({next}).code == 0);
}

TEST_CASE(
    "rotation: a name that is left over from a crash does not lead to the key in use being "
    "overwritten") {
  Site site;
  site.plan();
  site.start();
  auto key = site.dir.key("log.key");
  auto text = site.read(key);
  REQUIRE(::link(key.c_str(), site.dir.key("log.retired.key").c_str()) == 0);
  site.start();
  CHECK(site.read(key) == text);
  CHECK_FALSE(site.is_there("log.retired.key"));
}

TEST_CASE("rotation: whoever has the old key alone is not believed by those who have both") {
  Site site;
  auto next = site.plan();
  auto old_copy = run({"audit", site.path(), "--key", site.first, "--key", next});
  CHECK(old_copy.code == 3);  // no entry names the second one
  CHECK(holds(old_copy.out, "ledger.key_not_named"));
  site.start();
  CHECK(site.audit({site.first, next}).code == 0);
  std::filesystem::remove(site.dir.key("log.next.key"));
  {
    auto keys = read_keys(site.dir);
    Store store(site.dir, *keys, {});
    auto forged = store.writer().run([&](core::sql::Tx& tx) -> core::Result<core::Done> {
      store.ledger().append(tx, "clock.acknowledged/1", "system",
                            R"({"salt":"00000000000000000000000000000000"})");
      return core::Done{};
    });
    REQUIRE(forged);
  }
  auto audited = site.audit({site.first, next});
  CHECK(audited.code == 1);
  CHECK(holds(audited.out, "checkpoint.key_did_not_sign"));
}

TEST_CASE(
    "rotation: the new key retired by whoever has the old one alone is a doubt, and says whom to "
    "ask") {
  Site site;
  auto next = site.plan();
  auto planned = site.audit({"@" + site.dir.log_vkey()});
  CHECK(planned.code == 3);
  CHECK(holds(planned.out, "has not been started since"));
  site.start();
  Site thiefs;  // who copied the directory in the overlap, and has the old key
  std::filesystem::remove_all(thiefs.path());
  std::filesystem::copy(site.path(), thiefs.path(), std::filesystem::copy_options::recursive);
  std::filesystem::remove(thiefs.dir.key("log.next.key"));
  auto forged = thiefs.start(true);
  CHECK(signs(site.first, forged.note));
  CHECK(holds(forged.last_entry, "log.key_retired/1"));
  REQUIRE(run({"rotate", "log", site.path(), "--retire"}).code == 0);
  site.start();

  for (bool is_structural : {false, true}) {
    CAPTURE(is_structural);
    auto audit = [&](const Site& of, std::vector<std::string> keys) {
      std::vector<std::string> words{"audit", of.path()};
      for (auto& key : keys) words.insert(words.end(), {"--key", key});
      if (is_structural) words.emplace_back("--structural");
      return run(words);
    };
    auto doubted = audit(thiefs, {site.first, next});
    CHECK(doubted.code == 3);
    CHECK(holds(doubted.out, "NOT CHECKABLE at checkpoint.note: The key " + next));
    CHECK(holds(doubted.out, "checkpoint.newer_key_retired"));
    CHECK(holds(doubted.out, "Ask the log's operator"));
    CHECK(audit(thiefs, {next}).code == 1);
    CHECK(audit(thiefs, {site.first}).code == 0);
    CHECK(audit(site, {site.first, next}).code == 0);
    CHECK(audit(site, {next}).code == 0);
    CHECK(audit(site, {site.first}).code == 1);
  }
  auto json = thiefs.audit({site.first, next}).json();
  CHECK(json.find("audit")->as_string() == "partly_checked");
  CHECK(json.find("findings")->as_array().at(0).find("verdict")->as_string() == "not_checkable");
  auto file = site.folder.file("backup");
  auto kept =
      run({"backup", thiefs.path(), file, "--structural", "--key", site.first, "--key", next});
  CHECK(kept.code == 0);
  CHECK(holds(kept.out, "could not check 1"));
}

TEST_CASE("rotation: there is nothing to retire before there is another key") {
  Site site;
  auto refused = run({"rotate", "log", site.path(), "--retire"});
  CHECK(refused.code == 1);
  CHECK(holds(refused.err, "tallystick rotate log " + site.path()));
  CHECK(run({"rotate", "log", site.folder.file("nowhere")}).code == 2);
  CHECK(run({"rotate"}).code == 2);
}
