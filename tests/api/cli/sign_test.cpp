// `tallystick sign`: what it signs, and what it refuses to.
#include <doctest/doctest.h>

#include "core/file.h"
#include "core/hash.h"
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
  test::Run sign(const std::string& verb, const std::string& text) {
    REQUIRE(core::write_file(document, text));
    return run(
        {"sign", verb, document, "--key", key, "--origin", "space.example/log", "--party", party});
  }
};

}  // namespace

TEST_CASE("cli sign: a document is signed under the verb that its format is for") {
  using space::SignedVerb;
  const std::vector<std::pair<SignedVerb, std::string>> formats = {
      {SignedVerb::offer, "tallystick/contract/v1"},
      {SignedVerb::accept, "tallystick/contract/v1"},
      {SignedVerb::terminate, "tallystick/termination/v1"},
      {SignedVerb::registration, "tallystick/party/v1"},
      {SignedVerb::token, "tallystick/token-request/v1"},
      {SignedVerb::add_key, "tallystick/key/v1"},
      {SignedVerb::retire_key, "tallystick/key-retirement/v1"},
      {SignedVerb::confirm, "tallystick/confirmation/v1"}};
  Desk desk;
  for (const auto& [verb, format] : formats) {
    std::string name(space::verb_name(verb));
    CAPTURE(name);
    std::string text = "{\"format\":\"" + format + "\"}";
    auto done = desk.sign(name, text);
    REQUIRE(done.code == 0);
    auto signature = space::Signature::parse(done.json().find("signature")->as_string());
    REQUIRE(signature);
    space::SignedStatement statement{verb, "space.example/log", *space::PartyId::parse(desk.party),
                                     space::KeyId::of(desk.public_key), core::sha256(text)};
    CHECK(space::check_signature(statement, desk.public_key, *signature));
  }
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
