#include "core/json.h"

#include <algorithm>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include "core/bytes.h"
#include "core/json_samples.h"

using namespace tally::core;

namespace {

std::string code_of(std::string_view text, const JsonLimits& limits = {}) {
  auto json = parse_json(text, limits);
  return json ? "read" : json.error().code;
}

std::string nested(std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); }

}  // namespace

TEST_CASE("json: a value keeps its kinds and the order of its members") {
  auto json = parse_json(R"( {"z":[true,false,null],"a":{"n":-12,"t":"x\u20ac\ud83d\ude00\n"}} )");
  REQUIRE(json);
  CHECK(json->as_object().front().name == "z");
  CHECK(*json->find("z") == Json::array({true, false, nullptr}));
  CHECK(json->find("a")->find("n")->as_integer() == -12);
  CHECK(json->find("a")->find("t")->as_string() == "x\xe2\x82\xac\xf0\x9f\x98\x80\n");
  CHECK(json->find("b") == nullptr);
  CHECK(Json("text").find("b") == nullptr);
}

TEST_CASE("json: objects are equal whatever the order, arrays are not") {
  CHECK(Json::object({{"a", 1}, {"b", 2}}) == Json::object({{"b", 2}, {"a", 1}}));
  CHECK(Json::object({{"a", 1}, {"b", 2}}) != Json::object({{"a", 1}, {"c", 2}}));
  CHECK(Json::object({{"a", 1}}) != Json::object({{"a", 1}, {"b", 2}}));
  CHECK(Json::array({1, 2}) != Json::array({2, 1}));
  CHECK(Json(1) != Json(true));
  CHECK(Json("1") != Json(1));
  CHECK(Json() == Json(nullptr));
}

TEST_CASE("json: a value is built member by member") {
  Json json = Json::object({{"size", std::uint32_t{3}}});
  json.add("names", Json::array({})).append("x");
  CHECK(json == *parse_json(R"({"names":["x"],"size":3})"));
}

TEST_CASE("json: what is not strict JSON is refused") {
  for (std::string_view bad : {"",
                               " ",
                               "{",
                               "[",
                               "[1,]",
                               "{\"a\":1,}",
                               "[01]",
                               "[-]",
                               "[-01]",
                               "[+1]",
                               "[.5]",
                               "[1.]",
                               "[0x1]",
                               "{a:1}",
                               "{'a':1}",
                               "['a']",
                               "nul",
                               "True",
                               "NaN",
                               "[Infinity]",
                               "1 2",
                               "[] []",
                               "{\"a\"}",
                               "{\"a\":}",
                               "{1:2}",
                               "[1 2]",
                               "]",
                               "// x\n1",
                               "/* x */1",
                               "\"",
                               "\"\\x\"",
                               "\"\\u12\"",
                               "\"\\u12g4\"",
                               "\"a\tb\"",
                               "\"a\nb\"",
                               "\xc2\xa0"
                               "1",
                               "\f1",
                               "[1]x"}) {
    CAPTURE(bad);
    CHECK(code_of(bad) == "json.malformed");
  }
}

TEST_CASE("json: a byte order mark and zero bytes are refused") {
  CHECK(code_of("\xef\xbb\xbf{}") == "json.malformed");
  CHECK(code_of("\xfe\xff") == "json.malformed");
  CHECK(code_of(std::string_view("{}\0", 3)) == "json.malformed");
  CHECK(code_of(std::string_view("{}\0garbage", 10)) == "json.malformed");
  CHECK(code_of(std::string_view("\"a\0b\"", 5)) == "json.malformed");
  auto escaped = parse_json("{\"\\u0000\":\"\\u0000\"}");
  REQUIRE(escaped);
  CHECK(escaped->as_object().front().name == std::string(1, '\0'));
}

TEST_CASE("json: surrogates stand in pairs, high before low") {
  CHECK(code_of(*from_hex("5b225c75646530305c7564383364225d")) == "json.malformed");
  for (std::string_view bad :
       {R"(["\ud83d"])", R"(["\ude00"])", R"(["\ude00\ud83d"])", R"(["\ud83d\ud83d"])",
        R"(["\ud83dx"])", R"(["\ud83d\n"])", R"({"\ud83d":1})", "[\"\xed\xa0\xbd\"]"}) {
    CAPTURE(bad);
    CHECK(code_of(bad) == "json.malformed");
  }
  CHECK(parse_json(R"("\uD83D\uDE00")")->as_string() == "\xf0\x9f\x98\x80");
}

TEST_CASE("json: text that is not UTF-8 is refused, and not quoted in the message") {
  CHECK(code_of(*from_hex("5b22ff225d")) == "json.malformed");
  for (std::string_view bad :
       {"\"\xc0\x80\"", "\"\xe0\x80\x80\"", "\"\xf4\x90\x80\x80\"", "\"\x80\"", "\"\xc3\"",
        "\"\xf0\x9f\x98\"", "{\"\xff\":1}", "\xff"}) {
    auto json = parse_json(bad);
    REQUIRE(!json);
    CHECK(json.error().code == "json.malformed");
    CHECK(is_valid_utf8(json.error().message));
  }
}

TEST_CASE("json: a name that stands twice is refused, however it is spelled") {
  for (std::string_view bad :
       {R"({"a":1,"a":2})", R"({"a":1,"\u0061":2})", R"({"a":1,"b":2,"c":3,"a":1})",
        R"({"":1,"":1})", R"({"\/":1,"/":1})"}) {
    CAPTURE(bad);
    CHECK(code_of(bad) == "json.malformed");
  }
  auto json = parse_json(R"([0,{"x/y":{"a":1,"b":2,"a":3}}])");
  REQUIRE(!json);
  REQUIRE(json.error().details.size() == 1);
  CHECK(json.error().details[0].pointer == "/1/x~1y/a");
  CHECK(json.error().details[0].code == "duplicate_member");
  CHECK(parse_json(R"([{"a":1},{"a":1}])"));
}

TEST_CASE("json: numbers are integers within 2^53 - 1") {
  CHECK(parse_json("9007199254740991")->as_integer() == json_integer_max);
  CHECK(parse_json("-9007199254740991")->as_integer() == -json_integer_max);
  CHECK(parse_json("-0")->as_integer() == 0);
  for (std::string_view bad :
       {"9007199254740992", "-9007199254740992", "9223372036854775808", "-9223372036854775809",
        "18446744073709551616", "1.0", "1.5", "1e3", "1E3", "1e-3", "-0.0", "1e400", "-1e400",
        "0e0", "123456789012345678901234567890"}) {
    CAPTURE(bad);
    CHECK(code_of(bad) == "json.not_an_integer");
  }
  CHECK(code_of("[1e400]") == "json.not_an_integer");
  auto json = parse_json(R"({"a":[1,{"b~c":0.5}]})");
  REQUIRE(!json);
  REQUIRE(json.error().details.size() == 1);
  CHECK(json.error().details[0].pointer == "/a/1/b~0c");
  CHECK(json.error().details[0].code == "not_an_integer");
}

TEST_CASE("json: the message says at which byte reading stopped") {
  CHECK(parse_json("[1,x]").error().message.find("(byte 4 of 5)") != std::string::npos);
  CHECK(parse_json("[1,2").error().message.find("(byte 4 of 4)") != std::string::npos);
}

TEST_CASE("json: 32 levels are read, 33 and 100,000 are not") {
  CHECK(parse_json(nested(32)));
  CHECK(code_of(nested(33)) == "json.malformed");
  CHECK(code_of(nested(100'000)) == "json.malformed");
  CHECK(code_of(std::string(100'000, '[')) == "json.malformed");
  std::string objects;
  for (int i = 0; i < 100'000; ++i) objects += "{\"a\":";
  CHECK(code_of(objects) == "json.malformed");
  CHECK(code_of(nested(3), {.depth_max = 2}) == "json.malformed");
}

TEST_CASE("json: a text beyond a limit of size is too large") {
  CHECK(code_of("[1,2,3]", {.members_max = 3}) == "read");
  CHECK(code_of("[1,2,3]", {.members_max = 2}) == "json.too_large");
  CHECK(code_of(R"({"a":[],"b":{}})", {.members_max = 2}) == "read");
  CHECK(code_of(R"({"a":[0],"b":{}})", {.members_max = 2}) == "json.too_large");
  CHECK(code_of("[1]", {.bytes_max = 3}) == "read");
  CHECK(code_of("[1]", {.bytes_max = 2}) == "json.too_large");
  CHECK(parse_json("[1]", {.bytes_max = 2}).error().kind == Refusal::too_large);
  std::string zeros = "[0";
  for (int i = 0; i < 10'000; ++i) zeros += ",0";
  CHECK(code_of(zeros + "]") == "json.too_large");
}

TEST_CASE("json: a pointer leaves out names that are too long to repeat") {
  std::string long_name(1'000, 'n');
  auto json = parse_json("{\"a\":{\"" + long_name + "\":0.5}}");
  REQUIRE(!json);
  CHECK(json.error().details[0].pointer == "/a");
}

TEST_CASE("json: indented text reads back") {
  Json json = Json::object({{"b", Json::array({1, Json::object({})})}, {"a", Json::array({})}});
  CHECK(indented(json) == "{\n  \"b\": [\n    1,\n    {}\n  ],\n  \"a\": []\n}\n");
  CHECK(rc::check("indented text reads back", [] {
    auto sample = *any_json();
    RC_ASSERT(*parse_json(indented(sample)) == sample);
  }));
}

TEST_CASE("json: no change of bytes breaks the reader, and what it reads it can write") {
  CHECK(rc::check("mutated text is refused or read", [] {
    std::string text = canonical(*any_json());
    auto changes = *rc::gen::container<std::vector<std::pair<std::size_t, char>>>(
        *rc::gen::inRange<std::size_t>(1, 5),
        rc::gen::pair(rc::gen::inRange<std::size_t>(0, text.size()), rc::gen::arbitrary<char>()));
    for (auto [at, byte] : changes) {
      switch (*rc::gen::inRange(0, 3)) {
        case 0:
          text[std::min(at, text.size() - 1)] = byte;
          break;
        case 1:
          text.insert(std::min(at, text.size()), 1, byte);
          break;
        default:
          if (text.size() > 1) text.erase(std::min(at, text.size() - 1), 1);
      }
    }
    auto json = parse_json(text);
    if (!json) {
      RC_ASSERT(is_valid_utf8(json.error().message));
      return;
    }
    RC_ASSERT(is_valid_utf8(text));
    RC_ASSERT(*parse_json(canonical(*json)) == *json);
  }));
}
