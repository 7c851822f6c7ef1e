#include "space/signing.h"

#include <doctest/doctest.h>

#include "core/hash.h"
#include "space/commitment.h"

using namespace tally;
using namespace tally::space;

namespace {

struct Signed {
  core::SigningKey key = core::SigningKey::from_seed(core::sha256("a party"));
  SignedStatement statement{SignedVerb::offer, "space.example/log",
                            *PartyId::parse("pty_01JD8Z5Q4R3X2W1V0T9S8R7Q6P"),
                            KeyId::of(key.public_key()), core::sha256("{}")};
};

std::string code_of(const core::Result<core::Done>& result) {
  REQUIRE(!result);
  CHECK(result.error().kind == core::Refusal::forbidden);
  return result.error().code;
}

}  // namespace

TEST_CASE("signing: the text that is signed is spelled out") {
  Signed s;
  CHECK(signed_text(s.statement) ==
        "tallystick/offer/v1\n"
        "space.example/log\n"
        "pty_01JD8Z5Q4R3X2W1V0T9S8R7Q6P\n" +
            s.statement.key.text() +
            "\n"
            "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a\n");
}

TEST_CASE("signing: each verb has its name") {
  CHECK(verb_name(SignedVerb::offer) == "offer");
  CHECK(verb_name(SignedVerb::add_key) == "add-key");
  CHECK(verb_name(SignedVerb::retire_key) == "retire-key");
  CHECK(verb_name(SignedVerb::accept) == "accept");
  CHECK(verb_name(SignedVerb::terminate) == "terminate");
  CHECK(verb_name(SignedVerb::refund) == "refund");
  CHECK(verb_name(SignedVerb::registration) == "register");
  CHECK(verb_name(SignedVerb::token) == "token");
}

TEST_CASE("signing: a key's id is the beginning of a hash that is made for this alone") {
  core::Hash key;  // 32 zero bytes
  std::string digits =
      core::to_hex(core::sha256("tallystick/party-key/v1\n" + std::string(32, '\0')));
  CHECK(KeyId::of(key).text() == "key_" + digits.substr(0, 16));
  CHECK(KeyId::parse("key_0123456789abcdef")->text() == "key_0123456789abcdef");
  CHECK_FALSE(KeyId::parse("key_0123456789ABCDEF"));
  CHECK_FALSE(KeyId::parse("key_0123456789abcde"));
  CHECK_FALSE(KeyId::parse("kay_0123456789abcdef"));
  CHECK_FALSE(KeyId::parse(""));
}

TEST_CASE("signing: a signature is good for its verb, space, party, key and document alone") {
  Signed s;
  auto signature = sign(s.statement, s.key);
  CHECK(check_signature(s.statement, s.key.public_key(), signature));
  auto altered = [&](auto change) {
    SignedStatement statement = s.statement;
    change(statement);
    return code_of(check_signature(statement, s.key.public_key(), signature));
  };
  CHECK(altered([](auto& it) { it.verb = SignedVerb::accept; }) == "signature.invalid");
  CHECK(altered([](auto& it) { it.origin = "other.example/log"; }) == "signature.invalid");
  CHECK(altered([](auto& it) { it.party = PartyId(); }) == "signature.invalid");
  CHECK(altered([](auto& it) { it.document = core::sha256("[]"); }) == "signature.invalid");
  CHECK(altered([](auto& it) { it.key = KeyId(); }) == "signature.wrong_key");
  auto stranger = core::SigningKey::from_seed(core::sha256("a stranger"));
  CHECK(code_of(check_signature(s.statement, stranger.public_key(), signature)) ==
        "signature.wrong_key");
  CHECK(code_of(check_signature(s.statement, s.key.public_key(), sign(s.statement, stranger))) ==
        "signature.invalid");
}

TEST_CASE("signing: a signature has one spelling") {
  Signed s;
  auto signature = sign(s.statement, s.key);
  CHECK(signature.text().size() == 88);
  CHECK(Signature::parse(signature.text()) == signature);
  CHECK_FALSE(Signature::parse(""));
  CHECK_FALSE(Signature::parse(signature.text() + "\n"));
  CHECK_FALSE(Signature::parse(core::to_base64(std::string(63, 's'))));
  CHECK_FALSE(Signature::parse(core::to_base64(std::string(65, 's'))));
}

TEST_CASE("signing: a time keeps the spelling under which it was signed") {
  for (const char* text :
       {"2026-11-22T05:13:24Z", "2026-11-22T05:13:24.000Z", "2026-11-22T05:13:24.120Z"}) {
    auto time = SignedTime::parse(text);
    REQUIRE(time);
    CHECK(time->text() == text);
  }
  CHECK(SignedTime::parse("2026-11-22T05:13:24.000Z")->instant() ==
        SignedTime::parse("2026-11-22T05:13:24Z")->instant());
  CHECK_FALSE(SignedTime::parse("yesterday"));
}

TEST_CASE("commitment: it is over the salt's characters and the value") {
  std::string salt = "000102030405060708090a0b0c0d0e0f";
  CHECK(commitment(salt, "cat") ==
        core::to_hex(core::sha256("tallystick/commitment/v1\n" + salt + "cat")));
  CHECK(commitment(salt, "cat") != commitment("100102030405060708090a0b0c0d0e0f", "cat"));
}
