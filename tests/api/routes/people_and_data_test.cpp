// The routes of parties, actors and datasets, asked through the router as the server asks them.

#include <doctest/doctest.h>

#include "api/change.h"
#include "api/routes/datasets.h"
#include "api/routes/parties.h"
#include "core/hash.h"
#include "core/json.h"
#include "support/space/temp_space.h"

using namespace tally;
using core::Json;

namespace {

class TextBody : public api::BodySource {
 public:
  explicit TextBody(std::string_view text) : text_(text) {}
  core::Result<core::Done> read(const api::BodySink& sink, std::uint64_t) override {
    constexpr std::size_t piece_bytes = 1000;
    for (auto rest = text_; !rest.empty(); rest.remove_prefix(std::min(piece_bytes, rest.size()))) {
      if (!sink(rest.substr(0, piece_bytes))) break;
    }
    return core::Done{};
  }

 private:
  std::string_view text_;
};

struct Answer {
  int status = 0;
  Json json;
  std::string location;

  const Json& at(std::initializer_list<std::string_view> names) const {
    const Json* value = &json;
    for (auto name : names) {
      value = value->find(name);
      REQUIRE_MESSAGE(value != nullptr, name << " in " << core::canonical(json));
    }
    return *value;
  }
  std::string text(std::initializer_list<std::string_view> names) const {
    return at(names).as_string();
  }
};

struct Site {
  test::TempSpace space;
  api::Services services{space.journal(), space.clock, core::sha256("master"), space.operator_key,
                         "secret"};
  api::Router router{[this](const api::Request& request, const std::string& scope) {
    return authenticate(request, scope);
  }};
  int keys = 0;

  Site() {
    api::add_party_routes(router, services);
    api::add_dataset_routes(router, services);
  }

  core::Result<api::Principal> authenticate(const api::Request& request, const std::string& scope) {
    auto token = request.bearer_token();
    if (!token) return token.error();
    auto principal = services.authenticator.authenticate(*token);
    if (!principal) return principal.error();
    if (!scope.empty() && !principal->has(scope)) {
      return core::Error{core::Refusal::forbidden, "scope.missing", scope};
    }
    return principal;
  }

  Answer ask(const std::string& token,
             std::string_view method,
             const std::string& target,
             const std::string& body = "",
             std::string key = "") {
    std::string authorization = "Bearer " + token;
    if (key.empty()) key = "key-" + std::to_string(++keys);
    std::vector<api::Header> headers;
    if (!token.empty()) headers.push_back({"Authorization", authorization});
    if (method == "POST") headers.push_back({"Idempotency-Key", key});
    api::Request request(method, target, headers);
    TextBody source(body);
    auto reply = router.answer(request, source);
    auto json = core::parse_json(reply.body);
    REQUIRE_MESSAGE(json, reply.body);
    Answer answer{reply.status, *json, {}};
    for (const auto& [name, value] : reply.headers) {
      if (name == "Location") answer.location = value;
    }
    return answer;
  }

  // A party's own requests, signed.
  std::string registration(const space::PartyId& id, const core::SigningKey& key) {
    space::Registration body;
    body.document.id = id;
    body.document.name = "Hospital";
    body.document.nonce = "00112233445566778899aabbccddeeff";
    body.document.public_key = key.public_key();
    body.key = space::KeyId::of(key.public_key());
    body.signature = space.sign(space::SignedVerb::registration, id, key, body.document);
    return core::canonical(body);
  }
  std::string token_request(const space::PartyId& id, const core::SigningKey& key) {
    space::TokenRequest body;
    body.document.party = id;
    body.document.actor_name = "front desk";
    body.document.issued_at = space::SignedTime(space.clock.now());
    body.document.nonce = space.random.salt();
    body.document.expires_in_seconds = 3600;
    body.key = space::KeyId::of(key.public_key());
    body.signature = space.sign(space::SignedVerb::token, id, key, body.document);
    return core::canonical(body);
  }
};

std::string version_body(const std::string& content) {
  return core::canonical(Json::object({{"bytes", content.size()},
                                       {"content", "uploaded"},
                                       {"digest", core::to_hex(core::sha256(content))},
                                       {"media_type", "application/x-ndjson"}}));
}

}  // namespace

TEST_CASE("routes: a stranger registers, is approved, takes a token and is somebody") {
  Site site;
  auto key = core::SigningKey::from_seed(core::sha256("hospital"));
  auto id = space::PartyId::make(site.space.clock.now(), site.space.random);
  std::string party = "/v1/parties/" + id.text();
  auto registered = site.ask("", "POST", "/v1/parties", site.registration(id, key));
  CHECK(registered.status == 201);
  CHECK(registered.location == party);
  CHECK(registered.text({"party", "state"}) == "pending");
  CHECK(registered.at({"receipt", "seq"}).as_integer() == 4);
  CHECK(registered.text({"receipt", "proof"}).starts_with("c2sp.org/tlog-proof@v1\n"));
  CHECK(site.ask("", "POST", "/v1/parties", site.registration(id, key)).status == 200);

  auto early = site.ask("", "POST", party + "/tokens", site.token_request(id, key));
  CHECK(early.status == 403);
  CHECK(early.text({"code"}) == "party.not_approved");
  auto approved =
      site.ask(site.space.operator_token, "POST", party + "/approve", "{\"roles\":[\"provider\"]}");
  CHECK(approved.status == 200);
  CHECK(approved.text({"party", "state"}) == "approved");

  auto granted = site.ask("", "POST", party + "/tokens", site.token_request(id, key));
  CHECK(granted.status == 201);
  CHECK(granted.text({"actor", "party"}) == id.text());
  auto token = granted.text({"token"});
  CHECK(site.ask(token, "GET", party).text({"party", "name"}) == "Hospital");
  CHECK(site.ask(token, "GET", "/v1/parties").status == 403);
  auto listed = site.ask(site.space.operator_token, "GET", "/v1/parties?limit=1");
  CHECK(listed.at({"parties"}).as_array().size() == 1);
  CHECK(site.ask(site.space.operator_token, "GET",
                 "/v1/parties?cursor=" + listed.text({"next_cursor"}))
            .at({"parties"})
            .as_array()
            .size() == 1);
}

TEST_CASE("routes: an actor is added with a token that is said once, and revoked") {
  Site site;
  auto team = site.space.join("Labelers", {space::Role::labeler});
  std::string body = "{\"expires_in_seconds\":3600,\"name\":\"Ada\",\"scopes\":[\"tasks:work\"]}";
  auto first = site.ask(team.token, "POST", "/v1/actors", body, "k");
  CHECK(first.status == 201);
  auto again = site.ask(team.token, "POST", "/v1/actors", body, "k");
  CHECK(again.status == 200);
  CHECK(again.json.find("token") == nullptr);
  CHECK(again.text({"actor", "id"}) == first.text({"actor", "id"}));
  CHECK(again.text({"receipt", "proof"}) == first.text({"receipt", "proof"}));
  CHECK(site.ask(team.token, "GET", "/v1/actors").at({"actors"}).as_array().size() == 2);

  std::string revoke = "/v1/actors/" + first.text({"actor", "id"}) + "/revoke";
  auto revoked = site.ask(team.token, "POST", revoke);
  CHECK(revoked.status == 200);
  CHECK(revoked.text({"actor", "state"}) == "revoked");
  CHECK(site.ask(first.text({"token"}), "GET", "/v1/actors").text({"code"}) == "token.revoked");
  auto wrong = site.ask(team.token, "POST", "/v1/actors",
                        "{\"expires_in_seconds\":0,\"name\":\"\",\"scopes\":[\"all\"],\"x\":1}");
  CHECK(wrong.status == 422);
  CHECK(wrong.at({"errors"}).as_array().size() == 4);
}

TEST_CASE("routes: a dataset is registered, its version announced, and its content brought") {
  Site site;
  auto hospital = site.space.join("Hospital", {space::Role::provider});
  auto lab = site.space.join("Lab", {space::Role::consumer});
  auto registered = site.ask(hospital.token, "POST", "/v1/datasets",
                             "{\"description\":\"\",\"title\":\"X-rays\"}");
  CHECK(registered.status == 201);
  std::string dataset = "/v1/datasets/" + registered.text({"dataset", "id"});
  const std::string lines = "{\"a\":1}\n{\"a\":2}\n";
  auto announced = site.ask(hospital.token, "POST", dataset + "/versions", version_body(lines));
  CHECK(announced.status == 201);
  CHECK(announced.text({"version", "state"}) == "awaiting_content");
  CHECK(site.ask(lab.token, "GET", dataset).status == 404);

  std::string content = dataset + "/versions/1/content";
  auto wrong = site.ask(hospital.token, "PUT", content, "{\"a\":1}\n{\"a\":3}\n");
  CHECK(wrong.status == 422);
  CHECK(wrong.text({"code"}) == "dataset.digest_mismatch");
  CHECK(site.ask(lab.token, "PUT", content, lines).status == 403);
  auto uploaded = site.ask(hospital.token, "PUT", content, lines);
  CHECK(uploaded.status == 201);
  CHECK(uploaded.at({"version", "records"}).as_integer() == 2);
  CHECK(site.ask(hospital.token, "PUT", content, lines).status == 200);

  CHECK(site.ask(lab.token, "GET", dataset).at({"dataset", "versions"}).as_integer() == 1);
  CHECK(site.ask(lab.token, "GET", dataset + "/versions/1").text({"version", "state"}) ==
        "published");
  CHECK(site.ask(lab.token, "GET", dataset + "/versions").at({"versions"}).as_array().size() == 1);
  CHECK(site.ask(lab.token, "GET", "/v1/datasets").at({"datasets"}).as_array().size() == 1);
  for (const char* version : {"/versions/2", "/versions/01", "/versions/x", "/versions/0"}) {
    auto missing = site.ask(lab.token, "GET", dataset + version);
    CHECK(missing.status == 404);
    CHECK(missing.text({"code"}) == "dataset.version_not_found");
  }
  CHECK(site.ask(lab.token, "GET", "/v1/datasets?provider=x").status == 422);
  CHECK(site.ask(lab.token, "GET", dataset + "/versions?cursor=x").status == 422);
}
