#include "api/http_server.h"

#include <atomic>
#include <chrono>
#include <fstream>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "core/json.h"
#include "support/api/test_server.h"
#include "support/temp_dir.h"

using namespace tally;
using api::BodyKind;
using api::HttpClient;
using api::HttpServer;
using api::Reply;
using api::Request;
using api::Router;
using core::Json;
using core::Result;
using test::RawSocket;
using test::TestServer;

namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t mib = std::uint64_t{1} << 20;

Result<Reply> count_body(const Request& request) {
  std::uint64_t bytes = 0;
  auto read = request.read_body([&](std::string_view piece) {
    bytes += piece.size();
    return true;
  });
  if (!read) return read.error();
  return api::ok(Json(bytes));
}

// `left` bytes, in pieces of 64 KiB.
api::ChunkSource zeros(std::uint64_t left) {
  return [left](std::string& chunk) mutable {
    if (left == 0) return false;
    chunk.assign(std::min<std::uint64_t>(left, 65'536), '0');
    left -= chunk.size();
    return true;
  };
}

Reply streamed(api::ChunkSource chunks, std::optional<std::uint64_t> length_bytes = {}) {
  Reply reply;
  reply.content_type = "application/octet-stream";
  reply.chunks = std::move(chunks);
  reply.length_bytes = length_bytes;
  return reply;
}

struct Fixture {
  Router router{nullptr};
  std::atomic<int> at_work = 0;

  Fixture() {
    router.add("GET", "/hello", {}, [](const Request&) { return api::ok(Json("hello")); });
    router.add("GET", "/echo/{text}", {}, [](const Request& r) -> Result<Reply> {
      Reply reply = api::ok(Json(r.param("text")));
      reply.headers = {{"Cache-Control", "max-age=9"}};
      if (auto value = r.header("X-Text")) reply.headers.emplace_back("X-Echo", *value);
      return reply;
    });
    router.add("POST", "/length", {.body = BodyKind::json},
               [](const Request& r) -> Result<Reply> { return api::ok(Json(r.body_text.size())); });
    router.add("PUT", "/stream", {.body = BodyKind::stream}, count_body);
    router.add("PUT", "/small", {.body = BodyKind::stream, .body_bytes_max = 1'000}, count_body);
    router.add("GET", "/download", {},
               [](const Request&) -> Result<Reply> { return streamed(zeros(64 * mib)); });
    router.add("GET", "/file", {},
               [](const Request&) -> Result<Reply> { return streamed(zeros(3 * mib), 3 * mib); });
    router.add("GET", "/short", {},
               [](const Request&) -> Result<Reply> { return streamed(zeros(1 * mib), 3 * mib); });
    router.add("GET", "/empty", {},
               [](const Request&) -> Result<Reply> { return Reply{.status = 204}; });
    router.add("GET", "/broken", {},
               [](const Request&) -> Result<Reply> { throw core::Broken("secret words"); });
    router.add("GET", "/odd", {}, [](const Request&) -> Result<Reply> { throw 7; });
    router.add("GET", "/breaks-off", {}, [](const Request&) -> Result<Reply> {
      return streamed([](std::string&) -> bool { throw core::Broken("secret words"); });
    });
    router.add("GET", "/slow", {}, [this](const Request&) -> Result<Reply> {
      ++at_work;
      std::this_thread::sleep_for(200ms);
      return api::ok(Json("slow"));
    });
  }
};

std::string code_of(const std::string& raw) {
  std::size_t body = raw.find("\r\n\r\n");
  REQUIRE(body != std::string::npos);
  auto json = core::parse_json(raw.substr(body + 4));
  REQUIRE(json);
  CHECK(raw.find("Content-Type: application/problem+json\r\n") != std::string::npos);
  CHECK(raw.find("EXCEPTION_WHAT") == std::string::npos);
  return raw.substr(9, 3) + " " + json->find("code")->as_string();
}

// What a server answers to these bytes before it closes.
std::string answer_to(const TestServer& server, std::string_view bytes) {
  RawSocket socket(server.port());
  socket.send(bytes);
  return socket.read_all();
}

std::string closing_get(std::string_view target) {
  return "GET " + std::string(target) + " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
}

std::uint64_t peak_resident_kib() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("VmHWM:")) return std::stoull(line.substr(6));
  return 0;
}

}  // namespace

TEST_CASE_FIXTURE(Fixture, "http: a reply carries its id, and is neither cached nor sniffed") {
  TestServer server(router);
  HttpClient client = server.client();
  auto answer = client.request("GET", "/hello");
  REQUIRE(answer);
  CHECK(answer->status == 200);
  CHECK(answer->body == "\"hello\"");
  CHECK(answer->header("content-type") == "application/json");
  CHECK(answer->header("Cache-Control") == "no-store");
  CHECK(answer->header("X-Content-Type-Options") == "nosniff");
  CHECK(answer->header("X-Request-Id")->size() == 16);
  auto other = client.request("GET", "/echo/a%20b%2e", {{"X-Text", "50%25 \xc3\xa9"}});
  REQUIRE(other);
  CHECK(other->body == "\"a b.\"");
  CHECK(other->header("Cache-Control") == "max-age=9");
  CHECK(other->header("X-Request-Id") != answer->header("X-Request-Id"));
}

TEST_CASE_FIXTURE(Fixture, "http: a header arrives as it was sent, and cannot split a reply") {
  TestServer server(router);
  std::string raw = answer_to(server,
                              "GET /echo/a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
                              "X-Text: a%0d%0aSet-Cookie: b\r\n\r\n");
  CHECK(raw.find("X-Echo: a%0d%0aSet-Cookie: b\r\n") != std::string::npos);
}

TEST_CASE_FIXTURE(Fixture, "http: a connection serves many requests") {
  TestServer server(router);
  RawSocket socket(server.port());
  for (int i = 0; i < 20; ++i) {
    socket.send("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK(socket.read_until("\"hello\"").starts_with("HTTP/1.1 200"));
  }
}

TEST_CASE_FIXTURE(Fixture, "http: requests that come in one packet are answered in their order") {
  TestServer server(router);
  std::string raw = answer_to(server,
                              "\r\nGET /echo/1 HTTP/1.1\r\nHost: a\r\n\r\n"
                              "POST /length HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello" +
                                  closing_get("/echo/3"));
  std::size_t first = raw.find("\"1\"");
  std::size_t second = raw.find("\r\n\r\n5");
  std::size_t third = raw.find("\"3\"");
  CHECK(first < second);
  CHECK(second < third);
  CHECK(third != std::string::npos);
}

TEST_CASE_FIXTURE(Fixture, "http: HEAD is GET without its body") {
  TestServer server(router);
  std::string raw =
      answer_to(server, "HEAD /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  CHECK(raw.starts_with("HTTP/1.1 200"));
  CHECK(raw.find("Content-Length: 7\r\n") != std::string::npos);
  CHECK(raw.ends_with("\r\n\r\n"));
  CHECK(raw.find("Accept-Ranges") == std::string::npos);
}

TEST_CASE_FIXTURE(Fixture, "http: 204 has no length") {
  TestServer server(router);
  std::string raw = answer_to(server, closing_get("/empty"));
  CHECK(raw.starts_with("HTTP/1.1 204"));
  CHECK(raw.find("Content-Length") == std::string::npos);
}

TEST_CASE_FIXTURE(Fixture, "http: neither ranges nor compression change a reply") {
  TestServer server(router);
  HttpClient client = server.client();
  auto answer = client.request("GET", "/hello",
                               {{"Range", "bytes=0-1,0-1"}, {"Accept-Encoding", "gzip, br"}});
  REQUIRE(answer);
  CHECK(answer->status == 200);
  CHECK(answer->body == "\"hello\"");
  CHECK_FALSE(answer->header("Content-Encoding"));
  CHECK_FALSE(answer->header("Content-Range"));
}

TEST_CASE_FIXTURE(Fixture, "http: 404 and 405 are problems, and name the methods") {
  TestServer server(router);
  HttpClient client = server.client();
  CHECK(code_of(answer_to(server, closing_get("/none"))) == "404 route.not_found");
  auto answer = client.request("DELETE", "/hello");
  REQUIRE(answer);
  CHECK(answer->status == 405);
  CHECK(answer->header("Allow") == "GET, HEAD");
}

TEST_CASE_FIXTURE(Fixture, "http: broken requests get a problem, and the connection ends") {
  TestServer server(router);
  auto code = [&](const std::string& bytes) { return code_of(answer_to(server, bytes)); };
  CHECK(code("GARBAGE\r\n\r\n") == "400 request.malformed_head");
  CHECK(code("BREW /hello HTTP/1.1\r\nHost: a\r\n\r\n") == "400 request.unknown_method");
  CHECK(code(closing_get("/a?b?c")) == "400 request.malformed_head");
  CHECK(code(closing_get("/echo/..")) == "400 request.malformed_path");
  CHECK(code(closing_get("/echo/%2e%2e")) == "400 request.malformed_path");
  CHECK(code(closing_get("/echo/a%2fb")) == "400 request.malformed_path");
  std::string range =
      "GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\nRange: bytes=x\r\n\r\n";
  CHECK(code(range) == "416 request.malformed_range");
}

TEST_CASE_FIXTURE(Fixture, "http: headers have a bound in number and in bytes") {
  TestServer server(router);
  std::string many = "GET /hello HTTP/1.1\r\nHost: a\r\n";
  for (int i = 0; i < 100; ++i) many += "X-" + std::to_string(i) + ": 1\r\n";
  CHECK(code_of(answer_to(server, many + "\r\n")) == "431 request.head_too_large");
  std::string large = "GET /hello HTTP/1.1\r\nHost: a\r\nX: " + std::string(4 * mib, 'x');
  CHECK(code_of(answer_to(server, large)) == "431 request.head_too_large");
}

TEST_CASE_FIXTURE(Fixture, "http: a body has a bound, declared or chunked") {
  TestServer server(router);
  std::string head = "POST /length HTTP/1.1\r\nHost: a\r\nConnection: close\r\n";
  std::string large(mib + 1, ' ');
  CHECK(code_of(answer_to(server, head + "Content-Length: 99999999999\r\n\r\nabc")) ==
        "413 request.body_too_large");
  CHECK(code_of(answer_to(server, head + "Content-Length: 1048577\r\n\r\n" + large)) ==
        "413 request.body_too_large");
  std::string chunked = head + "Transfer-Encoding: chunked\r\n\r\n";
  CHECK(code_of(answer_to(server, chunked + "100001\r\n" + large + "\r\n0\r\n\r\n")) ==
        "413 request.body_too_large");
  large.pop_back();
  CHECK(answer_to(server, chunked + "100000\r\n" + large + "\r\n0\r\n\r\n").ends_with("1048576"));
  CHECK(answer_to(server, head + "Content-Length: 1048576\r\n\r\n" + large).ends_with("1048576"));
  CHECK(code_of(answer_to(server, chunked + "zz\r\n")) == "400 request.body_broken");
}

TEST_CASE_FIXTURE(Fixture, "http: an unread body is never taken for the next request") {
  TestServer server(router);
  std::string inner = closing_get("/echo/smuggled");
  std::string last = closing_get("/echo/last");
  auto after = [&](const std::string& start, const std::string& body) {
    return answer_to(server, start + " HTTP/1.1\r\nHost: a\r\nContent-Length: " +
                                 std::to_string(body.size()) + "\r\n\r\n" + body + last);
  };
  for (const char* start : {"GET /hello", "POST /none", "DELETE /hello"}) {
    std::string raw = after(start, inner);
    CHECK(raw.find("smuggled") == std::string::npos);
    CHECK(raw.ends_with("\"last\""));
    std::string large;
    while (large.size() < 200'000) large += inner;
    raw = after(start, large);
    CHECK(raw.starts_with("HTTP/1.1 4"));
    CHECK(raw.find("smuggled") == std::string::npos);
    CHECK(raw.find("last") == std::string::npos);
  }
}

TEST_CASE_FIXTURE(Fixture, "http: 100 Continue comes when the body is wanted, not before") {
  TestServer server(router);
  std::string end = " HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n";
  RawSocket wanted(server.port());
  wanted.send("PUT /stream" + end);
  CHECK(wanted.read_until("\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n");
  wanted.send("hello");
  CHECK(wanted.read_until("\r\n\r\n5").starts_with("HTTP/1.1 200"));
  CHECK(answer_to(server, "PUT /none" + end).starts_with("HTTP/1.1 404"));
}

TEST_CASE_FIXTURE(Fixture, "http: what a handler throws stays in the log") {
  TestServer server(router);
  for (const char* target : {"/broken", "/odd"}) {
    std::string raw = answer_to(server, closing_get(target));
    CHECK(code_of(raw) == "500 internal");
    CHECK(raw.find("secret") == std::string::npos);
  }
  std::string raw = answer_to(server, closing_get("/breaks-off"));
  CHECK(raw.find("secret") == std::string::npos);
  CHECK(raw.find("\r\n0\r\n") == std::string::npos);
  CHECK(answer_to(server, closing_get("/hello")).ends_with("\"hello\""));
}

TEST_CASE_FIXTURE(Fixture, "http: bodies stream both ways in constant memory") {
  TestServer server(router);
  HttpClient client = server.client();
  std::ofstream("/proc/self/clear_refs") << "5";
  std::uint64_t before_kib = peak_resident_kib();
  auto chunked = client.upload("PUT", "/stream", {}, zeros(64 * mib));
  REQUIRE(chunked);
  CHECK(chunked->body == std::to_string(64 * mib));
  auto sized = client.upload("PUT", "/stream", {}, zeros(64 * mib), 64 * mib);
  REQUIRE(sized);
  CHECK(sized->body == std::to_string(64 * mib));
  for (const char* target : {"/download", "/file"}) {
    std::uint64_t bytes = 0;
    auto answer = client.download(target, {}, [&](std::string_view piece) {
      bytes += piece.size();
      return true;
    });
    REQUIRE(answer);
    CHECK(bytes == (target[1] == 'd' ? 64 : 3) * mib);
  }
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  CHECK(peak_resident_kib() - before_kib < 16 * 1'024);
#else
  CHECK(before_kib > 0);
#endif
}

TEST_CASE_FIXTURE(Fixture, "http: a stream that ends early is seen to be broken") {
  TestServer server(router);
  HttpClient client = server.client();
  for (const char* target : {"/short", "/breaks-off"}) {
    auto answer = client.download(target, {}, [](std::string_view) { return true; });
    REQUIRE_FALSE(answer);
    CHECK(answer.error().code == "http.unreachable");
  }
  auto large = client.upload("PUT", "/small", {}, zeros(5'000), 5'000);
  REQUIRE(large);
  CHECK(large->status == 413);
}

TEST_CASE_FIXTURE(Fixture, "http: HTTP/1.0 gets a stream without chunks") {
  TestServer server(router);
  std::string raw = answer_to(server, "GET /file HTTP/1.0\r\n\r\n");
  CHECK(raw.size() > 3 * mib);
  raw = answer_to(server, "GET /download HTTP/1.0\r\n\r\n");
  CHECK(raw.find("chunked") == std::string::npos);
  CHECK(raw.substr(raw.find("\r\n\r\n") + 4).size() == 64 * mib);
}

TEST_CASE_FIXTURE(Fixture,
                  "http: slow clients hold no worker" * doctest::test_suite("concurrent")) {
  TestServer server(router, {.workers = 2, .read_timeout_s = 1});
  std::vector<std::unique_ptr<RawSocket>> slow;
  for (int i = 0; i < 32; ++i) {
    slow.push_back(std::make_unique<RawSocket>(server.port()));
    slow.back()->send(i % 2 == 0
                          ? "GET /hello HT"
                          : "POST /length HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nx");
  }
  auto start = std::chrono::steady_clock::now();
  CHECK(answer_to(server, closing_get("/hello")).ends_with("\"hello\""));
  CHECK(std::chrono::steady_clock::now() - start < 900ms);
  // After their time they are closed, without an answer that could be taken for one.
  CHECK(slow[0]->read_all() == "");
  CHECK(slow[1]->read_all() == "");
}

TEST_CASE_FIXTURE(Fixture,
                  "http: a large body that stops coming is given up" *
                      doctest::test_suite("concurrent")) {
  TestServer server(router, {.workers = 2, .read_timeout_s = 1});
  auto start = std::chrono::steady_clock::now();
  std::string raw = answer_to(server,
                              "PUT /stream HTTP/1.1\r\nHost: a\r\nContent-Length: 9999999\r\n\r\n"
                              "some");
  CHECK(code_of(raw) == "400 request.body_broken");
  CHECK(std::chrono::steady_clock::now() - start < 3s);
}

TEST_CASE_FIXTURE(Fixture,
                  "http: a client that does not read is given up" *
                      doctest::test_suite("concurrent")) {
  TestServer server(router, {.workers = 1, .write_timeout_s = 1});
  RawSocket silent(server.port());
  silent.send("GET /download HTTP/1.1\r\nHost: a\r\n\r\n");
  std::this_thread::sleep_for(50ms);
  CHECK(answer_to(server, closing_get("/hello")).ends_with("\"hello\""));
}

TEST_CASE_FIXTURE(Fixture,
                  "http: 64 clients at once are all served, by fewer workers" *
                      doctest::test_suite("concurrent")) {
  TestServer server(router, {.workers = 8});
  std::atomic<int> served = 0;
  {
    std::vector<std::jthread> clients;
    for (int c = 0; c < 64; ++c) {
      clients.emplace_back([&, c] {
        HttpClient client = server.client();
        for (int i = 0; i < 25; ++i) {
          std::string text = std::to_string(c) + "-" + std::to_string(i);
          auto answer = client.request("GET", "/echo/" + text);
          if (answer && answer->body == "\"" + text + "\"") ++served;
        }
      });
    }
  }
  CHECK(served == 64 * 25);
}

TEST_CASE_FIXTURE(Fixture,
                  "http: a full server lets a silent connection go for a new one" *
                      doctest::test_suite("concurrent")) {
  TestServer server(router, {.workers = 2, .connections_max = 8});
  std::vector<std::unique_ptr<RawSocket>> silent;
  for (int i = 0; i < 20; ++i) silent.push_back(std::make_unique<RawSocket>(server.port()));
  CHECK(answer_to(server, closing_get("/hello")).ends_with("\"hello\""));
  int closed = 0;
  for (auto& socket : silent) closed += socket->read_all(10).empty() ? 1 : 0;
  CHECK(closed >= 20 + 1 - 8);
}

TEST_CASE_FIXTURE(Fixture,
                  "http: an idle connection is closed after its time" *
                      doctest::test_suite("concurrent")) {
  TestServer server(router, {.idle_timeout_s = 1});
  RawSocket socket(server.port());
  socket.send("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(socket.read_until("\"hello\"").ends_with("\"hello\""));
  CHECK(socket.read_all() == "");
}

TEST_CASE_FIXTURE(Fixture,
                  "http: stopping answers what is at work" * doctest::test_suite("concurrent")) {
  TestServer server(router);
  RawSocket socket(server.port());
  socket.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
  while (at_work == 0) std::this_thread::yield();
  server.stop();
  CHECK(socket.read_all().ends_with("\"slow\""));
  auto answer = server.client().request("GET", "/hello");
  REQUIRE_FALSE(answer);
  CHECK(answer.error().code == "http.unreachable");
}

TEST_CASE_FIXTURE(Fixture, "http: a server that was stopped first does not serve") {
  HttpServer server(router, {});
  server.stop();
  server.bind();
  server.serve();
  CHECK(true);
}

TEST_CASE_FIXTURE(Fixture, "http: two servers cannot share a port") {
  HttpServer first(router, {});
  int port = first.bind();
  HttpServer second(router, {.port = port});
  CHECK_THROWS_AS(second.bind(), core::Broken);
}

TEST_CASE_FIXTURE(Fixture, "http: over TLS, for those who trust the certificate") {
  test::TempDir directory;
  std::string path = directory.path();
  test::make_certificate(path);
  TestServer server(router, {.tls_certificate_file = path + "/certificate.pem",
                             .tls_key_file = path + "/key.pem"});
  std::string url = "https://127.0.0.1:" + std::to_string(server.port());
  HttpClient client(url, {.ca_file = path + "/certificate.pem"});
  for (int i = 0; i < 10; ++i) {
    auto answer = client.request("GET", "/hello");
    REQUIRE(answer);
    CHECK(answer->body == "\"hello\"");
  }
  auto sized = client.upload("PUT", "/stream", {}, zeros(4 * mib), 4 * mib);
  REQUIRE(sized);
  CHECK(sized->body == std::to_string(4 * mib));
  std::uint64_t bytes = 0;
  auto file = client.download("/file", {}, [&](std::string_view piece) {
    bytes += piece.size();
    return true;
  });
  CHECK(file);
  CHECK(bytes == 3 * mib);
  CHECK_FALSE(HttpClient(url).request("GET", "/hello"));
  CHECK_FALSE(server.client().request("GET", "/hello"));  // plain HTTP
}

TEST_CASE("http: a TLS key that cannot be used stops the start") {
  Router router(nullptr);
  HttpServer server(router, {.tls_certificate_file = "/none.pem", .tls_key_file = "/none.pem"});
  CHECK_THROWS_AS(server.bind(), core::Broken);
}

TEST_CASE("http client: what cannot be reached is unavailable, and a broken URL invalid") {
  auto answer = HttpClient("http://127.0.0.1:1").request("GET", "/");
  REQUIRE_FALSE(answer);
  CHECK(answer.error().kind == core::Refusal::unavailable);
  CHECK(answer.error().code == "http.unreachable");
  for (const char* url : {"", "127.0.0.1:1", "ftp://a", "http://", "http://a/b", "http://a b"})
    CHECK(HttpClient(url).request("GET", "/").error().code == "http.bad_url");
}
