#include "support/api/http_routes.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include <doctest/doctest.h>

#include "core/json.h"

namespace tally::test {
namespace {

using api::BodyKind;
using api::Reply;
using api::Request;
using core::Json;
using core::Result;
using namespace std::chrono_literals;

Result<Reply> count_body(const Request& request) {
  std::uint64_t bytes = 0;
  auto read = request.read_body([&](std::string_view piece) {
    bytes += piece.size();
    return true;
  });
  if (!read) return read.error();
  return api::ok(Json(bytes));
}

Reply streamed(api::ChunkSource chunks, std::optional<std::uint64_t> length_bytes = {}) {
  Reply reply;
  reply.content_type = "application/octet-stream";
  reply.chunks = std::move(chunks);
  reply.length_bytes = length_bytes;
  return reply;
}

}  // namespace

api::ChunkSource zeros(std::uint64_t left) {
  return [left](std::string& chunk) mutable {
    if (left == 0) return false;
    chunk.assign(std::min<std::uint64_t>(left, 65'536), '0');
    left -= chunk.size();
    return true;
  };
}

HttpRoutes::HttpRoutes() {
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
  router.add("GET", "/endless", {}, [this](const Request&) -> Result<Reply> {
    ++at_work;
    return streamed(zeros(UINT64_MAX));
  });
  router.add("GET", "/slow", {}, [this](const Request&) -> Result<Reply> {
    ++at_work;
    std::this_thread::sleep_for(200ms);
    return api::ok(Json("slow"));
  });
}

std::string problem_in(const std::string& raw) {
  std::size_t body = raw.find("\r\n\r\n");
  REQUIRE(body != std::string::npos);
  auto json = core::parse_json(raw.substr(body + 4));
  REQUIRE(json);
  CHECK(raw.find("Content-Type: application/problem+json\r\n") != std::string::npos);
  CHECK(raw.find("EXCEPTION_WHAT") == std::string::npos);
  return raw.substr(9, 3) + " " + json->find("code")->as_string();
}

std::string answer_to(const TestServer& server, std::string_view bytes) {
  RawSocket socket(server.port());
  socket.send(bytes);
  return socket.read_all();
}

std::string closing_get(std::string_view target) {
  return "GET " + std::string(target) + " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
}

}  // namespace tally::test
