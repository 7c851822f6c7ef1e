#include "api/http_server.h"

#include <atomic>
#include <thread>

#include <doctest/doctest.h>

#include "support/api/http_routes.h"

using namespace tally;
using api::HttpClient;
using api::HttpServer;
using test::answer_to;
using test::closing_get;
using test::HttpRoutes;
using test::mib;
using test::problem_in;
using test::RawSocket;
using test::TestServer;

TEST_CASE_FIXTURE(HttpRoutes, "http: a reply carries its id, and is neither cached nor sniffed") {
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

TEST_CASE_FIXTURE(HttpRoutes, "http: a header arrives as it was sent, and cannot split a reply") {
  TestServer server(router);
  std::string raw = answer_to(server,
                              "GET /echo/a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
                              "X-Text: a%0d%0aSet-Cookie: b\r\n\r\n");
  CHECK(raw.find("X-Echo: a%0d%0aSet-Cookie: b\r\n") != std::string::npos);
}

TEST_CASE_FIXTURE(HttpRoutes, "http: HEAD is GET without its body") {
  TestServer server(router);
  std::string raw =
      answer_to(server, "HEAD /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  CHECK(raw.starts_with("HTTP/1.1 200"));
  CHECK(raw.find("Content-Length: 7\r\n") != std::string::npos);
  CHECK(raw.ends_with("\r\n\r\n"));
  CHECK(raw.find("Accept-Ranges") == std::string::npos);
}

TEST_CASE_FIXTURE(HttpRoutes, "http: 204 has no length") {
  TestServer server(router);
  std::string raw = answer_to(server, closing_get("/empty"));
  CHECK(raw.starts_with("HTTP/1.1 204"));
  CHECK(raw.find("Content-Length") == std::string::npos);
}

TEST_CASE_FIXTURE(HttpRoutes, "http: neither ranges nor compression change a reply") {
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

TEST_CASE_FIXTURE(HttpRoutes, "http: 404 and 405 are problems, and name the methods") {
  TestServer server(router);
  HttpClient client = server.client();
  CHECK(problem_in(answer_to(server, closing_get("/none"))) == "404 route.not_found");
  auto answer = client.request("DELETE", "/hello");
  REQUIRE(answer);
  CHECK(answer->status == 405);
  CHECK(answer->header("Allow") == "GET, HEAD");
}

TEST_CASE_FIXTURE(HttpRoutes, "http: broken requests get a problem, and the connection ends") {
  TestServer server(router);
  auto code = [&](const std::string& bytes) { return problem_in(answer_to(server, bytes)); };
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

TEST_CASE_FIXTURE(HttpRoutes, "http: what a handler throws stays in the log") {
  TestServer server(router);
  for (const char* target : {"/broken", "/odd"}) {
    std::string raw = answer_to(server, closing_get(target));
    CHECK(problem_in(raw) == "500 internal");
    CHECK(raw.find("secret") == std::string::npos);
  }
  std::string raw = answer_to(server, closing_get("/breaks-off"));
  CHECK(raw.find("secret") == std::string::npos);
  CHECK(raw.find("\r\n0\r\n") == std::string::npos);
  CHECK(answer_to(server, closing_get("/hello")).ends_with("\"hello\""));
}

TEST_CASE_FIXTURE(HttpRoutes, "http: HTTP/1.0 gets a stream without chunks") {
  TestServer server(router);
  std::string raw = answer_to(server, "GET /file HTTP/1.0\r\n\r\n");
  CHECK(raw.size() > 3 * mib);
  raw = answer_to(server, "GET /download HTTP/1.0\r\n\r\n");
  CHECK(raw.find("chunked") == std::string::npos);
  CHECK(raw.substr(raw.find("\r\n\r\n") + 4).size() == 64 * mib);
}

TEST_CASE_FIXTURE(HttpRoutes,
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

TEST_CASE_FIXTURE(HttpRoutes,
                  "http: stopping cuts a stream without end after a time" *
                      doctest::test_suite("concurrent")) {
  TestServer server(router, {.stop_timeout_s = 1});
  std::string reply;
  std::jthread reader([&] {
    HttpClient client = server.client();
    auto answer = client.download("/endless", {}, [](std::string_view) { return true; });
    reply = answer ? "whole" : answer.error().code;
  });
  while (at_work == 0) std::this_thread::yield();
  server.stop();
  reader.join();
  CHECK(reply == "http.unreachable");
}

TEST_CASE_FIXTURE(HttpRoutes,
                  "http: stopping cuts a body without end after a time" *
                      doctest::test_suite("concurrent")) {
  TestServer server(router, {.stop_timeout_s = 1});
  std::atomic<bool> is_sent = false;
  std::string reply;
  std::jthread writer([&] {
    HttpClient client = server.client();
    auto answer = client.upload("PUT", "/stream", {}, [&](std::string& chunk) {
      chunk = "some";
      is_sent = true;
      return true;
    });
    reply = answer ? "answered" : answer.error().code;
  });
  while (!is_sent) std::this_thread::yield();
  server.stop();
  writer.join();
  CHECK(reply == "http.unreachable");
}

TEST_CASE_FIXTURE(HttpRoutes, "http: a server that was stopped first does not serve") {
  HttpServer server(router, {});
  server.stop();
  server.bind();
  server.serve();
  CHECK(true);
}

TEST_CASE_FIXTURE(HttpRoutes, "http: two servers cannot share a port") {
  HttpServer first(router, {});
  int port = first.bind();
  HttpServer second(router, {.port = port});
  CHECK_THROWS_AS(second.bind(), core::Broken);
}
