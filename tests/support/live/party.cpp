#include "support/live/party.h"

#include <stdexcept>

#include "core/hash.h"
#include "core/time.h"

namespace tally::live {

using core::Json;

Json expect_json(const core::Result<api::HttpAnswer>& answer) {
  if (!answer) throw std::runtime_error(answer.error().code + ": " + answer.error().message);
  if (answer->status / 100 != 2)
    throw std::runtime_error(std::to_string(answer->status) + " " + answer->body);
  auto json = core::parse_json(answer->body);
  if (!json) throw std::runtime_error(json.error().message + ": " + answer->body.substr(0, 200));
  return *json;
}

namespace {

std::string fresh_key() { return core::system_random().salt(); }

}  // namespace

Party::Party(std::string url,
             std::string origin,
             const std::string& operator_token,
             const std::string& name,
             const std::vector<std::string>& roles)
    : url_(std::move(url)),
      origin_(std::move(origin)),
      id_(space::PartyId::make(core::system_clock().now(), core::system_random()).text()),
      key_(core::SigningKey::generate()) {
  Json document = Json::object({{"format", "tallystick/party/v1"},
                                {"id", id_},
                                {"name", name},
                                {"nonce", core::system_random().salt()},
                                {"public_key", core::to_hex(key_.public_key())}});
  api::HttpClient open(url_);
  expect_json(open.request("POST", "/v1/parties", {},
                           core::canonical(sign(space::SignedVerb::registration, document))));
  Json names = Json::array({});
  for (const auto& role : roles) names.append(role);
  api::HttpClient as_operator(url_, {.bearer_token = operator_token});
  expect_json(as_operator.request("POST", "/v1/parties/" + id_ + "/approve",
                                  {{"Idempotency-Key", fresh_key()}},
                                  core::canonical(Json::object({{"roles", names}}))));
  Json request = Json::object({{"format", "tallystick/token-request/v1"},
                               {"party", id_},
                               {"actor_name", name},
                               {"issued_at", core::format_time(core::system_clock().now())},
                               {"nonce", core::system_random().salt()},
                               {"expires_in_seconds", 86400}});
  auto given = expect_json(open.request("POST", "/v1/parties/" + id_ + "/tokens", {},
                                        core::canonical(sign(space::SignedVerb::token, request))));
  token_ = given.find("token")->as_string();
}

Party Party::at(std::string url, std::string origin) const {
  Party party = *this;
  party.url_ = std::move(url);
  party.origin_ = std::move(origin);
  return party;
}

Json Party::call(std::string_view method, const std::string& target, const Json& body) {
  api::HttpClient client(url_, {.bearer_token = token_});
  api::HttpClient::Headers headers;
  if (method == "POST") headers.emplace_back("Idempotency-Key", fresh_key());
  return expect_json(
      client.request(method, target, headers, body.is_null() ? "" : core::canonical(body)));
}

namespace {

Json signed_json(const core::SigningKey& key,
                 const std::string& origin,
                 const std::string& party,
                 space::SignedVerb verb,
                 const core::Hash& digest,
                 Json document) {
  auto key_id = space::KeyId::of(key.public_key());
  auto signature = space::sign({verb, origin, *space::PartyId::parse(party), key_id, digest}, key);
  return Json::object(
      {{"document", std::move(document)}, {"key", key_id.text()}, {"signature", signature.text()}});
}

}  // namespace

Json Party::sign(space::SignedVerb verb, const Json& document) const {
  return signed_json(key_, origin_, id_, verb, core::sha256(core::canonical(document)), document);
}

Json Party::sign_digest(space::SignedVerb verb, const Json& document) const {
  auto digest = core::sha256(core::canonical(document));
  return signed_json(key_, origin_, id_, verb, digest, core::to_hex(digest));
}

Json publish_dataset(Party& provider,
                     const std::string& url,
                     std::size_t records,
                     std::size_t record_bytes) {
  std::string content;
  for (std::size_t i = 0; i < records; ++i) {
    std::string start = "{\"n\":" + std::to_string(i) + ",\"text\":\"";
    content +=
        start +
        std::string(record_bytes > start.size() + 3 ? record_bytes - start.size() - 3 : 1, 'x') +
        "\"}\n";
  }
  auto digest = core::to_hex(core::sha256(content));
  auto dataset =
      provider.call("POST", "/v1/datasets",
                    Json::object({{"title", "generated"}, {"description", "for a test"}}));
  std::string id = dataset.find("dataset")->find("id")->as_string();
  auto made = provider.call("POST", "/v1/datasets/" + id + "/versions",
                            Json::object({{"content", "uploaded"},
                                          {"digest", digest},
                                          {"bytes", content.size()},
                                          {"media_type", "application/x-ndjson"}}));
  auto version = made.find("version")->find("version")->as_integer();
  api::HttpClient client(url, {.bearer_token = provider.token()});
  expect_json(client.request(
      "PUT", "/v1/datasets/" + id + "/versions/" + std::to_string(version) + "/content",
      {{"Content-Type", "application/x-ndjson"}}, content));
  return Json::object({{"digest", digest}, {"id", id}, {"version", version}});
}

std::string agree(Party& provider,
                  Party& consumer,
                  const Json& dataset,
                  const std::string& purpose,
                  std::uint64_t uses) {
  Json count = Json::object({{"operand", "count"}, {"operator", "lteq"}, {"value", uses}});
  Json permission = Json::object({{"actions", Json::array({"read"})},
                                  {"constraints", Json::array({count})},
                                  {"purpose", Json::array({purpose})}});
  Json document = Json::object(
      {{"dataset", dataset},
       {"format", "tallystick/contract/v1"},
       {"nonce", core::system_random().salt()},
       {"parties", Json::object({{"consumer", consumer.id()}, {"provider", provider.id()}})},
       {"permissions", Json::array({permission})}});
  auto offered =
      provider.call("POST", "/v1/contracts", provider.sign(space::SignedVerb::offer, document));
  std::string id = offered.find("contract")->find("id")->as_string();
  consumer.call("POST", "/v1/contracts/" + id + "/accept",
                consumer.sign_digest(space::SignedVerb::accept, document));
  return id;
}

}  // namespace tally::live
