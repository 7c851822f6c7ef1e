#include "api/connection.h"

#include <chrono>
#include <fstream>
#include <string>
#include <thread>

#include <doctest/doctest.h>

#include "support/api/http_routes.h"

using namespace tally;
using api::HttpClient;
using test::answer_to;
using test::closing_get;
using test::HttpRoutes;
using test::mib;
using test::problem_in;
using test::RawSocket;
using test::TestServer;
using test::zeros;
using namespace std::chrono_literals;

namespace {

std::uint64_t peak_resident_kib() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("VmHWM:")) return std::stoull(line.substr(6));
  return 0;
}

}  // namespace

TEST_CASE_FIXTURE(HttpRoutes, "connection: a connection serves many requests") {
  TestServer server(router);
  RawSocket socket(server.port());
  for (int i = 0; i < 20; ++i) {
    socket.send("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK(socket.read_until("\"hello\"").starts_with("HTTP/1.1 200"));
  }
}

TEST_CASE_FIXTURE(HttpRoutes,
                  "connection: requests that come in one packet are answered in their order") {
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

TEST_CASE_FIXTURE(HttpRoutes, "connection: headers have a bound in number and in bytes") {
  TestServer server(router);
  std::string many = "GET /hello HTTP/1.1\r\nHost: a\r\n";
  for (int i = 0; i < 100; ++i) many += "X-" + std::to_string(i) + ": 1\r\n";
  CHECK(problem_in(answer_to(server, many + "\r\n")) == "431 request.head_too_large");
  std::string large = "GET /hello HTTP/1.1\r\nHost: a\r\nX: " + std::string(4 * mib, 'x');
  CHECK(problem_in(answer_to(server, large)) == "431 request.head_too_large");
}

TEST_CASE_FIXTURE(HttpRoutes, "connection: a body has a bound, declared or chunked") {
  TestServer server(router);
  std::string head = "POST /length HTTP/1.1\r\nHost: a\r\nConnection: close\r\n";
  std::string large(mib + 1, ' ');
  CHECK(problem_in(answer_to(server, head + "Content-Length: 99999999999\r\n\r\nabc")) ==
        "413 request.body_too_large");
  CHECK(problem_in(answer_to(server, head + "Content-Length: 1048577\r\n\r\n" + large)) ==
        "413 request.body_too_large");
  std::string chunked = head + "Transfer-Encoding: chunked\r\n\r\n";
  CHECK(problem_in(answer_to(server, chunked + "100001\r\n" + large + "\r\n0\r\n\r\n")) ==
        "413 request.body_too_large");
  large.pop_back();
  CHECK(answer_to(server, chunked + "100000\r\n" + large + "\r\n0\r\n\r\n").ends_with("1048576"));
  CHECK(answer_to(server, head + "Content-Length: 1048576\r\n\r\n" + large).ends_with("1048576"));
  CHECK(problem_in(answer_to(server, chunked + "zz\r\n")) == "400 request.body_broken");
}

TEST_CASE_FIXTURE(HttpRoutes, "connection: an unread body is never taken for the next request") {
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

TEST_CASE_FIXTURE(HttpRoutes,
                  "connection: 100 Continue comes when the body is wanted, not before") {
  TestServer server(router);
  std::string end = " HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n";
  RawSocket wanted(server.port());
  wanted.send("PUT /stream" + end);
  CHECK(wanted.read_until("\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n");
  wanted.send("hello");
  CHECK(wanted.read_until("\r\n\r\n5").starts_with("HTTP/1.1 200"));
  CHECK(answer_to(server, "PUT /none" + end).starts_with("HTTP/1.1 404"));
}

TEST_CASE_FIXTURE(HttpRoutes, "connection: bodies stream both ways in constant memory") {
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

TEST_CASE_FIXTURE(HttpRoutes,
                  "connection: a large body that stops coming is given up" *
                      doctest::test_suite("concurrent")) {
  TestServer server(router, {.workers = 2, .read_timeout_s = 1});
  auto start = std::chrono::steady_clock::now();
  std::string raw = answer_to(server,
                              "PUT /stream HTTP/1.1\r\nHost: a\r\nContent-Length: 9999999\r\n\r\n"
                              "some");
  CHECK(problem_in(raw) == "400 request.body_broken");
  CHECK(std::chrono::steady_clock::now() - start < 3s);
}

TEST_CASE_FIXTURE(HttpRoutes,
                  "connection: a client that does not read is given up" *
                      doctest::test_suite("concurrent")) {
  TestServer server(router, {.workers = 1, .write_timeout_s = 1});
  RawSocket silent(server.port());
  silent.send("GET /download HTTP/1.1\r\nHost: a\r\n\r\n");
  std::this_thread::sleep_for(50ms);
  CHECK(answer_to(server, closing_get("/hello")).ends_with("\"hello\""));
}
