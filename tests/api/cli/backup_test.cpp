#include <filesystem>

#include <doctest/doctest.h>

#include "core/file.h"
#include "ledger/checkpoint.h"
#include "ledger/sample_ledger.h"
#include "support/api/command_line.h"

using namespace tally;
using test::run;
using test::SampleLedger;

namespace {

namespace fs = std::filesystem;
const std::string vkey = ledger::format_vkey(test::sample_signer().verifier());

// A ledger whose writer runs, and a place for its backups. Its entries mean nothing, so that of them
// only the structure can be audited.
struct Desk {
  SampleLedger sample;
  test::TempDir dir;
  std::string file = dir.file("backup");
  std::string space = dir.file("space");

  Desk() {
    sample.append(1, 300);
    // A command that changes nothing, so that the signed checkpoint is stored.
    static_cast<void>(sample.writer().run([](core::sql::Tx&) -> core::Result<core::Done> {
      return core::Error{core::Refusal::conflict, "test.nothing", "nothing"};
    }));
  }

  test::Run backup() {
    return run({"backup", sample.path(), file, "--key", vkey, "--structural", "--json"});
  }
  test::Run restore(const std::string& newest = {}) {
    std::vector<std::string> words{"restore", file, space, "--key", vkey, "--structural", "--json"};
    if (newest.empty()) {
      words.push_back("--none-is-later");
    } else {
      REQUIRE(core::write_file(dir.file("newest"), newest));
      words.insert(words.end(), {"--newest", dir.file("newest")});
    }
    return run(words);
  }
  // Restoring must fail with this code, and leave no database.
  void check_refused(const test::Run& refused, const std::string& code) {
    CHECK(refused.code == 1);
    CHECK_MESSAGE(refused.err.find("(" + code + ")") != std::string::npos, refused.err);
    CHECK_FALSE(fs::exists(space));
  }
  std::string signed_head() { return *sample.ledger().signed_head().note; }
};

}  // namespace

TEST_CASE("cli backup: made beside a writer, it holds one moment, and is restored as it was") {
  Desk desk;
  auto made = desk.backup();
  REQUIRE_MESSAGE(made.code == 0, made.err);
  CHECK(made.json().find("size")->as_integer() == 300);
  CHECK(made.json().find("checkpoint")->as_string() == desk.signed_head());
  auto mode = fs::status(desk.file).permissions();
  CHECK((mode & (fs::perms::group_all | fs::perms::others_all)) == fs::perms::none);
  std::string newest = desk.signed_head();
  desk.sample.append(300, 320);  // the writer goes on
  auto restored = desk.restore(newest);
  REQUIRE_MESSAGE(restored.code == 0, restored.err);
  CHECK(restored.json() == made.json());
  auto audit =
      run({"audit", "--structural", desk.space, "--key", "@" + desk.space + "/log.vkey", "--json"});
  CHECK(audit.json().find("audit")->as_string() == "passed");
  CHECK(audit.json().find("entries")->as_integer() == 300);
}

TEST_CASE("cli backup: it replaces nothing, and what fails the audit does not appear") {
  Desk desk;
  auto other = ledger::NoteSigner("other.example/log", core::SigningKey::generate());
  auto refused = run(
      {"backup", desk.sample.path(), desk.file, "--key", ledger::format_vkey(other.verifier())});
  CHECK(refused.code == 1);
  CHECK(refused.err.find("(backup.audit_failed)") != std::string::npos);
  CHECK(fs::is_empty(desk.dir.path()));
  REQUIRE(core::write_file(desk.file + ".new", "somebody's"));
  REQUIRE(desk.backup().code == 0);
  CHECK(*core::read_file(desk.file + ".new") == "somebody's");
  CHECK(desk.backup().err.find("(backup.exists)") != std::string::npos);
  CHECK(run({"backup", desk.dir.file("no.db"), desk.file + "2", "--key", vkey}).code == 2);
  CHECK(run({"backup", desk.sample.path(), desk.file + "2"}).code == 2);  // no key
}

TEST_CASE("cli restore: a log that has signed more, or another history, is not continued") {
  Desk desk;
  REQUIRE(desk.backup().code == 0);
  desk.sample.append(300, 301);
  desk.check_refused(desk.restore(desk.signed_head()), "restore.behind");
  auto fork = ledger::sign_checkpoint(
      {.origin = test::sample_origin, .head = {200, core::sha256("another history")}},
      test::sample_signer());
  desk.check_refused(desk.restore(fork), "restore.forked");
  desk.check_refused(desk.restore("no checkpoint\n"), "note.malformed");
  CHECK(run({"restore", desk.file, desk.space, "--key", vkey}).code ==
        2);  // nothing said of later ones
}

TEST_CASE("cli restore: a backup that is not what its manifest says stays outside") {
  Desk desk;
  REQUIRE(desk.backup().code == 0);
  std::string bytes = *core::read_file(desk.file);
  std::string manifest = *core::read_file(desk.file + ".manifest.json");
  std::string changed = bytes;
  changed[bytes.size() / 2] = static_cast<char>(changed[bytes.size() / 2] ^ 1);
  REQUIRE(core::write_file(desk.file, changed));
  desk.check_refused(desk.restore(), "restore.digest_mismatch");
  REQUIRE(core::write_file(desk.file, bytes));
  REQUIRE(core::write_file(desk.file + ".manifest.json", "{}"));
  desk.check_refused(desk.restore(), "restore.manifest_malformed");
  fs::remove(desk.file + ".manifest.json");
  desk.check_refused(desk.restore(), "restore.no_manifest");
  // A manifest that fits a file in which an entry was changed: the audit is asked, not the manifest.
  auto at = bytes.find("\"value\":7}");
  REQUIRE(at != std::string::npos);
  bytes[at + 8] = '8';
  REQUIRE(core::write_file(desk.file, bytes));
  auto json = *core::parse_json(manifest);
  auto digest = json.find("digest")->as_string();
  manifest.replace(manifest.find(digest), 64, core::to_hex(core::sha256(bytes)));
  REQUIRE(core::write_file(desk.file + ".manifest.json", manifest));
  desk.check_refused(desk.restore(), "backup.audit_failed");
}

TEST_CASE("cli restore: what a refused one made is gone again, and nothing else") {
  Desk desk;
  REQUIRE(desk.backup().code == 0);
  desk.sample.append(300, 301);
  desk.space = desk.dir.file("new/space/");
  auto newest = desk.signed_head();
  desk.check_refused(desk.restore(newest), "restore.behind");
  CHECK_FALSE(fs::exists(desk.dir.file("new")));
  fs::create_directories(desk.dir.file("new"));
  desk.check_refused(desk.restore(newest), "restore.behind");
  CHECK(fs::exists(desk.dir.file("new")));
  fs::create_directories(desk.space + "keys");
  CHECK(desk.restore(newest).code == 1);
  CHECK(fs::exists(desk.space + "keys"));
  REQUIRE(desk.restore().code == 0);
  for (const auto& entry : fs::directory_iterator(desk.space)) {
    std::string name = entry.path().filename();
    CAPTURE(name);
    bool is_due = name == "keys" || name == "log.vkey" || name == "tallystick.db" ||
                  name == "tallystick.db.lock";
    CHECK(is_due);
  }
}

TEST_CASE("cli restore: a directory with a database is left alone") {
  Desk desk;
  REQUIRE(desk.backup().code == 0);
  REQUIRE(desk.restore().code == 0);
  auto before = *core::read_file(desk.space + "/tallystick.db");
  auto again = desk.restore();
  CHECK(again.code == 1);
  CHECK(again.err.find("(restore.occupied)") != std::string::npos);
  CHECK(*core::read_file(desk.space + "/tallystick.db") == before);
}

TEST_CASE("cli restore: what it does not hold, and a server needs, is listed") {
  Desk desk;
  REQUIRE(desk.backup().code == 0);
  auto restored =
      run({"restore", desk.file, desk.space, "--key", vkey, "--structural", "--none-is-later"});
  REQUIRE(restored.code == 0);
  for (const char* name : {"tallystick.toml", "keys/log.key", "keys/subjects.db"})
    CHECK(restored.out.find(std::string(name) + "\n") != std::string::npos);
}

TEST_CASE("cli backup: a space that is not there exits 2") {
  test::TempDir dir;
  auto done = run({"backup", dir.file("none"), dir.file("backup")});
  CHECK(done.code == 2);
  CHECK(done.err.find("(backup.no_database)") != std::string::npos);
}
