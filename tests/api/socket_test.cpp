#include "api/socket.h"

#include <string>

#include <doctest/doctest.h>

#include "support/api/http_routes.h"
#include "support/temp_dir.h"

using namespace tally;
using api::HttpClient;
using api::HttpServer;
using test::HttpRoutes;
using test::mib;
using test::TestServer;
using test::zeros;

TEST_CASE_FIXTURE(HttpRoutes, "tls: over TLS, for those who trust the certificate") {
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

TEST_CASE("tls: a TLS key that cannot be used stops the start") {
  api::Router router(nullptr);
  HttpServer server(router, {.tls_certificate_file = "/none.pem", .tls_key_file = "/none.pem"});
  CHECK_THROWS_AS(server.bind(), core::Broken);
}
