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
  // The document of the contract that has ended, by its provider, with the entry that says so.
  void erase_document() {
    auto& before = entries.back();
    auto erasure = before;
    erasure.kind = "contract.document_erased/1";
    erasure.by = honest().provider.principal.actor.text();
    std::string digest;
    for (const auto& entry : entries) {
      const auto* contract = entry.body.find("contract");
      if (entry.kind == "contract.offered/1" && contract->as_string() == honest().ended.text())
        digest = entry.body.find("document")->as_string();
    }
    erasure.body = core::Json::object({{"contract", honest().ended.text()},
                                       {"contract_prev", std::string(64, '0')},
                                       {"contract_seq", 0},
                                       {"document", digest},
                                       {"salt", std::string(32, '0')}});
    entries.push_back(erasure);
    write();
    follow_with_tables();
    run("update document set bytes = '' where digest = x'" + digest + "'");
  }
};

std::string document_of(const space::ContractId& contract) {
  return "select document from contract where id = '" + contract.text() + "'";
}

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
  CHECK(holds(words.out, "tables      17 of 17 compared with the replay"));
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

TEST_CASE("cli audit: a document that is gone without an entry is a finding, and exits 1") {
  Copy copy;
  copy.run("delete from document where digest = (" + document_of(honest().running) + ")");
  auto words = copy.audit();
  CHECK(words.code == 1);
  CHECK(holds(words.out, honest().running.text() + "  failed"));
  CHECK(holds(words.out, "(document.missing)"));
  CHECK_FALSE(holds(words.out, "(projection.differs)"));
  CHECK(copy.audit({"--json"}).json().find("conduct")->find("findings")->as_integer() == 1);
}

TEST_CASE(
    "cli audit: a document that was erased under an entry leaves its contract partly checked, and "
    "exits 3") {
  Copy copy;
  copy.erase_document();
  auto words = copy.audit();
  CHECK(words.code == 3);
  CHECK(holds(words.out, honest().ended.text() + "  partly_checked"));
  CHECK(holds(words.out, "(document.erased)"));
  CHECK(holds(words.out, "Nothing wrong was found, but not all could be checked."));
  auto json = copy.audit({"--json"}).json();
  CHECK(json.find("audit")->as_string() == "partly_checked");
  CHECK(json.find("conduct")->find("not_checkable")->as_integer() == 1);
}

TEST_CASE("cli audit: what does not rest on an erased document is compared all the same") {
  auto first_word_after = [](const std::string& change) {
    Copy copy;
    copy.erase_document();
    copy.run(change);
    auto outcome = copy.audit({"--json"});
    auto json = outcome.json();
    for (const auto& finding : json.find("findings")->as_array()) {
      if (finding.find("verdict")->as_string() == "wrong")
        return std::to_string(outcome.code) + " " + finding.find("place")->as_string();
    }
    return std::to_string(outcome.code);
  };
  const std::string ended = honest().ended.text();
  const std::string here = " where id = '" + ended + "'";
  const std::string meter = " where contract = '" + ended + "'";
  CHECK(first_word_after("update meter set allowed = 9" + meter) ==
        "3");  // from the document alone
  CHECK(first_word_after("update meter set used = 0" + meter) == "1 row meter " + ended + " 0");
  CHECK(first_word_after("update meter set allowed = 9, used = 0" + meter) ==
        "1 row meter " + ended + " 0");
  CHECK(first_word_after("delete from meter" + meter) == "1 row meter " + ended + " 0");
  CHECK(first_word_after("insert into meter values ('" + ended + "', 1, 5, 0)") == "3");
  CHECK(first_word_after("insert into meter values ('" + ended + "', 1, 5, 2)") ==
        "1 row meter " + ended + " 1");
  CHECK(first_word_after("update contract set state = 'active'" + here) ==
        "1 row contract " + ended);
  CHECK(first_word_after("update contract set uses = 0" + here) == "1 row contract " + ended);
  CHECK(first_word_after("update contract set consumer = provider" + here) ==
        "1 row contract " + ended);
  CHECK(first_word_after("delete from contract" + here) == "1 row contract " + ended);
}

TEST_CASE("cli audit: tables and migrations that are gone are no earlier version") {
  auto codes_after = [](const std::string& change) {
    Copy copy;
    copy.run(change);
    std::set<std::string> codes;
    auto outcome = copy.audit({"--json"});
    auto json = outcome.json();
    CAPTURE(change);
    REQUIRE_MESSAGE(json.find("findings") != nullptr, outcome.out);
    for (const auto& finding : json.find("findings")->as_array())
      codes.insert(finding.find("code")->as_string());
    CHECK(outcome.code == (codes.empty() ? 0 : codes.contains("projection.other_schema") ? 3 : 1));
    return codes;
  };
  using Codes = std::set<std::string>;
  CHECK(codes_after("drop table meter") == Codes{"schema.differs", "projection.unreadable"});
  CHECK(codes_after("drop table queue_place") == Codes{"schema.differs"});
  CHECK(codes_after("alter table contract rename column uses to uses2") ==
        Codes{"schema.differs", "projection.unreadable"});
  CHECK(codes_after("alter table party_registration rename column name to title") ==
        Codes{"schema.differs"});
  for (const char* hidden :
       {"create trigger tr after insert on meter begin delete from meter; end",
        "create view v as select 1", "create table other (id text)",
        "create index other on meter (used)", "drop index contract_consumer"}) {
    CHECK(codes_after(hidden) == Codes{"schema.differs"});
  }
  CHECK(codes_after("delete from schema_migration where name not like '0001%'") ==
        Codes{"schema.differs", "schema.migration_missing"});
  CHECK(codes_after("delete from schema_migration where name not like '0001%'; drop table meter; "
                    "drop table use_record; alter table contract rename column uses to uses2") ==
        Codes{"schema.differs", "schema.migration_missing"});
  CHECK(codes_after("update schema_migration set sha256 = 'x' where name like '0003%'") ==
        Codes{"schema.migration_wrong"});
  CHECK(codes_after("delete from schema_migration where name like '0003%'") ==
        Codes{"schema.migration_wrong"});
  CHECK(codes_after("insert into schema_migration values ('9999_later.sql', 'x')") ==
        Codes{"projection.other_schema"});
  // As the version before keys could be exchanged left it, in a ledger that says nothing of keys.
  CHECK(codes_after("delete from schema_migration where name > '0008'; drop table contract_hold; "
                    "drop table added_key; drop table retired_key; drop table log_key_added; "
                    "drop table log_key_retired")
            .empty());
  Copy nameless;
  nameless.run("drop table schema_migration");
  CHECK(nameless.audit().code == 2);  // nobody can say what this is
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

TEST_CASE(
    "cli audit: an export is judged by its entries and documents, and is wrong without these") {
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
  auto bare = run({"audit", out, "--key", vkey()});
  CHECK(bare.code == 1);
  CHECK(holds(bare.out, "(document.missing)"));
}
