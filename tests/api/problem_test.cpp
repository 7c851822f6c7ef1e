#include "api/problem.h"

#include <doctest/doctest.h>

#include "core/json.h"

using namespace tally;
using core::Refusal;

namespace {

core::Json document_of(const api::Reply& reply) {
  auto json = core::parse_json(reply.body);
  REQUIRE(json);
  return *json;
}

std::string header_of(const api::Reply& reply, const std::string& name) {
  for (const auto& [header, value] : reply.headers)
    if (header == name) return value;
  return "";
}

}  // namespace

TEST_CASE("problem: each kind of refusal has its status") {
  CHECK(api::http_status(Refusal::malformed) == 400);
  CHECK(api::http_status(Refusal::invalid) == 422);
  CHECK(api::http_status(Refusal::unauthenticated) == 401);
  CHECK(api::http_status(Refusal::forbidden) == 403);
  CHECK(api::http_status(Refusal::not_found) == 404);
  CHECK(api::http_status(Refusal::conflict) == 409);
  CHECK(api::http_status(Refusal::too_large) == 413);
  CHECK(api::http_status(Refusal::exhausted) == 429);
  CHECK(api::http_status(Refusal::unavailable) == 503);
}

TEST_CASE("problem: a document says what, where and under which request") {
  core::Error error{Refusal::invalid, "request.invalid", "2 members are wrong"};
  error.details = {{"/terms/uses_max", "out_of_range", "from 1 to 10"},
                   {"/x", "unknown_member", "x"}};
  api::Reply reply = api::problem(error, "ab12");
  CHECK(reply.status == 422);
  CHECK(reply.content_type == "application/problem+json");
  CHECK(reply.body ==
        R"({"code":"request.invalid","detail":"2 members are wrong","errors":[)"
        R"({"code":"out_of_range","detail":"from 1 to 10","pointer":"/terms/uses_max"},)"
        R"({"code":"unknown_member","detail":"x","pointer":"/x"}],)"
        R"("instance":"urn:tallystick:request:ab12","status":422,"title":"Unprocessable Content",)"
        R"("type":"urn:tallystick:problem:request.invalid"})");
}

TEST_CASE("problem: 401 names the scheme, 429 and 503 the time to wait") {
  auto of = [](Refusal kind) { return api::problem({kind, "a.b", ""}, "1"); };
  CHECK(header_of(of(Refusal::unauthenticated), "WWW-Authenticate") == "Bearer");
  CHECK(header_of(of(Refusal::exhausted), "Retry-After") == "1");
  CHECK(header_of(of(Refusal::unavailable), "Retry-After") == "1");
  CHECK(of(Refusal::conflict).headers.empty());
}

TEST_CASE("problem: what a stranger sent cannot break the document") {
  core::Error error{Refusal::invalid, "a.b", "bad \xff byte"};
  CHECK(document_of(api::problem(error, "1")).find("detail")->as_string() == "(not UTF-8)");
  error.message = "\"quote\"\n";
  CHECK(document_of(api::problem(error, "1")).find("detail")->as_string() == "\"quote\"\n");
}

TEST_CASE("problem: an internal failure says nothing but its request") {
  api::Reply reply = api::internal_problem("ab12");
  CHECK(reply.status == 500);
  core::Json document = document_of(reply);
  CHECK(document.find("code")->as_string() == "internal");
  CHECK(document.find("instance")->as_string() == "urn:tallystick:request:ab12");
}
