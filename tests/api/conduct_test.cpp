// `tallystick audit` with its conduct half: verdicts, exit codes, and what it reads.
#include "api/conduct.h"

#include <filesystem>
#include <set>

#include <doctest/doctest.h>

#include "api/cheats/forged_ledger.h"
#include "api/cheats/honest.h"
#include "core/file.h"
#include "support/api/command_line.h"

using namespace tally;
using test::honest;
using test::run;

namespace {

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::string vkey() {
  return ledger::format_vkey(
      ledger::NoteSigner(test::TempSpace::origin, honest().space.log_key).verifier());
}

// A copy of the honest space, for the command line.
struct Copy : test::ForgedLedger {
  Copy()
      : ForgedLedger(honest().space.database(),
                     ledger::NoteSigner(test::TempSpace::origin, honest().space.log_key)) {}
  test::Run audit(std::vector<std::string> options = {}) const {
    options.insert(options.begin(), {"audit", database(), "--key", vkey()});
    return test::run(options);
  }
};

}  // namespace

TEST_CASE("conduct: every kind of entry that has a page has a replayer") {
  std::set<std::string> pages;
  for (const auto& file :
       std::filesystem::directory_iterator(TALLY_SOURCE_DIR "/schemas/entries")) {
    auto page = core::read_file(file.path().string());
    REQUIRE(page);
    pages.insert(page->substr(3, page->find('`', 3) - 3));
  }
  auto kinds = api::all_replayers().kinds();
  CHECK(std::set<std::string>(kinds.begin(), kinds.end()) == pages);
}

TEST_CASE("cli audit: what is right in form and conduct exits 0, and says what rests on a word") {
  Copy copy;
  auto words = copy.audit();
  CHECK(words.code == 0);
  CHECK(holds(words.out, "tables      15 of 15 compared with the replay"));
  CHECK(holds(words.out, honest().running.text() + "  passed  exhausted, 6 entries, 3 of 3 uses"));
  CHECK(holds(words.out, honest().ended.text() + "  passed  terminated"));
  CHECK(holds(words.out, "asserted    5 uses rest on a bearer token alone"));
  CHECK(holds(words.out, "All is right."));
  auto json = copy.audit({"--json"}).json();
  CHECK(json.find("audit")->as_string() == "passed");
  const auto& conduct = *json.find("conduct");
  CHECK(conduct.find("verdict")->as_string() == "passed");
  CHECK(conduct.find("contracts")->as_array().size() == 5);
  CHECK(conduct.find("contracts")->as_array()[1].find("asserted_by_operator")->as_integer() == 3);
  CHECK(copy.audit({"--quiet"}).out == "");
}

TEST_CASE("cli audit: a finding exits 1 and stands with its contract") {
  Copy copy;
  copy.run("update meter set used = 0 where contract = '" + honest().running.text() + "'");
  auto words = copy.audit();
  CHECK(words.code == 1);
  CHECK(holds(words.out, honest().running.text() + "  failed"));
  CHECK(holds(words.out, "WRONG at row meter " + honest().running.text() + " 0: "));
  CHECK(holds(words.out, "differs in column used"));
  CHECK(holds(words.out, "  expected    3\n  found       0\n"));
  auto json = copy.audit({"--json"}).json();
  CHECK(json.find("audit")->as_string() == "failed");
  const auto& finding = json.find("findings")->as_array()[0];
  CHECK(finding.find("code")->as_string() == "projection.differs");
  CHECK(finding.find("layer")->as_string() == "conduct");
  CHECK(finding.find("contract")->as_string() == honest().running.text());
  CHECK(copy.audit({"--structural"}).code == 0);
}

TEST_CASE(
    "cli audit: a document that is not there leaves its contract partly checked, and exits 3") {
  Copy copy;
  copy.run(
      "pragma foreign_keys = off; delete from document where digest = (select document from "
      "contract where id = '" +
      honest().running.text() + "')");
  auto words = copy.audit();
  CHECK(words.code == 3);
  CHECK(holds(words.out, honest().running.text() + "  partly_checked"));
  CHECK(holds(words.out, "(document.missing)"));
  CHECK(holds(words.out, "Nothing wrong was found, but not all could be checked."));
  auto json = copy.audit({"--json"}).json();
  CHECK(json.find("audit")->as_string() == "partly_checked");
  CHECK(json.find("conduct")->find("not_checkable")->as_integer() == 1);
}

TEST_CASE("cli audit: counts are judged even where the document is gone") {
  Copy copy;
  copy.run("delete from document where digest = (select document from contract where id = '" +
           honest().running.text() + "')");
  auto& use = copy.entries.back();
  REQUIRE(use.kind == "use.recorded/1");
  use.body = test::with(use.body, "count_before", 1);
  use.body = test::with(use.body, "count_after", 2);
  copy.write();
  auto words = copy.audit();
  CHECK(words.code == 1);
  CHECK(holds(words.out, "(use.count_broken)"));
}

TEST_CASE("cli audit: an entry of an unknown kind is not passed, and its contract goes on") {
  Copy copy;
  auto entry = copy.entries.back();
  entry.kind = "use.settled/1";
  copy.entries.push_back(entry);
  copy.write();
  auto words = copy.audit();
  CHECK(holds(words.out, "(entry.unknown_kind)"));
  CHECK(holds(words.out, "(contract.unknown_entry)"));
  CHECK(holds(words.out, "found       use.settled/1"));
  CHECK_FALSE(holds(words.out, "(contract.chain_broken)"));
}

TEST_CASE("cli audit: an export is judged by its entries and documents; without these, in part") {
  Copy copy;
  test::TempDir dir;
  std::string out = dir.file("out");
  auto exported =
      run({"ledger", "export", out, "--from", copy.database(), "--entries", "--key", vkey()});
  REQUIRE(exported.code == 0);
  auto whole = run({"audit", out, "--key", vkey(), "--json"});
  CHECK(whole.code == 0);
  CHECK(whole.json().find("conduct")->find("contracts")->as_array().size() == 5);
  // Again from the export, without a database.
  std::string again = dir.file("again");
  REQUIRE(run({"ledger", "export", again, "--from", out, "--entries", "--key", vkey()}).code == 0);
  CHECK(run({"audit", again, "--key", vkey()}).code == 0);

  std::string document = std::filesystem::directory_iterator(out + "/documents")->path();
  REQUIRE(core::write_file(document, "{}"));
  auto altered = run({"audit", out, "--key", vkey()});
  CHECK(altered.code == 1);
  CHECK(holds(altered.out, "(document.altered)"));
  std::filesystem::remove_all(out + "/documents");
  auto partly = run({"audit", out, "--key", vkey()});
  CHECK(partly.code == 3);
  CHECK(holds(partly.out, "(document.missing)"));
}
