#include "api/router.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include "core/id.h"
#include "core/json.h"

using namespace tally;
using api::BodyKind;
using api::Reply;
using api::Request;
using api::Router;
using core::Error;
using core::Json;
using core::Refusal;
using core::Result;

namespace {

class TextBody : public api::BodySource {
 public:
  explicit TextBody(std::string text) : text_(std::move(text)) {}
  Result<core::Done> read(const api::BodySink& sink, std::uint64_t bytes_max) override {
    constexpr std::size_t step = 3;
    if (text_.size() > bytes_max)
      return Error{Refusal::too_large, "request.body_too_large", "too large"};
    for (std::size_t at = 0; at < text_.size(); at += step)
      if (!sink(std::string_view(text_).substr(at, step))) break;
    return core::Done{};
  }

 private:
  std::string text_;
};

Result<api::Principal> authenticate(const Request& request, const std::string& scope) {
  auto token = request.bearer_token();
  if (!token) return token.error();
  api::Principal principal;
  if (auto known = space::find_scope(*token)) principal.scopes.add(*known);
  if (!principal.has(scope)) return Error{Refusal::forbidden, "auth.scope_missing", "no"};
  return principal;
}

Router::Handler echo(std::string text) {
  return [text](const Request&) -> Result<Reply> { return api::ok(Json(text)); };
}

struct Asked {
  int status = 0;
  std::string text = {};  // the body, or the problem's code
  std::string allow = {};
};

Asked ask(const Router& router, Request request, const std::string& body = "") {
  request.request_id = "r1";
  TextBody source(body);
  Reply reply = router.answer(request, source);
  auto json = core::parse_json(reply.body);
  REQUIRE(json);
  Asked asked{reply.status, reply.body};
  if (const Json* code = json->find("code")) asked.text = code->as_string();
  for (const auto& [name, value] : reply.headers)
    if (name == "Allow") asked.allow = value;
  return asked;
}

Asked ask(const Router& router, std::string_view method, std::string_view target) {
  return ask(router, Request(method, target));
}

struct ThingTag {
  static constexpr std::string_view prefix = "thg";
};

struct Named {
  std::string name;
  static constexpr auto fields = core::FieldList{core::field("name", &Named::name)};
};

}  // namespace

TEST_CASE("router: literals win over names, and a name over nothing") {
  Router router(nullptr);
  router.add("GET", "/", {}, echo("root"));
  router.add("GET", "/v1/things", {}, echo("list"));
  router.add("GET", "/v1/things/{id}", {}, [](const Request& request) -> Result<Reply> {
    return api::ok(Json("one " + std::string(request.param("id"))));
  });
  router.add("GET", "/v1/things/new", {}, echo("new"));
  router.add("GET", "/v1/things/{thing}/parts/{part}", {}, [](const Request& r) -> Result<Reply> {
    return api::ok(Json(std::string(r.param("thing")) + "+" + std::string(r.param("part"))));
  });
  CHECK(ask(router, "GET", "/").text == "\"root\"");
  CHECK(ask(router, "GET", "/v1/things").text == "\"list\"");
  CHECK(ask(router, "GET", "/v1/things/x").text == "\"one x\"");
  CHECK(ask(router, "GET", "/v1/things/new").text == "\"new\"");
  CHECK(ask(router, "GET", "/v1/things/new/parts/7").text == "\"new+7\"");
  CHECK(ask(router, "GET", "/v1/things/a%20b%C3%A9").text == "\"one a b\xc3\xa9\"");
  CHECK(ask(router, "GET", "/v1/thing%73").text == "\"list\"");
}

TEST_CASE("router: what no pattern names is not found") {
  Router router(nullptr);
  router.add("GET", "/v1/things/{id}", {}, echo("one"));
  for (const char* target :
       {"/", "/v1", "/v1/things", "/v1/things/", "/v1/things/a/", "//v1/things/a", "/v1/things/a/b",
        "/v1//things/a", "/V1/things/a", "x"})
    CHECK(ask(router, "GET", target).text == "route.not_found");
  CHECK(ask(router, "GET", "/v1").status == 404);
}

TEST_CASE("router: a path that means another place is refused") {
  Router router(nullptr);
  router.add("GET", "/files/{id}", {}, echo("file"));
  for (const char* target :
       {"/files/..", "/files/.", "/files/%2e%2e", "/files/%2E.", "/../etc/passwd", "/files/a%2Fb",
        "/files/a%00b", "/files/%", "/files/%4", "/files/%zz", "/files/%ff"}) {
    CHECK(ask(router, "GET", target).text == "request.malformed_path");
    CHECK(ask(router, "GET", target).status == 400);
  }
  CHECK(ask(router, "GET", "/files/...").status == 200);
}

TEST_CASE("router: a last name with dots takes the rest of the path") {
  Router router(nullptr);
  router.add("GET", "/ledger/tile/{rest...}", {}, [](const Request& request) -> Result<Reply> {
    return api::ok(Json(request.param("rest")));
  });
  CHECK(ask(router, "GET", "/ledger/tile/0/x001/067.p/5").text == "\"0/x001/067.p/5\"");
  CHECK(ask(router, "GET", "/ledger/tile").text == "route.not_found");
  CHECK(ask(router, "GET", "/ledger/tile/a/../b").text == "request.malformed_path");
}

TEST_CASE("router: a method that a path does not take names those that it takes") {
  Router router(nullptr);
  router.add("GET", "/v1/things", {}, echo("list"));
  router.add("POST", "/v1/things", {}, echo("made"));
  auto asked = ask(router, "DELETE", "/v1/things");
  CHECK(asked.status == 405);
  CHECK(asked.text == "route.method_not_allowed");
  CHECK(asked.allow == "GET, HEAD, POST");
  CHECK(ask(router, "HEAD", "/v1/things").status == 200);
}

TEST_CASE("router: a route with a scope asks who is there") {
  Router router(authenticate);
  router.add("GET", "/open", {}, echo("open"));
  router.add("GET", "/mine", {.scope = "datasets:read"},
             [](const Request& request) -> Result<Reply> {
               return api::ok(Json(request.principal.party.text()));
             });
  auto with = [&](std::string_view value) {
    return ask(router, Request("GET", "/mine", {{"Authorization", value}}));
  };
  CHECK(ask(router, "GET", "/open").status == 200);
  CHECK(ask(router, "GET", "/mine").text == "token.missing");
  CHECK(ask(router, "GET", "/mine").status == 401);
  CHECK(with("Bearer datasets:read").text == "\"" + space::PartyId().text() + "\"");
  CHECK(with("bearer datasets:read").status == 200);
  CHECK(with("Bearer other").status == 403);
  for (const char* value : {"Basic abc", "Bearer", "Bearer ", "Bearer a b", "Bearer\ta"})
    CHECK(with(value).text == "token.malformed");
  Request twice("GET", "/mine", {{"Authorization", "Bearer a"}, {"authorization", "Bearer b"}});
  CHECK(ask(router, std::move(twice)).text == "request.repeated_header");
}

TEST_CASE("router: a query holds what the route declares, once") {
  Router router(nullptr);
  router.add("GET", "/q", {.query = {"limit", "text"}}, [](const Request& r) -> Result<Reply> {
    auto limit = r.query_number("limit");
    if (!limit) return limit.error();
    std::string text(r.query_text("text").value_or("-"));
    return api::ok(Json(std::to_string(limit->value_or(7)) + " " + text));
  });
  router.add("GET", "/none", {}, echo("none"));
  CHECK(ask(router, "GET", "/q").text == "\"7 -\"");
  CHECK(ask(router, "GET", "/q?").text == "\"7 -\"");
  CHECK(ask(router, "GET", "/q?limit=3&text=a+b%26c%3D").text == "\"3 a b&c=\"");
  CHECK(ask(router, "GET", "/q?text").text == "\"7 \"");
  for (const char* limit : {"03", "-1", "", "1x", "9223372036854775808"})
    CHECK(ask(router, "GET", "/q?limit=" + std::string(limit)).text == "request.invalid_parameter");
  CHECK(ask(router, "GET", "/q?limit=1&limit=2").text == "request.repeated_parameter");
  CHECK(ask(router, "GET", "/q?other=1").text == "request.unknown_parameter");
  CHECK(ask(router, "GET", "/q?other=1").status == 422);
  CHECK(ask(router, "GET", "/none?a").text == "request.unknown_parameter");
  CHECK(ask(router, "GET", "/q?text=%f").text == "request.malformed_query");
  CHECK(ask(router, "GET", "/q?text=%ff").text == "request.malformed_query");
}

TEST_CASE("router: a key is asked for where it is needed") {
  Router router(nullptr);
  router.add("POST", "/use", {.needs_idempotency_key = true},
             [](const Request& r) -> Result<Reply> { return api::ok(Json(*r.idempotency_key())); });
  auto with = [&](std::string_view key) {
    return ask(router, Request("POST", "/use", {{"idempotency-key", key}}));
  };
  CHECK(ask(router, "POST", "/use").text == "idempotency_key.missing");
  CHECK(ask(router, "POST", "/use").status == 400);
  CHECK(with("k-1").text == "\"k-1\"");
  CHECK(with(std::string(128, 'k')).status == 200);
  CHECK(with(std::string(129, 'k')).text == "idempotency_key.malformed");
  CHECK(with("").text == "idempotency_key.malformed");
  CHECK(with("a b").text == "idempotency_key.malformed");
  CHECK(with("\xc3\xa9").text == "idempotency_key.malformed");
}

TEST_CASE("router: a body is read whole, streamed or refused, as the route says") {
  Router router(nullptr, {.body_bytes_max = 20});
  router.add("POST", "/none", {}, echo("none"));
  router.add("POST", "/json", {.body = BodyKind::json}, [](const Request& r) -> Result<Reply> {
    auto named = r.body<Named>();
    if (!named) return named.error();
    return api::created(*named, "/json/1");
  });
  router.add("POST", "/stream", {.body = BodyKind::stream, .body_bytes_max = 100},
             [](const Request& r) -> Result<Reply> {
               int pieces = 0;
               auto read = r.read_body([&](std::string_view) { return ++pieces < 5; });
               if (!read) return read.error();
               return api::ok(Json(pieces));
             });
  auto post = [&](const char* target, const std::string& body) {
    return ask(router, Request("POST", target), body);
  };
  CHECK(post("/none", "").status == 200);
  CHECK(post("/none", "{}").text == "request.unexpected_body");
  CHECK(post("/json", R"({"name":"x"})").status == 201);
  CHECK(post("/json", R"({"name":"x"})").text == R"({"name":"x"})");
  CHECK(post("/json", R"({"nome":"x"})").text == "request.invalid");
  CHECK(post("/json", "{").text == "json.malformed");
  CHECK(post("/json", "").text == "json.malformed");
  CHECK(post("/json", std::string(21, ' ')).status == 413);
  CHECK(post("/stream", "abcdef").text == "2");
  CHECK(post("/stream", std::string(99, 'x')).text == "5");
  CHECK(post("/stream", std::string(101, 'x')).status == 413);
}

TEST_CASE("router: a text that is no id names nothing") {
  using ThingId = core::Id<ThingTag>;
  Router router(nullptr);
  router.add("GET", "/things/{id}", {}, [](const Request& request) -> Result<Reply> {
    auto id = request.id<ThingId>("id");
    if (!id) return id.error();
    return api::ok(Json(id->text()));
  });
  std::string id = "thg_01ARZ3NDEKTSV4RRFFQ69G5FAV";
  CHECK(ask(router, "GET", "/things/" + id).text == "\"" + id + "\"");
  CHECK(ask(router, "GET", "/things/ctr_01ARZ3NDEKTSV4RRFFQ69G5FAV").text == "request.unknown_id");
  CHECK(ask(router, "GET", "/things/7").status == 404);
}

TEST_CASE("router: an observer sees each reply, and 500 where a handler throws") {
  Router router(nullptr);
  std::vector<std::string> seen;
  router.observe([&](const Request&, std::string_view pattern, int status, std::int64_t) {
    seen.push_back(std::string(pattern) + " " + std::to_string(status));
  });
  router.add("GET", "/a/{id}", {}, echo("a"));
  router.add("GET", "/broken", {},
             [](const Request&) -> Result<Reply> { throw core::Broken("disk"); });
  ask(router, "GET", "/a/1");
  ask(router, "GET", "/b");
  ask(router, "PUT", "/a/1");
  CHECK_THROWS_AS(ask(router, "GET", "/broken"), core::Broken);
  CHECK(seen == std::vector<std::string>{"/a/{id} 200", " 404", " 405", "/broken 500"});
}

TEST_CASE("router: any target gets an answer") {
  Router router(nullptr);
  router.add("GET", "/v1/{a}/x/{b...}", {.query = {"q"}}, echo("x"));
  CHECK(rc::check("no target is worse than 4xx", [&](const std::string& noise) {
    Asked asked = ask(router, "GET", "/v1/" + noise + "/x/y?q=" + noise);
    RC_ASSERT(asked.status < 500);
  }));
}
