#include "api/http_client.h"

#include <string>

#include <doctest/doctest.h>

#include "support/api/http_routes.h"

using namespace tally;
using api::HttpClient;
using test::HttpRoutes;
using test::TestServer;
using test::zeros;

TEST_CASE_FIXTURE(HttpRoutes, "http client: a stream that ends early is seen to be broken") {
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

TEST_CASE("http client: what cannot be reached is unavailable, and a broken URL invalid") {
  auto answer = HttpClient("http://127.0.0.1:1").request("GET", "/");
  REQUIRE_FALSE(answer);
  CHECK(answer.error().kind == core::Refusal::unavailable);
  CHECK(answer.error().code == "http.unreachable");
  for (const char* url : {"", "127.0.0.1:1", "ftp://a", "http://", "http://a/b", "http://a b"})
    CHECK(HttpClient(url).request("GET", "/").error().code == "http.bad_url");
}
