#include <filesystem>

#include <doctest/doctest.h>

#include "api/routes/ledger.h"
#include "core/file.h"
#include "core/sql/readers.h"
#include "ledger/sample_ledger.h"
#include "support/api/command_line.h"
#include "support/api/test_server.h"

using namespace tally;
using test::run;
using test::SampleLedger;
using test::TempDir;

namespace {

const std::string auditor_token = "tally_" + std::string(43, 'a');
const std::string vkey = ledger::format_vkey(test::sample_signer().verifier());

core::Result<api::Principal> admit_auditors(const api::Request& request, const std::string& scope) {
  auto token = request.bearer_token();
  if (!token) return token.error();
  if (*token == auditor_token && scope == "ledger:read") return api::Principal{};
  return core::Error{core::Refusal::forbidden, "scope.missing", "no"};
}

}  // namespace

TEST_CASE("cli ledger export: a database becomes a directory that the audit takes") {
  SampleLedger sample;
  sample.append(1, 300);
  sample.close();
  TempDir dir;
  auto made = run({"ledger", "export", dir.file("out"), "--from", sample.path(), "--entries",
                   "--key", vkey, "--json"});
  CHECK(made.code == 0);
  CHECK(made.json().find("size")->as_integer() == 300);
  CHECK(made.json().find("signature")->as_string() == "checked");
  CHECK(made.json().find("files_written")->as_integer() == 6);
  auto audit = run({"audit", "--structural", dir.file("out"), "--key", vkey, "--json"});
  CHECK(audit.code == 0);
  CHECK(audit.json().find("entries")->as_integer() == 300);
  CHECK(run({"audit", "--structural", dir.file("out"), "--key", vkey}).code == 0);
  auto again = run({"ledger", "export", dir.file("out"), "--from", sample.path(), "--entries"});
  CHECK(again.code == 0);
  CHECK(again.out.find("0 written, 0 bytes; 6 were there and right") != std::string::npos);
  CHECK(again.out.find("not checked") != std::string::npos);
}

TEST_CASE("cli ledger export: an export may be exported again") {
  SampleLedger sample;
  sample.append(1, 600);
  sample.close();
  TempDir dir;
  CHECK(run({"ledger", "export", dir.file("a"), "--from", sample.path(), "--entries"}).code == 0);
  CHECK(run({"ledger", "export", dir.file("b"), "--from", dir.file("a"), "--entries"}).code == 0);
  CHECK(run({"audit", "--structural", dir.file("b"), "--key", vkey}).code == 0);
}

TEST_CASE("cli ledger export: hash tiles alone cannot be audited, and the audit says so") {
  SampleLedger sample;
  sample.append(1, 300);
  sample.close();
  TempDir dir;
  CHECK(run({"ledger", "export", dir.file("out"), "--from", sample.path()}).code == 0);
  CHECK(!std::filesystem::exists(dir.file("out/tile/entries")));
  auto audit = run({"audit", "--structural", dir.file("out"), "--key", vkey, "--json"});
  CHECK(audit.code == 2);
  CHECK(audit.json().find("code")->as_string() == "audit.no_entries");
}

TEST_CASE("cli ledger export: a damaged export is found by the audit, and made whole again") {
  SampleLedger sample;
  sample.append(1, 300);
  sample.close();
  TempDir dir;
  auto make = [&] {
    return run({"ledger", "export", dir.file("out"), "--from", sample.path(), "--entries"}).code;
  };
  CHECK(make() == 0);
  for (const char* name : {"out/tile/0/000", "out/tile/entries/001.p/44", "out/tile/1/000.p/1"}) {
    auto bytes = *core::read_file(dir.file(name));
    bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
    REQUIRE(core::write_file(dir.file(name), bytes));
    CHECK(run({"audit", "--structural", dir.file("out"), "--key", vkey}).code == 1);
    CHECK(make() == 0);
    CHECK(run({"audit", "--structural", dir.file("out"), "--key", vkey}).code == 0);
  }
}

TEST_CASE("cli ledger export: a server gives its tiles to all, its entries to auditors") {
  SampleLedger sample;
  sample.append(1, 600);
  core::sql::Readers readers{
      [path = sample.path()] { return core::sql::sqlite::open_reader(path); }};
  ledger::SignedPublication publication{sample.ledger()};
  api::Router router{admit_auditors};
  api::add_ledger_routes(router, readers, publication);
  test::TestServer server(router);
  TempDir dir;
  REQUIRE(core::write_file(dir.file("token"), auditor_token + "\n"));
  CHECK(run({"ledger", "export", dir.file("tiles"), "--from", server.url(), "--key", vkey}).code ==
        0);
  CHECK(run({"ledger", "export", dir.file("none"), "--from", server.url(), "--entries"}).code == 2);
  CHECK(!std::filesystem::exists(dir.file("none/checkpoint")));
  CHECK(run({"ledger", "export", dir.file("all"), "--from", server.url(), "--entries",
             "--token-file", dir.file("token")})
            .code == 0);
  CHECK(run({"audit", "--structural", dir.file("all"), "--key", vkey}).code == 0);
  sample.append(600, 800);
  CHECK(run({"ledger", "export", dir.file("all"), "--from", server.url(), "--entries",
             "--token-file", dir.file("token")})
            .code == 0);
  CHECK(run({"audit", "--structural", dir.file("all"), "--key", vkey, "--json"})
            .json()
            .find("entries")
            ->as_integer() == 800);
}

TEST_CASE("cli ledger export: what is refused, and what could not be done") {
  SampleLedger sample;
  sample.close();
  TempDir dir;
  auto code = [&](std::vector<std::string> words) {
    words.insert(words.begin(), {"ledger", "export"});
    return run(words).code;
  };
  CHECK(run({"ledger"}).code == 2);
  CHECK(code({dir.file("out")}) == 2);
  CHECK(code({dir.file("out"), "--from", dir.file("nothing")}) == 2);
  CHECK(code({dir.file("out"), "--from", sample.path(), "--key", "nonsense"}) == 2);
  REQUIRE(core::write_file(dir.file("file"), "a file, not a directory"));
  CHECK(code({dir.file("file"), "--from", sample.path()}) == 2);
  std::string other = ledger::format_vkey(test::sample_signer("other").verifier());
  auto refused =
      run({"ledger", "export", dir.file("out"), "--from", sample.path(), "--key", other, "--json"});
  CHECK(refused.code == 1);
  CHECK(refused.json().find("export")->as_string() == "refused");
  CHECK(refused.json().find("code")->as_string() == "note.unknown_signers");
}
