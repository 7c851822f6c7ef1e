// `tallystick sign`: what it signs, and what it refuses to.
#include <doctest/doctest.h>

#include "core/file.h"
#include "core/hash.h"
#include "core/json.h"
#include "space/signing.h"
#include "support/api/command_line.h"
#include "support/temp_dir.h"

using namespace tally;
using test::run;

namespace {

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

struct Desk {
  test::TempDir dir;
  std::string key = dir.file("a.key");
  std::string document = dir.file("document");
  std::string party;
  core::Hash public_key;

  Desk() {
    auto made = run({"keygen", key, "--json"}).json();
    party = made.find("party")->as_string();
    public_key = *core::Hash::from_hex(made.find("public_key")->as_string());
  }
  test::Run sign(const std::string& verb,
                 const std::string& text,
                 const std::vector<std::string>& more = {}) {
    REQUIRE(core::write_file(document, text));
    std::vector<std::string> words{
        "sign", verb, document, "--key", key, "--origin", "space.example/log", "--party", party};
    words.insert(words.end(), more.begin(), more.end());
    return run(words);
  }

  std::string contract(const std::string& count) const {
    return R"({"dataset":{"digest":")" + std::string(64, 'a') +
           R"(","id":"dst_01ARZ3NDEKTSV4RRFFQ69G5FAV","version":1},"format":"tallystick/contract/v1",)" +
           nonce() + R"(,"parties":{"consumer":"pty_01ARZ3NDEKTSV4RRFFQ69G5FAV","provider":")" +
           party +
           R"("},"permissions":[{"actions":["read"],"constraints":[{"operand":"count","operator":"lteq","value":)" +
           count + R"(}],"purpose":["labeling"]}]})";
  }
  static std::string nonce() { return "\"nonce\":\"" + std::string(32, '0') + "\""; }

  // One of each verb, as a server takes it.
  std::vector<std::pair<space::SignedVerb, std::string>> documents() const {
    using space::SignedVerb;
    const std::string hash = "\"" + std::string(64, 'b') + "\"";
    const std::string public_key_text = "\"public_key\":\"" + core::to_hex(public_key) + "\"";
    const std::string contract_id =
        R"("contract":"ctr_01ARZ3NDEKTSV4RRFFQ69G5FAV","document":)" + hash;
    const std::string now = R"("issued_at":"2026-01-02T03:04:05Z",)";
    return {
        {SignedVerb::offer, contract("5")},
        {SignedVerb::accept, contract("5")},
        {SignedVerb::terminate, "{" + contract_id + R"(,"format":"tallystick/termination/v1",)" +
                                    nonce() + R"(,"reason":"done"})"},
        {SignedVerb::registration, R"({"format":"tallystick/party/v1","id":")" + party +
                                       R"(","name":"Clinic",)" + nonce() + "," + public_key_text +
                                       "}"},
        {SignedVerb::token,
         R"({"actor_name":"Ann","expires_in_seconds":60,"format":"tallystick/token-request/v1",)" +
             now + nonce() + R"(,"party":")" + party + R"("})"},
        {SignedVerb::add_key,
         R"({"format":"tallystick/key/v1","party":")" + party + "\"," + public_key_text + "}"},
        {SignedVerb::retire_key, R"({"format":"tallystick/key-retirement/v1","key":")" +
                                     space::KeyId::of(public_key).text() + R"(","party":")" +
                                     party + "\"}"},
        {SignedVerb::confirm, "{" + contract_id + R"(,"format":"tallystick/confirmation/v1",)" +
                                  nonce() + R"(,"used":[1]})"}};
  }
};

}  // namespace

TEST_CASE("cli sign: a document is signed under the verb that its format is for") {
  using space::SignedVerb;
  Desk desk;
  for (const auto& [verb, text] : desk.documents()) {
    std::string name(space::verb_name(verb));
    CAPTURE(name);
    auto done = desk.sign(name, text);
    CAPTURE(done.err);
    REQUIRE(done.code == 0);
    auto signature = space::Signature::parse(done.json().find("signature")->as_string());
    REQUIRE(signature);
    auto digest = core::sha256(core::canonical(*core::parse_json(text)));
    space::SignedStatement statement{verb, "space.example/log", *space::PartyId::parse(desk.party),
                                     space::KeyId::of(desk.public_key), digest};
    CHECK(space::check_signature(statement, desk.public_key, *signature));
  }
}

TEST_CASE("cli sign: what a server would refuse is not signed, unless it is asked for") {
  Desk desk;
  for (const auto& [verb, text] : desk.documents()) {
    std::string name(space::verb_name(verb));
    CAPTURE(name);
    std::string more = "{\"surplus\":1," + text.substr(1);
    auto refused = desk.sign(name, more);
    CHECK(refused.code == 1);
    CHECK(refused.out.empty());
    CHECK(holds(refused.err, "/surplus"));
    CHECK(desk.sign(name, more, {"--unchecked"}).code == 0);
  }
  auto endless = desk.sign("offer", desk.contract("0"));
  CHECK(endless.code == 1);
  CHECK(holds(endless.err, "/permissions/0/constraints/0/value"));
}

TEST_CASE("cli sign: an origin that can be none is refused") {
  Desk desk;
  REQUIRE(core::write_file(desk.document, desk.documents().front().second));
  auto done = run({"sign", "offer", desk.document, "--key", desk.key, "--origin", "two words",
                   "--party", desk.party});
  CHECK(done.code == 2);
  CHECK(holds(done.err, "origin.malformed"));
}

TEST_CASE("cli sign: a document of another format is refused, and what is missing is named") {
  Desk desk;
  auto none = desk.sign("register", "{}");
  CHECK(none.code == 1);
  CHECK(none.out.empty());
  CHECK(holds(none.err, "document.wrong_format"));
  CHECK(holds(none.err, "\"format\":\"tallystick/party/v1\"; this one has no member format"));
  auto other = desk.sign("token", "{\"format\":\"tallystick/party/v1\"}");
  CHECK(other.code == 1);
  CHECK(other.out.empty());
  CHECK(holds(other.err, "this one has \"format\":\"tallystick/party/v1\""));
  for (const char* text : {"[]", "1", "{\"format\":1}", "{\"format\":\"tallystick/party/v2\"}"}) {
    CAPTURE(text);
    CHECK(desk.sign("register", text).code == 1);
  }
}

TEST_CASE("cli sign: a verb that no route takes is no verb") {
  Desk desk;
  CHECK(desk.sign("refund", "{\"format\":\"tallystick/contract/v1\"}").code == 2);
  CHECK_FALSE(holds(run({"sign", "--help"}).out, "refund"));
}
