#include <doctest/doctest.h>

#include "api/routes/ledger.h"
#include "core/file.h"
#include "core/sql/readers.h"
#include "ledger/sample_ledger.h"
#include "ledger/store.h"
#include "ledger/tile.h"
#include "support/api/command_line.h"
#include "support/api/http_routes.h"

using namespace tally;
using test::run;
using test::SampleLedger;
using test::TestServer;

namespace {

const std::string vkey = ledger::format_vkey(test::sample_signer().verifier());

core::Result<api::Principal> admit_auditors(const api::Request& request, const std::string& scope) {
  auto token = request.bearer_token();
  if (!token) return token.error();
  if (*token == "auditor" && scope == "ledger:read") return api::Principal{};
  return core::Error{core::Refusal::forbidden, "scope.missing", "no"};
}

// A ledger of 600 entries behind a server.
struct Served {
  SampleLedger sample;
  core::sql::Readers readers{
      [path = sample.path()] { return core::sql::sqlite::open_reader(path); }};
  core::SeededRandom random{1};
  ledger::Journal journal{sample.writer(), readers, sample.ledger(), random};
  api::Router router{admit_auditors};

  Served() {
    sample.append(1, 256);
    sample.append(256, 600);
    api::add_ledger_routes(router, journal);
  }
};

api::HttpAnswer ask(const TestServer& server,
                    const std::string& target,
                    const api::HttpClient::Headers& headers = {}) {
  auto answer = server.client().request("GET", target, headers);
  REQUIRE(answer);
  return *answer;
}

const api::HttpClient::Headers as_auditor = {{"Authorization", "Bearer auditor"}};

}  // namespace

TEST_CASE_FIXTURE(Served, "ledger routes: the checkpoint is the newest that is signed") {
  TestServer server(router);
  auto answer = ask(server, "/ledger/checkpoint");
  CHECK(answer.status == 200);
  CHECK(answer.body == *sample.ledger().signed_head().note);
  CHECK(answer.header("Content-Type") == "text/plain; charset=utf-8");
  CHECK(answer.header("Cache-Control") == "no-cache");
  std::string etag(*answer.header("ETag"));
  // cpp-httplib's client waits for the body that a 304 never has.
  std::string again = test::answer_to(server,
                                      "GET /ledger/checkpoint HTTP/1.1\r\nHost: a\r\n"
                                      "Connection: close\r\nIf-None-Match: " +
                                          etag + "\r\n\r\n");
  CHECK(again.starts_with("HTTP/1.1 304"));
  CHECK(again.ends_with("\r\n\r\n"));
  sample.append(600, 601);
  CHECK(ask(server, "/ledger/checkpoint", {{"If-None-Match", etag}}).status == 200);
  CHECK(server.client().request("HEAD", "/ledger/checkpoint")->status == 200);
}

TEST_CASE_FIXTURE(Served,
                  "ledger routes: tiles are served full and cut, and no further than signed") {
  TestServer server(router);
  auto full = ask(server, "/ledger/tile/0/001");
  CHECK(full.status == 200);
  CHECK(full.body.size() == 256 * 32);
  CHECK(full.header("Content-Type") == "application/octet-stream");
  CHECK(full.header("Cache-Control") == "public, max-age=31536000, immutable");
  CHECK(ask(server, "/ledger/tile/0/001.p/7").body == full.body.substr(0, 7 * 32));
  CHECK(ask(server, "/ledger/tile/0/002.p/88").body.size() == 88 * 32);
  CHECK(ask(server, "/ledger/tile/1/000.p/2").body.size() == 2 * 32);
  CHECK(server.client().request("HEAD", "/ledger/tile/0/001")->status == 200);
  for (const char* beyond : {"0/002", "0/002.p/89", "0/003", "0/x001/000", "1/000", "1/000.p/3",
                             "2/000", "2/000.p/1", "63/000"}) {
    CHECK(ask(server, std::string("/ledger/tile/") + beyond).status == 404);
  }
  for (const char* malformed :
       {"0/1", "0/0001", "00/000", "64/000", "0/000.p/0", "0/000.p/256", "0/000.p/07", "0/x000/000",
        "x/000", "0", "0/", "0/000/", "-1/000", "entri%65s%2f000", "entries%2f000"}) {
    INFO(malformed);
    int status = ask(server, std::string("/ledger/tile/") + malformed).status;
    CHECK((status == 400 || status == 404 || status == 401));
  }
}

TEST_CASE_FIXTURE(Served, "ledger routes: entries are the auditor's to read") {
  TestServer server(router);
  CHECK(ask(server, "/ledger/tile/entries/000").status == 401);
  CHECK(ask(server, "/ledger/tile/entries/000", {{"Authorization", "Bearer x"}}).status == 403);
  for (const char* spelling : {"/ledger/tile/entri%65s/000", "/ledger/tile/%65ntries/000",
                               "/ledger/tile//entries/000", "/ledger//tile/entries/000"}) {
    CHECK(ask(server, spelling).status != 200);
  }
  auto full = ask(server, "/ledger/tile/entries/000", as_auditor);
  CHECK(full.status == 200);
  CHECK(full.header("Cache-Control") == "private, max-age=31536000, immutable");
  auto stored = readers.read([](core::sql::Session& s) { return ledger::read_bundle(s, 0); });
  CHECK(full.body == *stored);
  auto part = ask(server, "/ledger/tile/entries/002.p/3", as_auditor);
  CHECK(part.status == 200);
  auto entries = ledger::parse_bundle(part.body);
  REQUIRE(entries);
  CHECK(entries->size() == 3);
  CHECK(ask(server, "/ledger/tile/entries/002", as_auditor).status == 404);
  CHECK(ask(server, "/ledger/tile/entries/002.p/89", as_auditor).status == 404);
}

TEST_CASE_FIXTURE(Served,
                  "audit of a URL: reads what the server serves, with the auditor's token") {
  TestServer server(router);
  test::TempDir dir;
  REQUIRE(core::write_file(dir.file("token"), "auditor\n"));
  auto words = run({"audit", server.url(), "--key", vkey, "--token-file", dir.file("token")});
  CHECK(words.code == 0);
  CHECK(words.out.find("entries     600 right") != std::string::npos);
  auto json = run({"audit", server.url() + "/ledger/", "--key", vkey, "--token-file",
                   dir.file("token"), "--json"})
                  .json();
  CHECK(json.find("entries")->as_integer() == 600);
  CHECK(*json.find("head") == *json.find("checkpoint"));

  CHECK(run({"audit", server.url(), "--key", vkey}).code == 2);
  CHECK(run({"audit", server.url() + "/elsewhere", "--key", vkey}).code == 2);
  std::string other = ledger::format_vkey(test::sample_signer("other").verifier());
  CHECK(run({"audit", server.url(), "--key", other, "--token-file", dir.file("token")}).code == 1);
}

TEST_CASE_FIXTURE(Served, "audit of a URL: what a server serves wrongly is named") {
  TestServer server(router);
  test::TempDir dir;
  REQUIRE(core::write_file(dir.file("token"), "auditor\n"));
  auto finding_after = [&](core::sql::Sql script) {
    auto connection = core::sql::sqlite::open_writer(sample.path());
    connection.run(script);
    auto json =
        run({"audit", server.url(), "--key", vkey, "--token-file", dir.file("token"), "--json"})
            .json();
    const auto& first = json.find("findings")->as_array().at(0);
    return first.find("code")->as_string() + " at " + first.find("place")->as_string();
  };
  CHECK(finding_after("update ledger_tile set hashes = zeroblob(64) where level = 1") ==
        "tile.changed at tile 1/0");
  CHECK(finding_after("update ledger_bundle set entries ="
                      " cast(replace(cast(entries as text), '\"value\":300}', '\"value\":301}')"
                      " as blob) where bundle = 1") == "entry.changed at entry 300");
}
