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

const std::string auditor_token = "tally_" + std::string(43, 'a');
const std::string vkey = ledger::format_vkey(test::sample_signer().verifier());

core::Result<api::Principal> admit_auditors(const api::Request& request, const std::string& scope) {
  auto token = request.bearer_token();
  if (!token) return token.error();
  if (*token == auditor_token && scope == "ledger:read") return api::Principal{};
  return core::Error{core::Refusal::forbidden, "scope.missing", "no"};
}

// A ledger of 600 entries behind a server.
struct Served {
  SampleLedger sample;
  core::sql::Readers readers{
      [path = sample.path()] { return core::sql::sqlite::open_reader(path); }};
  ledger::SignedPublication publication{sample.ledger()};
  api::Router router{admit_auditors};

  Served() {
    sample.append(1, 256);
    sample.append(256, 600);
    api::add_ledger_routes(router, readers, publication);
  }
};

api::HttpAnswer ask(const TestServer& server,
                    const std::string& target,
                    const api::HttpClient::Headers& headers = {}) {
  auto answer = server.client().request("GET", target, headers);
  REQUIRE(answer);
  return *answer;
}

const api::HttpClient::Headers as_auditor = {{"Authorization", "Bearer " + auditor_token}};

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

TEST_CASE_FIXTURE(Served, "ledger routes: a tile keeps every width that it had while it grew") {
  TestServer server(router);
  std::string full = ask(server, "/ledger/tile/0/001").body;
  std::string bundle = ask(server, "/ledger/tile/entries/001", as_auditor).body;
  auto entries = ledger::parse_bundle(bundle);
  REQUIRE(entries);
  std::string part;
  for (unsigned width = 1; width < 256; ++width) {
    INFO(width);
    std::string suffix = "001.p/" + std::to_string(width);
    CHECK(ask(server, "/ledger/tile/0/" + suffix).body == full.substr(0, width * 32));
    ledger::append_to_bundle(part, (*entries)[width - 1]);
    CHECK(ask(server, "/ledger/tile/entries/" + suffix, as_auditor).body == part);
  }
  ledger::append_to_bundle(part, (*entries)[255]);
  CHECK(part == bundle);
}

TEST_CASE_FIXTURE(Served, "ledger routes: a HEAD says what a GET would, without the body") {
  TestServer server(router);
  auto ask_raw = [&](const std::string& method, const std::string& headers = "") {
    std::string reply =
        test::answer_to(server, method + " /ledger/tile/0/000 HTTP/1.1\r\nHost: a\r\n" + headers +
                                    "Connection: close\r\n\r\n");
    return reply.substr(0, reply.find("X-Request-Id"));
  };
  std::string head = ask_raw("HEAD");
  CHECK(head.starts_with("HTTP/1.1 200"));
  CHECK(ask_raw("HEAD", "If-None-Match: *\r\n").starts_with("HTTP/1.1 304"));
  CHECK(ask_raw("HEAD", "If-None-Match: \"a\", \"b\"\r\n").starts_with("HTTP/1.1 200"));
  std::string whole = test::answer_to(
      server, "HEAD /ledger/tile/0/000 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  CHECK(whole.find("Content-Length: 8192\r\n") != std::string::npos);
  CHECK(whole.ends_with("\r\n\r\n"));
}

TEST_CASE_FIXTURE(Served, "ledger routes: tags in If-None-Match are compared whole") {
  TestServer server(router);
  std::string etag(*ask(server, "/ledger/tile/0/000").header("ETag"));
  auto status = [&](const std::string& value) {
    return test::answer_to(server,
                           "GET /ledger/tile/0/000 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
                           "If-None-Match: " +
                               value + "\r\n\r\n")
        .substr(9, 3);
  };
  for (const std::string& known : {etag, "W/" + etag, "\"a\", " + etag, etag + " ,\"a\""})
    CHECK(status(known) == "304");
  for (const std::string& other : {"\"x" + etag.substr(1), etag.substr(1), std::string("\"\""),
                                   etag + etag, std::string("W/"), std::string(",,")})
    CHECK(status(other) == "200");
}

namespace {

// Lags behind, as one that waits for witnesses does.
struct HeldBack final : ledger::Publication {
  ledger::Published held;
  ledger::Published newest() const override { return held; }
};

}  // namespace

TEST_CASE_FIXTURE(Served, "ledger routes: what no published checkpoint implies is not there") {
  HeldBack held_back;
  held_back.held = publication.newest();
  CHECK(held_back.held.size == 600);
  api::Router behind{admit_auditors};
  api::add_ledger_routes(behind, readers, held_back);
  sample.append(600, 800);
  TestServer server(behind);
  CHECK(ask(server, "/ledger/checkpoint").body == held_back.held.note);
  CHECK(ask(server, "/ledger/tile/0/002.p/88").status == 200);
  CHECK(ask(server, "/ledger/tile/entries/002.p/88", as_auditor).status == 200);
  for (const char* beyond : {"0/002.p/89", "0/002", "0/003.p/1", "1/000.p/3", "entries/002.p/89",
                             "entries/002", "entries/003.p/1"}) {
    INFO(beyond);
    CHECK(ask(server, std::string("/ledger/tile/") + beyond, as_auditor).status == 404);
  }
  held_back.held = publication.newest();
  CHECK(ask(server, "/ledger/tile/1/000.p/3").status == 200);
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
  REQUIRE(core::write_file(dir.file("token"), auditor_token + "\n"));
  auto words = run(
      {"audit", "--structural", server.url(), "--key", vkey, "--token-file", dir.file("token")});
  CHECK(words.code == 0);
  CHECK(words.out.find("entries     600 right") != std::string::npos);
  auto json = run({"audit", "--structural", server.url() + "/ledger/", "--key", vkey,
                   "--token-file", dir.file("token"), "--json"})
                  .json();
  CHECK(json.find("entries")->as_integer() == 600);
  CHECK(*json.find("head") == *json.find("checkpoint"));

  CHECK(run({"audit", "--structural", server.url(), "--key", vkey}).code == 2);
  CHECK(run({"audit", "--structural", server.url() + "/elsewhere", "--key", vkey}).code == 2);
  std::string other = ledger::format_vkey(test::sample_signer("other").verifier());
  CHECK(run({"audit", "--structural", server.url(), "--key", other, "--token-file",
             dir.file("token")})
            .code == 1);
}

TEST_CASE_FIXTURE(Served, "audit of a URL: what a server serves wrongly is named") {
  TestServer server(router);
  test::TempDir dir;
  REQUIRE(core::write_file(dir.file("token"), auditor_token + "\n"));
  auto finding_after = [&](core::sql::Sql script) {
    auto connection = core::sql::sqlite::open_writer(sample.path());
    connection.run(script);
    auto json = run({"audit", "--structural", server.url(), "--key", vkey, "--token-file",
                     dir.file("token"), "--json"})
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
