#include "core/bytes.h"

#include <doctest/doctest.h>

#include "core/hash.h"
#include "core/id.h"
#include "core/signature.h"
#include "core/time.h"

using namespace tally::core;

TEST_CASE("base64: what is decoded is spelled in one way only") {
  for (std::string bytes : {"", "f", "fo", "foo", "foob", "fooba", "foobar"}) {
    CHECK(from_base64(to_base64(bytes)) == bytes);
  }
  CHECK(to_base64("foob") == "Zm9vYg==");
  for (const char* bad : {"Zg", "Zg=", "Zh==", "Zg==\n", "Z===", "====", "Zm9=", "Zm 9", "=Zm9"}) {
    CAPTURE(bad);
    CHECK(!from_base64(bad));
  }
}

TEST_CASE("hex: lower case and even only") {
  CHECK(to_hex("\x01\xfe") == "01fe");
  CHECK(from_hex("01fe") == "\x01\xfe");
  CHECK(!from_hex("01FE"));
  CHECK(!from_hex("01f"));
}

TEST_CASE("decimal: one spelling, at most 2^63 - 1") {
  CHECK(parse_decimal("0") == 0U);
  CHECK(parse_decimal("9223372036854775807") == 9223372036854775807U);
  for (const char* bad : {"", "00", "01", "+1", "-1", " 1", "1 ", "1e3", "0x1",
                          "9223372036854775808", "18446744073709551615"}) {
    CAPTURE(bad);
    CHECK(!parse_decimal(bad));
  }
}

TEST_CASE("utf-8: overlong forms, surrogates and stray bytes are invalid") {
  CHECK(is_valid_utf8("caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80"));
  for (const char* bad :
       {"\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xff", "\xc3", "\x80"}) {
    CHECK(!is_valid_utf8(bad));
  }
}

TEST_CASE("sha-256: FIPS 180-4 and RFC 4231 vectors") {
  CHECK(to_hex(sha256("abc")) ==
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(sha256("a", "bc") == sha256("abc"));
  Sha256Stream stream;
  stream.update("ab");
  stream.update("c");
  CHECK(stream.finish() == sha256("abc"));
  CHECK(stream.finish() == sha256(""));
  CHECK(to_hex(hmac_sha256("Jefe", "what do ya want for nothing?")) ==
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  CHECK(to_hex(hmac_sha256(std::string(131, '\xaa'),
                           "Test Using Larger Than Block-Size Key - Hash Key First")) ==
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST_CASE("ed25519: RFC 8032 test 1, and no bit of a signature may change") {
  auto key = SigningKey::from_seed(
      *Hash::from_hex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"));
  CHECK(to_hex(key.public_key()) ==
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
  auto signature = key.sign("");
  CHECK(to_hex(signature) ==
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701c"
        "f9b46bd25bf5f0595bbe24655141438e7a100b");
  CHECK(signature_verifies(key.public_key(), "", signature));
  for (std::size_t i = 0; i < signature.size(); ++i) {
    auto bent = signature;
    bent[i] = static_cast<char>(bent[i] ^ 1);
    CHECK(!signature_verifies(key.public_key(), "", bent));
  }
  CHECK(!signature_verifies(key.public_key(), "x", signature));
  CHECK(!signature_verifies(key.public_key(), "", "short"));
}

TEST_CASE("time: RFC 3339 in UTC, there and back") {
  CHECK(format_time({0}) == "1970-01-01T00:00:00Z");
  CHECK(format_time({1732240000123}) == "2024-11-22T01:46:40.123Z");
  CHECK(parse_time("2024-11-22T01:46:40.123Z")->unix_ms == 1732240000123);
  CHECK(parse_time("2024-02-29T00:00:00Z"));
  for (const char* bad : {"2023-02-29T00:00:00Z", "2024-11-22T24:00:00Z", "2024-11-22T01:46:40",
                          "2024-11-22 01:46:40Z", "2024-11-22T01:46:40+00:00",
                          "2024-11-22T01:46:40.Z", "2024-11-22T01:46:40.1234Z", ""}) {
    CAPTURE(bad);
    CHECK(!parse_time(bad));
  }
}

namespace {
struct ThingTag {
  static constexpr std::string_view prefix = "thg";
};
}  // namespace

TEST_CASE("id: a ULID keeps its time and sorts by it") {
  SeededRandom random(1);
  auto first = Id<ThingTag>::make({1469918176385}, random);
  auto second = Id<ThingTag>::make({1469918176386}, random);
  CHECK(first < second);
  CHECK(first.text().substr(0, 14) == "thg_01ARYZ6S41");
  CHECK(Id<ThingTag>::parse(first.text()) == first);
  CHECK(!Id<ThingTag>::parse("ctr" + first.text().substr(3)));
  CHECK(!Id<ThingTag>::parse(first.text() + "0"));
  CHECK(!Id<ThingTag>::parse("thg_81ARYZ6S410000000000000000"));
}
