#include "api/connection_pool.h"

#include <atomic>
#include <chrono>
#include <memory>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "support/api/http_routes.h"

using namespace tally;
using api::HttpClient;
using test::answer_to;
using test::closing_get;
using test::HttpRoutes;
using test::RawSocket;
using test::TestServer;
using namespace std::chrono_literals;

TEST_CASE_FIXTURE(HttpRoutes,
                  "pool: slow clients hold no worker" * doctest::test_suite("concurrent")) {
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

TEST_CASE_FIXTURE(HttpRoutes,
                  "pool: 64 clients at once are all served, by fewer workers" *
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

TEST_CASE_FIXTURE(HttpRoutes,
                  "pool: a full server lets a silent connection go for a new one" *
                      doctest::test_suite("concurrent")) {
  TestServer server(router, {.workers = 2, .connections_max = 8});
  std::vector<std::unique_ptr<RawSocket>> silent;
  for (int i = 0; i < 20; ++i) silent.push_back(std::make_unique<RawSocket>(server.port()));
  CHECK(answer_to(server, closing_get("/hello")).ends_with("\"hello\""));
  int closed = 0;
  for (auto& socket : silent) closed += socket->read_all(10).empty() ? 1 : 0;
  CHECK(closed >= 20 + 1 - 8);
}

TEST_CASE_FIXTURE(HttpRoutes,
                  "pool: an idle connection is closed after its time" *
                      doctest::test_suite("concurrent")) {
  TestServer server(router, {.idle_timeout_s = 1});
  RawSocket socket(server.port());
  socket.send("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(socket.read_until("\"hello\"").ends_with("\"hello\""));
  CHECK(socket.read_all() == "");
}
