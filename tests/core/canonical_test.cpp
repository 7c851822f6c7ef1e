#include "core/canonical.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include "core/bytes.h"
#include "core/json_samples.h"

using namespace tally::core;

namespace {

std::string canonical_of(std::string_view text) {
  auto json = parse_json(text);
  return json ? canonical(*json) : json.error().code;
}

// The rule as RFC 8785 puts it, by way of UTF-16; input is valid UTF-8.
std::u16string to_utf16(std::string_view text) {
  std::u16string units;
  for (std::size_t i = 0; i < text.size();) {
    auto lead = static_cast<std::uint8_t>(text[i]);
    std::size_t length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    std::uint32_t point = length == 1 ? lead : lead & (0xffU >> (length + 1));
    for (std::size_t k = 1; k < length; ++k)
      point = (point << 6) | (static_cast<std::uint8_t>(text[i + k]) & 0x3fU);
    if (point >= 0x10000) {
      units += static_cast<char16_t>(0xd800 + ((point - 0x10000) >> 10));
      units += static_cast<char16_t>(0xdc00 + ((point - 0x10000) & 0x3ff));
    } else {
      units += static_cast<char16_t>(point);
    }
    i += length;
  }
  return units;
}

}  // namespace

TEST_CASE("canonical: the string of RFC 8785, section 3.2.2.2") {
  CHECK(canonical_of(R"(["\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/"])") ==
        "[\"\xe2\x82\xac$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"]");
}

TEST_CASE("canonical: only quote, backslash and controls are escaped") {
  std::string controls;
  for (char c = 0; c < 0x20; ++c) controls += c;
  CHECK(canonical(Json(controls + "\"\\/\x7f<>&'")) ==
        "\"\\u0000\\u0001\\u0002\\u0003\\u0004\\u0005\\u0006\\u0007\\b\\t\\n\\u000b\\f\\r\\u000e"
        "\\u000f\\u0010\\u0011\\u0012\\u0013\\u0014\\u0015\\u0016\\u0017\\u0018\\u0019\\u001a"
        "\\u001b\\u001c\\u001d\\u001e\\u001f\\\"\\\\/\x7f<>&'\"");
  CHECK(canonical_of(R"("\u2028\u2029\ufeff\u0080")") ==
        "\"\xe2\x80\xa8\xe2\x80\xa9\xef\xbb\xbf\xc2\x80\"");
  // Composed and decomposed stay what they are (testdata "unicode").
  CHECK(canonical_of(R"({"Unnormalized Unicode":"A\u030a"})") ==
        "{\"Unnormalized Unicode\":\"A\xcc\x8a\"}");
}

TEST_CASE("canonical: the member order of RFC 8785, section 3.2.3") {
  CHECK(canonical_of(R"({
    "\u20ac": "Euro Sign",
    "\r": "Carriage Return",
    "\ufb33": "Hebrew Letter Dalet With Dagesh",
    "1": "One",
    "\ud83d\ude00": "Emoji: Grinning Face",
    "\u0080": "Control",
    "\u00f6": "Latin Small Letter O With Diaeresis"
  })") ==
        "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\xc2\x80\":\"Control\","
        "\"\xc3\xb6\":\"Latin Small Letter O With Diaeresis\",\"\xe2\x82\xac\":\"Euro Sign\","
        "\"\xf0\x9f\x98\x80\":\"Emoji: Grinning Face\","
        "\"\xef\xac\xb3\":\"Hebrew Letter Dalet With Dagesh\"}");
}

TEST_CASE("canonical: the published cases without fractions") {
  // arrays, french, structures, weird of cyberphone/json-canonicalization; structures with its
  // 56.0 as 56.
  CHECK(canonical_of(R"([ 56, { "d": true, "10": null, "1": [ ] } ])") ==
        R"([56,{"1":[],"10":null,"d":true}])");
  CHECK(canonical_of("{\"peach\":\"This sorting order\",\"p\xc3\xa9"
                     "ch\xc3\xa9\":\"is wrong according to French\",\"p\xc3\xaa"
                     "che\":\"but canonicalization MUST\",\"sin\":\"ignore locale\"}") ==
        "{\"peach\":\"This sorting order\",\"p\xc3\xa9"
        "ch\xc3\xa9\":\"is wrong according to French\",\"p\xc3\xaa"
        "che\":\"but canonicalization MUST\",\"sin\":\"ignore locale\"}");
  CHECK(canonical_of(
            R"({"1":{"f":{"f":"hi","F":5} ,"\n":56}, "10":{ }, "":"empty", "a":{ },
                "111":[ {"e":"yes","E":"no" } ], "A":{ } })") ==
        R"({"":"empty","1":{"\n":56,"f":{"F":5,"f":"hi"}},"10":{},"111":[{"E":"no","e":"yes"}],)"
        R"("A":{},"a":{}})");
  CHECK(canonical_of(
            R"({"\u20ac":"Euro Sign","\r":"Carriage Return","\u000a":"Newline","1":"One",
                "\u0080":"Control\u007f","\ud83d\ude02":"Smiley","\u00f6":"o","\ufb33":"Dalet",
                "</script>":"Browser Challenge"})") ==
        "{\"\\n\":\"Newline\",\"\\r\":\"Carriage Return\",\"1\":\"One\",\"</script>\":\"Browser "
        "Challenge\",\"\xc2\x80\":\"Control\x7f\",\"\xc3\xb6\":\"o\",\"\xe2\x82\xac\":\"Euro "
        "Sign\",\"\xf0\x9f\x98\x82\":\"Smiley\",\"\xef\xac\xb3\":\"Dalet\"}");
}

TEST_CASE("canonical: integers and literals have one spelling") {
  CHECK(canonical_of(
            " [ 0 , -0 , -1 , 9007199254740991 , -9007199254740991 , true , false , null ] ") ==
        "[0,0,-1,9007199254740991,-9007199254740991,true,false,null]");
  for (std::string_view text : {"[-0]", " 1", "1 ", "[1, 2]", R"({"b":1,"a":2})", R"("\u0061")",
                                R"("\/")", R"("\u000A")", R"("\u000a")", "1.0", "[", ""}) {
    CAPTURE(text);
    CHECK(!is_canonical(text));
  }
  for (std::string_view text : {"0", "\"\\n\"", "\"\\u000b\"", R"({"a":{},"b":[]})", "null"}) {
    CAPTURE(text);
    CHECK(is_canonical(text));
  }
}

TEST_CASE("canonical: a text that is not UTF-8 is never written") {
  CHECK_THROWS_AS(canonical(Json("\xff")), Broken);
  CHECK_THROWS_AS(canonical(Json::object({{"\xed\xa0\x80", 1}})), Broken);
}

TEST_CASE("canonical: names compare as their UTF-16 code units do") {
  CHECK(rc::check("canonical_less is the order of UTF-16", [] {
    auto a = *any_utf8();
    auto b = *any_utf8();
    RC_ASSERT(canonical_less(a, b) == (to_utf16(a) < to_utf16(b)));
  }));
}

TEST_CASE("canonical: text reads back to the same value and is its own canonical form") {
  CHECK(rc::check("parse is the inverse of canonical", [] {
    auto sample = *any_json();
    std::string text = canonical(sample);
    auto back = parse_json(text);
    RC_ASSERT(bool(back));
    RC_ASSERT(*back == sample);
    RC_ASSERT(canonical(*back) == text);
    RC_ASSERT(is_canonical(text));
  }));
  CHECK(rc::check("the order of members does not matter", [] {
    auto sample = *any_json();
    RC_PRE(sample.is_object());
    auto members = sample.as_object();
    std::reverse(members.begin(), members.end());
    RC_ASSERT(canonical(Json(members)) == canonical(sample));
    RC_ASSERT(Json(members) == sample);
  }));
}
