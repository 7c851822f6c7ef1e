// The routes that the tests of HTTP ask for, and what they ask with.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "api/http_client.h"
#include "api/http_server.h"
#include "api/router.h"
#include "support/api/test_server.h"

namespace tally::test {

constexpr std::uint64_t mib = std::uint64_t{1} << 20;

// A router with handlers that echo, count, stream, throw and dawdle; see http_routes.cpp.
struct HttpRoutes {
  HttpRoutes();

  api::Router router{nullptr};
  std::atomic<int> at_work = 0;  // calls of GET /slow and /endless
};

// `left` bytes, in pieces of 64 KiB.
api::ChunkSource zeros(std::uint64_t left);

// What a server answers to these bytes before it closes.
std::string answer_to(const TestServer& server, std::string_view bytes);

// "404 route.not_found", from a whole reply that has to be a problem document.
std::string problem_in(const std::string& reply);

std::string closing_get(std::string_view target);

}  // namespace tally::test
