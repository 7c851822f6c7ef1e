#include <filesystem>

#include <doctest/doctest.h>

#include "core/file.h"
#include "core/json.h"
#include "ledger/sample_ledger.h"
#include "support/api/command_line.h"

using namespace tally;
using test::run;
using test::SampleLedger;

namespace {

const std::string vkey = ledger::format_vkey(test::sample_signer().verifier());

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("cli: help and version answer, wrong usage is told and exits 2") {
  CHECK(run({"--help"}).code == 0);
  CHECK(holds(run({"--help"}).out, "audit"));
  CHECK(holds(run({"audit", "--help"}).out, "Exit codes: 0 all is right; 1 findings; 2 could not"));
  CHECK(run({"--version"}).code == 0);
  CHECK(run({}).code == 2);
  CHECK(run({"no_such_command"}).code == 2);
  CHECK(holds(run({"no_such_command"}).err, "there is no command no_such_command"));
  CHECK(run({"audit"}).code == 2);
  CHECK(run({"audit", "x", "--no-such-option"}).code == 2);
  CHECK(run({"audit", "x", "--threads", "0"}).code == 2);
}

TEST_CASE("cli audit: a ledger that is right exits 0, in words and as one object") {
  SampleLedger sample;
  sample.append(1, 300);
  sample.close();
  auto words = run({"audit", "--structural", sample.path(), "--key", vkey});
  CHECK(words.code == 0);
  CHECK(holds(words.out, "entries     300 right"));
  CHECK(holds(words.out, "checkpoint  size 300, signed by the key"));
  CHECK(run({"audit", "--structural", sample.path(), "--key", vkey, "--quiet"}).out == "");
  auto json =
      run({"audit", "--structural", sample.path(), "--key", vkey, "--json", "--threads", "2"})
          .json();
  CHECK(json.find("audit")->as_string() == "passed");
  CHECK(json.find("entries")->as_integer() == 300);
  CHECK(json.find("findings")->as_array().empty());
  CHECK(json.find("head")->find("root")->as_string() ==
        core::to_hex(sample.ledger().signed_head().head.root));
  CHECK(*json.find("head") == *json.find("checkpoint"));
}

TEST_CASE("cli audit: a data directory and a key in a file are taken too") {
  SampleLedger sample;
  sample.close();
  test::TempDir dir;
  std::filesystem::copy_file(sample.path(), dir.file("tallystick.db"));
  REQUIRE(core::write_file(dir.file("log.vkey"), vkey + "\n"));
  CHECK(run({"audit", "--structural", dir.path(), "--key", "@" + dir.file("log.vkey")}).code == 0);
}

TEST_CASE("cli audit: what holds no ledger is told from a ledger that is wrong") {
  SampleLedger sample;
  sample.close();
  test::TempDir dir;
  auto refused = [&](const std::string& place, const std::string& key) {
    auto done = run({"audit", place, "--key", key});
    CHECK(done.code == 2);
    return done.err;
  };
  CHECK(holds(refused(dir.path(), vkey), "holds no ledger"));
  CHECK(holds(refused(dir.file("nothing"), vkey), "holds no ledger"));
  REQUIRE(core::write_file(dir.file("text"), "log.example+12345678+nonsense\n"));
  CHECK(holds(refused(dir.file("text"), vkey), "(audit.not_a_database)"));
  std::string unreachable = refused("http://127.0.0.1:1", vkey);
  CHECK(holds(unreachable, "could not connect to http://127.0.0.1:1"));
  CHECK(holds(refused(sample.path(), dir.file("text")), "or @" + dir.file("text")));
  CHECK(holds(refused(sample.path(), "@" + dir.file("text")), dir.file("text") + ": "));
}

TEST_CASE("cli audit: a ledger that is wrong exits 1 and names the place") {
  SampleLedger sample;
  sample.append(1, 300);
  sample.close();
  {
    auto connection = core::sql::sqlite::open_writer(sample.path());
    connection.run(
        "update ledger_bundle set entries = cast(replace(cast(entries as text),"
        " '\"value\":17}', '\"value\":71}') as blob)");
  }
  auto words = run({"audit", "--structural", sample.path(), "--key", vkey});
  CHECK(words.code == 1);
  CHECK(holds(words.out, "WRONG at entry 17: "));
  auto json = run({"audit", "--structural", sample.path(), "--key", vkey, "--json"}).json();
  CHECK(json.find("audit")->as_string() == "failed");
  CHECK(json.find("findings")->as_array()[0].find("place")->as_string() == "entry 17");
  CHECK(json.find("findings")->as_array()[0].find("code")->as_string() == "entry.changed");
}

TEST_CASE(
    "cli audit: what cannot be checked exits 2, also without a key or with another's syntax") {
  SampleLedger sample;
  sample.close();
  auto without = run({"audit", "--structural", sample.path()});
  CHECK(without.code == 2);
  CHECK(holds(without.err, "--key VKEY"));
  CHECK(run({"audit", "--structural", sample.path(), "--key", "nonsense"}).code == 2);
  CHECK(run({"audit", "--structural", sample.path(), "--key", "@/no/such/file"}).code == 2);
  auto witness = ledger::NoteSigner("w", core::SigningKey::from_seed(core::sha256("w")),
                                    ledger::SignatureType::cosignature);
  CHECK(run({"audit", "--structural", sample.path(), "--key",
             ledger::format_vkey(witness.verifier())})
            .code == 2);
  CHECK(run({"audit", "/no/such/file", "--key", vkey}).code == 2);
  auto json = run({"audit", "/no/such/file", "--key", vkey, "--json"}).json();
  CHECK(json.find("audit")->as_string() == "not_checked");
  test::TempDir dir;
  REQUIRE(core::write_file(dir.file("a"), "no database at all"));
  CHECK(run({"audit", "--structural", dir.file("a"), "--key", vkey}).code == 2);
  REQUIRE(core::write_file(dir.file("b"), ""));
  CHECK(run({"audit", "--structural", dir.file("b"), "--key", vkey}).code == 2);
  CHECK(run({"audit", "http://127.0.0.1:1", "--key", vkey}).code == 2);
  CHECK(run({"audit", "http://bad host", "--key", vkey}).code == 2);
}

TEST_CASE("cli verify: a receipt proves its entry to whoever holds the log's key") {
  SampleLedger sample;
  sample.append(1, 300);
  auto connection = core::sql::sqlite::open_reader(sample.path());
  core::sql::Session session(connection);
  auto receipt = sample.ledger().find_receipt(session, 17);
  REQUIRE(receipt);
  test::TempDir dir;
  std::string file = dir.file("use.tlog-proof");
  REQUIRE(core::write_file(file, receipt->file()));
  auto words = run({"verify", file, "--key", vkey});
  CHECK(words.code == 0);
  CHECK(holds(words.out, "Proved: entry 17 of ledger.example/log"));
  CHECK(holds(words.out, "kind        test.noted/1"));
  CHECK(holds(words.out, "at          2024-11-22T01:46:41Z"));
  CHECK(holds(words.out, "value: 17"));
  auto json = run({"verify", file, "--key", vkey, "--json"}).json();
  CHECK(json.find("verify")->as_string() == "proved");
  CHECK(json.find("index")->as_integer() == 17);
  CHECK(json.find("size")->as_integer() == 300);
  CHECK(json.find("entry")->find("body")->find("value")->as_integer() == 17);

  std::string other = ledger::format_vkey(test::sample_signer("other").verifier());
  CHECK(run({"verify", file, "--key", other}).code == 1);
  CHECK(run({"verify", file}).code == 2);
  CHECK(run({"verify", file, "--key", "nonsense"}).code == 2);
  CHECK(run({"verify", dir.file("missing"), "--key", vkey}).code == 2);
  REQUIRE(core::write_file(file, "not a receipt"));
  auto refused = run({"verify", file, "--key", vkey, "--json"});
  CHECK(refused.code == 1);
  CHECK(refused.json().find("verify")->as_string() == "not_proved");
}

TEST_CASE("cli verify: a COSE receipt is known by its bytes and proves the same") {
  SampleLedger sample;
  sample.append(1, 300);
  auto connection = core::sql::sqlite::open_reader(sample.path());
  core::sql::Session session(connection);
  auto receipt = sample.ledger().receipt_of(session, 17);
  std::string bytes = sample.ledger().cose_file(receipt);
  test::TempDir dir;
  std::string plain = dir.file("plain"), cose = dir.file("cose");
  REQUIRE(core::write_file(plain, receipt.file()));
  REQUIRE(core::write_file(cose, bytes));
  auto words = run({"verify", cose, "--key", vkey});
  CHECK(words.code == 0);
  CHECK(words.out == run({"verify", plain, "--key", vkey}).out);
  CHECK(run({"verify", cose, "--key", vkey, "--json"}).out ==
        run({"verify", plain, "--key", vkey, "--json"}).out);
  std::string other = ledger::format_vkey(test::sample_signer("other").verifier());
  CHECK(run({"verify", cose, "--key", other}).code == 1);
  CHECK(run({"verify", cose}).code == 2);
  for (std::size_t i = 0; i < bytes.size(); i += 7) {
    std::string changed = bytes;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    REQUIRE(core::write_file(cose, changed));
    CHECK(run({"verify", cose, "--key", vkey}).code == 1);
  }
}

TEST_CASE("cli verify: each byte of a receipt, changed, leaves it unproved") {
  SampleLedger sample;
  sample.append(1, 40);
  auto connection = core::sql::sqlite::open_reader(sample.path());
  core::sql::Session session(connection);
  std::string bytes = sample.ledger().find_receipt(session, 17)->file();
  test::TempDir dir;
  std::string file = dir.file("r");
  for (std::size_t i = 0; i < bytes.size(); i += 7) {
    std::string changed = bytes;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    REQUIRE(core::write_file(file, changed));
    CHECK(run({"verify", file, "--key", vkey}).code == 1);
  }
}
