// What is kept of a ledger (backup, replica) and its conduct: a real space, by the command line.
#include <filesystem>

#include <doctest/doctest.h>

#include "api/cheats/forged_ledger.h"
#include "api/cheats/honest.h"
#include "support/api/command_line.h"

using namespace tally;
using test::honest;
using test::run;

namespace {

namespace fs = std::filesystem;

std::string vkey() {
  return ledger::format_vkey(
      ledger::NoteSigner(test::TempSpace::origin, honest().space.log_key).verifier());
}

// The honest space in the hands of its operator, and a place for what is kept of it.
struct Desk : test::ForgedLedger {
  test::TempDir dir;
  std::string file = dir.file("backup");

  Desk()
      : ForgedLedger(honest().space.database(),
                     ledger::NoteSigner(test::TempSpace::origin, honest().space.log_key)) {}
  test::Run backup(std::vector<std::string> more = {}) {
    more.insert(more.begin(), {"backup", database(), file, "--key", vkey()});
    return test::run(more);
  }
  test::Run restore(std::vector<std::string> more = {}) {
    more.insert(more.begin(),
                {"restore", file, dir.file("space"), "--key", vkey(), "--none-is-later"});
    return test::run(more);
  }
};

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("cli backup: tables that do not follow from the ledger are not taken for a backup") {
  Desk desk;
  desk.run("update meter set used = 0 where contract = '" + honest().running.text() + "'");
  auto refused = desk.backup();
  CHECK(refused.code == 1);
  CHECK_MESSAGE(holds(refused.err, "(backup.conduct_failed)"), refused.err);
  CHECK(holds(refused.err, "projection.differs at row meter " + honest().running.text()));
  CHECK(fs::is_empty(desk.dir.path()));
  auto kept = desk.backup({"--structural"});
  REQUIRE_MESSAGE(kept.code == 0, kept.err);
  CHECK(holds(kept.out, "the structural audit alone"));
  auto not_put = desk.restore();
  CHECK(not_put.code == 1);
  CHECK(holds(not_put.err, "(backup.conduct_failed)"));
  CHECK_FALSE(fs::exists(desk.dir.file("space") + "/tallystick.db"));
  CHECK(desk.restore({"--structural"}).code == 0);
}

TEST_CASE(
    "cli backup: an honest space passes both audits, when it is kept and when it comes back") {
  Desk desk;
  auto kept = desk.backup();
  REQUIRE_MESSAGE(kept.code == 0, kept.err);
  CHECK(holds(kept.out, "It is durable and has passed the audit."));
  REQUIRE(desk.restore().code == 0);
  CHECK(run({"audit", desk.dir.file("space"), "--key", vkey()}).code == 0);
}

TEST_CASE("cli replica: it holds the documents too, so that its conduct can be audited") {
  Desk desk;
  auto copied = run({"replica", desk.database(), desk.dir.file("copy"), "--key", vkey(), "--once"});
  REQUIRE_MESSAGE(copied.code == 0, copied.err);
  auto audit = run({"audit", desk.dir.file("copy"), "--key", vkey()});
  CHECK_MESSAGE(audit.code == 0, audit.out);
  CHECK(holds(audit.out, honest().running.text() + "  passed"));
}
