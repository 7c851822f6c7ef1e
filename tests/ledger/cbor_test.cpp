#include "ledger/cbor.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include "core/bytes.h"

using namespace tally::ledger;
using tally::core::from_hex;
using tally::core::to_hex;

namespace {

std::string hex_of(const Cbor& value) { return to_hex(encode_cbor(value)); }

// "" if it was taken.
std::string refusal(std::string_view hex) {
  auto value = parse_cbor(*from_hex(hex));
  return value ? "" : value.error().code;
}

Cbor any_cbor(unsigned depth) {
  int kind = *rc::gen::inRange(0, depth == 0 ? 5 : 8);
  auto few = [] { return *rc::gen::inRange(0, 4); };
  switch (kind) {
    case 0:
      return Cbor::natural(*rc::gen::arbitrary<std::uint64_t>());
    case 1:
      return Cbor::integer(*rc::gen::arbitrary<std::int64_t>());
    case 2:
      return Cbor::bytes(*rc::gen::arbitrary<std::string>());
    case 3:
      return Cbor::text(*rc::gen::container<std::string>(rc::gen::inRange('a', 'z')));
    case 4:
      return Cbor::null();
    case 5:
      return Cbor::tagged(*rc::gen::arbitrary<std::uint32_t>(), any_cbor(depth - 1));
    case 6: {
      std::vector<Cbor> items;
      for (int i = few(); i > 0; --i) items.push_back(any_cbor(depth - 1));
      return Cbor::array(std::move(items));
    }
    default: {
      std::vector<Cbor::Member> members;
      for (int i = few(); i > 0; --i)
        members.push_back({Cbor::integer(i % 2 == 0 ? i * 100 : -i), any_cbor(depth - 1)});
      return Cbor::map(std::move(members));
    }
  }
}

}  // namespace

TEST_CASE("cbor: the examples of RFC 8949 appendix A, where they are deterministic") {
  const std::vector<std::pair<Cbor, std::string>> examples = {
      {Cbor::natural(0), "00"},
      {Cbor::natural(1), "01"},
      {Cbor::natural(10), "0a"},
      {Cbor::natural(23), "17"},
      {Cbor::natural(24), "1818"},
      {Cbor::natural(25), "1819"},
      {Cbor::natural(100), "1864"},
      {Cbor::natural(1000), "1903e8"},
      {Cbor::natural(1000000), "1a000f4240"},
      {Cbor::natural(1000000000000), "1b000000e8d4a51000"},
      {Cbor::natural(18446744073709551615U), "1bffffffffffffffff"},
      {Cbor::integer(-1), "20"},
      {Cbor::integer(-10), "29"},
      {Cbor::integer(-100), "3863"},
      {Cbor::integer(-1000), "3903e7"},
      {Cbor::null(), "f6"},
      {Cbor::tagged(1, Cbor::natural(1363896240)), "c11a514b67b0"},
      {Cbor::bytes(""), "40"},
      {Cbor::bytes("\x01\x02\x03\x04"), "4401020304"},
      {Cbor::text(""), "60"},
      {Cbor::text("IETF"), "6449455446"},
      {Cbor::text("\"\\"), "62225c"},
      {Cbor::text("\xc3\xbc"), "62c3bc"},
      {Cbor::text("\xf0\x90\x85\x91"), "64f0908591"},
      {Cbor::array({}), "80"},
      {Cbor::array({Cbor::natural(1), Cbor::natural(2), Cbor::natural(3)}), "83010203"},
      {Cbor::map({}), "a0"},
      {Cbor::map({{Cbor::natural(3), Cbor::natural(4)}, {Cbor::natural(1), Cbor::natural(2)}}),
       "a201020304"},
      {Cbor::map({{Cbor::text("b"), Cbor::array({Cbor::natural(2), Cbor::natural(3)})},
                  {Cbor::text("a"), Cbor::natural(1)}}),
       "a26161016162820203"}};
  for (const auto& [value, hex] : examples) {
    CAPTURE(hex);
    CHECK(hex_of(value) == hex);
    auto parsed = parse_cbor(*from_hex(hex));
    REQUIRE(parsed);
    CHECK(*parsed == value);
  }
  CHECK(refusal("f4") == "");
  CHECK(refusal("f5") == "");
}

TEST_CASE("cbor: the keys of a map stand in the order of their bytes (RFC 8949 section 4.2.1)") {
  auto member = [](Cbor key) { return Cbor::Member{std::move(key), Cbor::natural(0)}; };
  CHECK(hex_of(Cbor::map({member(Cbor::text("aa")), member(Cbor::array({Cbor::integer(-1)})),
                          member(Cbor::natural(100)), member(Cbor::text("z")),
                          member(Cbor::integer(-1)), member(Cbor::natural(10))})) ==
        "a6"
        "0a00"
        "186400"
        "2000"
        "617a00"
        "62616100"
        "812000");
}

TEST_CASE("cbor: integers are told as such within 64 signed bits, and not beyond") {
  CHECK(parse_cbor(*from_hex("1b7fffffffffffffff"))->as_integer() == INT64_MAX);
  CHECK(parse_cbor(*from_hex("3b7fffffffffffffff"))->as_integer() == INT64_MIN);
  CHECK_FALSE(parse_cbor(*from_hex("1b8000000000000000"))->as_integer());
  CHECK_FALSE(parse_cbor(*from_hex("3b8000000000000000"))->as_integer());
  CHECK_FALSE(parse_cbor(*from_hex("20"))->as_natural());
  CHECK_FALSE(Cbor::text("1").as_integer());
  CHECK(Cbor::integer(INT64_MIN).as_integer() == INT64_MIN);
}

TEST_CASE("cbor: what has another spelling, or is none of ours, is refused") {
  const std::vector<std::string> bad = {
      "",                           // nothing
      "0000",                       // bytes behind
      "18",                         // ends in a head
      "1900",                       //
      "1817",                       // 23 in two bytes
      "1900ff",                     // 255 in three
      "1a0000ffff",                 // 65,535 in five
      "1b00000000ffffffff",         // 2^32 - 1 in nine
      "3817",                       // -24 in two
      "1c",                         // reserved
      "1f",                         //
      "5f4101ff",                   // indefinite bytes
      "7f6161ff",                   // indefinite text
      "9f01ff",                     // indefinite array
      "bf0102ff",                   // indefinite map
      "ff",                         // a break alone
      "5801ff",                     // a length of 1 in two bytes
      "41",                         // bytes that end early
      "5bffffffffffffffff",         // longer than memory
      "9bffffffffffffffff",         //
      "bbffffffffffffffff",         //
      "61ff",                       // a text that is not UTF-8
      "62c0af",                     // overlong
      "63eda080",                   // a surrogate
      "8201",                       // an array that ends early
      "a101",                       // a map without its value
      "a201000100",                 // a key twice
      "a202000100",                 // keys not sorted
      "a220000000",                 // -1 before 0
      "a2616200616100",             // b before a
      "c1",                         // a tag around nothing
      "d81200",                     // tag 18 in two bytes
      "f7",                         // undefined
      "e0",                         // simple(0)
      "f8ff",                       // simple(255)
      "f814",                       // false in two bytes
      "f93c00",                     // 1.0 in half
      "fa3f800000",                 // in single
      "fb3ff0000000000000",         // in double precision
      "f97e00",                     // NaN
      std::string(32, '8') + "00",  // not an array of this length
  };
  for (const auto& hex : bad) {
    CAPTURE(hex);
    CHECK(refusal(hex) == "cbor.malformed");
  }
  std::string nested;
  for (int i = 0; i < 15; ++i) nested += "81";
  CHECK(refusal(nested + "00") == "");
  CHECK(refusal(nested + "8100") == "cbor.malformed");
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "81";
  CHECK(refusal(deep + "00") == "cbor.malformed");
}

TEST_CASE("cbor: what was encoded is parsed again, and what was parsed encodes to its bytes") {
  CHECK(rc::check("encode and parse", [] {
    Cbor value = any_cbor(4);
    auto parsed = parse_cbor(encode_cbor(value));
    RC_ASSERT(bool(parsed));
    RC_ASSERT(*parsed == value);
  }));
  CHECK(rc::check("parse and encode", [] {
    std::string bytes = encode_cbor(any_cbor(4));
    auto at = static_cast<std::size_t>(*rc::gen::inRange(0, static_cast<int>(bytes.size())));
    bytes[at] = *rc::gen::arbitrary<char>();
    auto parsed = parse_cbor(bytes);
    if (parsed) RC_ASSERT(encode_cbor(*parsed) == bytes);
  }));
}
