#include "core/mapping.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include "core/bytes.h"
#include "core/id.h"
#include "core/json_samples.h"

using namespace tally::core;

namespace {

enum class Purpose : std::uint8_t { training, labeling };

constexpr std::array<std::pair<Purpose, std::string_view>, 2> enum_names(Purpose) {
  return {{{Purpose::training, "training"}, {Purpose::labeling, "labeling"}}};
}

struct ItemTag {
  static constexpr std::string_view prefix = "itm";
};
using ItemId = Id<ItemTag>;

struct Term {
  std::string operand;
  std::int64_t value = 0;

  bool operator==(const Term&) const = default;
  static constexpr auto fields = FieldList{
      field("operand", &Term::operand, length(1, 8)),
      field("value", &Term::value, range(-5, 1'000)),
  };
};

struct Everything {
  std::uint64_t size = 0;
  bool ready = false;
  std::string name;
  std::string salt;
  std::uint32_t part_ppm = 0;
  Json rest;
  Hash digest;
  Instant at;
  Purpose purpose{};
  ItemId id;
  Term term;
  std::vector<Term> terms;
  std::vector<std::string> tags;
  std::optional<std::string> note;
  std::optional<Term> last;
  std::optional<std::vector<std::int64_t>> counts;

  bool operator==(const Everything&) const = default;
  static constexpr auto fields = FieldList{
      field("size", &Everything::size),
      field("ready", &Everything::ready),
      field("name", &Everything::name),
      field("salt", &Everything::salt, matches_hex(4)),
      field("part_ppm", &Everything::part_ppm, range(0, 1'000'000)),
      field("rest", &Everything::rest),
      field("digest", &Everything::digest),
      field("at", &Everything::at),
      field("purpose", &Everything::purpose),
      field("id", &Everything::id),
      field("term", &Everything::term),
      field("terms", &Everything::terms, length(0, 3)),
      field("tags", &Everything::tags, length(0, 3), each(length(1, 4))),
      field("note", &Everything::note, length(1, 10)),
      field("last", &Everything::last),
      field("counts", &Everything::counts),
  };
};

struct Empty {
  static constexpr auto fields = FieldList{};
};

struct Entry {
  std::uint64_t seq = 0;
  Hash prev;
  std::string kind;
  Json body;
  std::int64_t at = 0;
  std::optional<std::string> by;
  static constexpr auto fields = FieldList{field("seq", &Entry::seq),   field("prev", &Entry::prev),
                                           field("kind", &Entry::kind), field("body", &Entry::body),
                                           field("at", &Entry::at),     field("by", &Entry::by)};
};

struct Small {
  std::uint8_t byte = 0;
  std::int32_t word = 0;
  static constexpr auto fields =
      FieldList{field("byte", &Small::byte), field("word", &Small::word, range(0, 5'000'000'000))};
};

Everything sample() {
  Everything value;
  value.size = 3;
  value.name = "a \"name\"\n\xe2\x82\xac";
  value.salt = "00ff";
  value.rest = Json::object({{"b", 1}, {"a", nullptr}});
  value.term = {"count", 5};
  value.terms = {{"x", 1}, {"y", -5}};
  value.tags = {"t"};
  return value;
}

rc::Gen<Term> any_term() {
  return rc::gen::build<Term>(
      rc::gen::set(&Term::operand, rc::gen::element<std::string>("a", "count", "\xe2\x82\xac")),
      rc::gen::set(&Term::value, rc::gen::inRange<std::int64_t>(-5, 1'001)));
}

template <class T>
std::optional<T> maybe(const rc::Gen<T>& gen) {
  if (*rc::gen::arbitrary<bool>()) return std::nullopt;
  return *gen;
}

Everything any_everything() {
  auto term = any_term();
  auto byte = rc::gen::arbitrary<std::uint8_t>();
  Everything value = sample();
  value.size = static_cast<std::uint64_t>(*rc::gen::inRange<std::int64_t>(0, json_integer_max));
  value.ready = *rc::gen::arbitrary<bool>();
  value.name = *rc::gen::element<std::string>("", "\t\"\\\n/", "caf\xc3\xa9", "\xf0\x9f\x98\x80");
  value.part_ppm = *rc::gen::inRange<std::uint32_t>(0, 1'000'001);
  value.rest = *any_json(2);
  for (auto& b : value.digest.bytes) b = *byte;
  value.at.unix_ms = *rc::gen::inRange<std::int64_t>(0, 4'102'444'800'000);
  value.purpose = *rc::gen::element(Purpose::training, Purpose::labeling);
  SeededRandom random(*rc::gen::arbitrary<std::uint64_t>());
  value.id = ItemId::make(value.at, random);
  value.term = *term;
  value.terms.resize(*rc::gen::inRange<std::size_t>(0, 4), *term);
  value.tags.resize(*rc::gen::inRange<std::size_t>(0, 4), "t");
  value.note = maybe(rc::gen::element<std::string>("n", "\"\n\""));
  value.last = maybe(term);
  value.counts = maybe(rc::gen::container<std::vector<std::int64_t>>(any_integer()));
  return value;
}

Json sample_with(const std::string& name, const Json& member) {
  Json::Object members = encode(sample()).as_object();
  for (auto& [candidate, value] : members) {
    if (candidate == name) value = member;
  }
  Json json(std::move(members));
  if (json.find(name) == nullptr) json.add(name, member);
  return json;
}

// The findings on a sample with one member replaced or added, as "pointer code" joined by "; ".
std::string findings(const Json& json) {
  auto value = decode<Everything>(json);
  if (value) return "none";
  std::string out;
  for (const Detail& detail : value.error().details)
    out += (out.empty() ? "" : "; ") + detail.pointer + " " + detail.code;
  return out;
}
std::string findings(const std::string& name, const Json& member) {
  return findings(sample_with(name, member));
}

}  // namespace

TEST_CASE("mapping: what is encoded decodes to the same value") {
  auto back = decode<Everything>(encode(sample()));
  REQUIRE(back);
  CHECK(*back == sample());
  CHECK(decode<Empty>(Json::object({})));
  CHECK(canonical(Empty{}) == "{}");
  auto terms = decode<std::vector<Term>>(encode(sample().terms));
  REQUIRE(terms);
  CHECK(*terms == sample().terms);
}

TEST_CASE("mapping: members are encoded in their order, empty options left out") {
  Json json = encode(sample());
  CHECK(json.as_object().front().name == "size");
  CHECK(json.find("digest")->as_string() == std::string(64, '0'));
  CHECK(json.find("at")->as_string() == "1970-01-01T00:00:00Z");
  CHECK(json.find("purpose")->as_string() == "training");
  CHECK(json.find("id")->as_string() == "itm_00000000000000000000000000");
  CHECK(json.find("note") == nullptr);
  CHECK(json.find("counts") == nullptr);
}

TEST_CASE("mapping: canonical text is written in canonical order") {
  Entry entry{7, {}, "use.recorded/1", Json::object({{"z", 1}, {"a", 2}}), 12, {}};
  std::string zeros(64, '0');
  CHECK(canonical(entry) == R"({"at":12,"body":{"a":2,"z":1},"kind":"use.recorded/1","prev":")" +
                                zeros + R"(","seq":7})");
  entry.by = "act";
  CHECK(canonical(entry).starts_with(R"({"at":12,"body":{"a":2,"z":1},"by":"act","kind")"));
  std::string kept = "x";
  append_canonical(kept, entry);
  CHECK(kept == "x" + canonical(entry));
}

TEST_CASE("mapping: canonical text is that of the encoded value, and decodes back") {
  CHECK(rc::check("the fast path equals the slow one", [] {
    auto value = any_everything();
    std::string text = canonical(value);
    RC_ASSERT(text == canonical(encode(value)));
    auto json = parse_json(text);
    RC_ASSERT(bool(json));
    auto back = decode<Everything>(*json);
    RC_ASSERT(bool(back));
    RC_ASSERT(*back == value);
  }));
}

TEST_CASE("mapping: each wrong member is named with its place and a code") {
  CHECK(findings("more", 1) == "/more unknown_member");
  CHECK(findings("a/b~c", 1) == "/a~1b~0c unknown_member");
  CHECK(findings(std::string(300, 'n'), 1) == " unknown_member");
  CHECK(findings("size", "3") == "/size wrong_type");
  CHECK(findings("size", -1) == "/size out_of_range");
  CHECK(findings("size", json_integer_max) == "none");
  CHECK(findings("ready", 1) == "/ready wrong_type");
  CHECK(findings("part_ppm", 1'000'001) == "/part_ppm out_of_range");
  CHECK(findings("name", nullptr) == "/name wrong_type");
  CHECK(findings("name", std::string(4096, 'n')) == "none");
  CHECK(findings("name", std::string(4097, 'n')) == "/name too_long");
  CHECK(findings("salt", "00fF") == "/salt malformed");
  CHECK(findings("salt", "00ff0") == "/salt malformed");
  CHECK(findings("digest", std::string(64, 'F')) == "/digest malformed");
  CHECK(findings("digest", 1) == "/digest wrong_type");
  CHECK(findings("at", "yesterday") == "/at malformed");
  CHECK(findings("purpose", "theft") == "/purpose not_allowed");
  CHECK(findings("id", "itm_1") == "/id malformed");
  CHECK(findings("id", Json::array({})) == "/id wrong_type");
  CHECK(findings("term", "count") == "/term wrong_type");
  CHECK(findings("term", Json::object({{"operand", ""}, {"value", 1'001}, {"unit", 1}})) ==
        "/term/operand too_short; /term/value out_of_range; /term/unit unknown_member");
  CHECK(findings("terms", Json::array({Json::object({{"operand", "x"}}), 3})) ==
        "/terms/0/value missing; /terms/1 wrong_type");
  CHECK(findings("terms", Json::array({1, 2, 3, 4})) == "/terms too_long");
  CHECK(findings("tags", Json::array({"t", "", "tags", "tagss"})) == "/tags too_long");
  CHECK(findings("tags", Json::array({"", "tags", "tagss"})) ==
        "/tags/0 too_short; /tags/2 too_long");
  CHECK(findings("rest", nullptr) == "none");
}

TEST_CASE("mapping: an option may be absent, but not null") {
  CHECK(findings("note", "n") == "none");
  CHECK(findings("note", nullptr) == "/note wrong_type");
  CHECK(findings("note", "") == "/note too_short");
  CHECK(findings("last", Json::object({{"operand", "x"}})) == "/last/value missing");
  CHECK(findings("counts", Json::array({1, "2"})) == "/counts/1 wrong_type");
}

TEST_CASE("mapping: texts hold no control characters but line feed and tab") {
  CHECK(findings("name", "a\n\tb") == "none");
  for (const char* bad : {"\r", "\b", "\x1b[2J", "\x7f", "\xc2\x80",
                          "\xc2\x9b"
                          "2J"}) {
    CHECK(findings("name", bad) == "/name malformed");
  }
  CHECK(findings("name", std::string(1, '\0')) == "/name malformed");
  CHECK(findings("name", "\xc2\xa0\xc3\x80\xe2\x82\x80") == "none");
  CHECK(findings("rest", "\x1b") == "none");
}

TEST_CASE("mapping: everything that is wrong is reported at once") {
  CHECK(findings(Json::array({})) == " wrong_type");
  CHECK(findings(Json::object({{"size", true}, {"x", 1}})) ==
        "/size wrong_type; /ready missing; /name missing; /salt missing; /part_ppm missing; "
        "/rest missing; /digest missing; /at missing; /purpose missing; /id missing; "
        "/term missing; /terms missing; /tags missing; /x unknown_member");
  auto value = decode<Term>(Json::object({{"operand", 1}, {"value", 2'000}}));
  REQUIRE(!value);
  CHECK(value.error().kind == Refusal::invalid);
  CHECK(value.error().code == "request.invalid");
  CHECK(value.error().message == "/operand must be a string; 1 more to correct");
  CHECK(value.error().details[1] == Detail{"/value", "out_of_range", "must be from -5 to 1000"});
}

TEST_CASE("mapping: at most 50 findings are kept, all are counted") {
  Json json = Json::array({});
  for (int i = 0; i < 200; ++i) json.append(i);
  auto value = decode<std::vector<std::string>>(json);
  REQUIRE(!value);
  CHECK(value.error().details.size() == 50);
  CHECK(value.error().details.back().pointer == "/49");
  CHECK(value.error().message == "/0 must be a string; 199 more to correct");
}

TEST_CASE("mapping: small integers keep to their type") {
  CHECK(decode<Small>(Json::object({{"byte", 255}, {"word", 2'147'483'647}})));
  auto value = decode<Small>(Json::object({{"byte", 256}, {"word", 2'147'483'648}}));
  REQUIRE(!value);
  CHECK(value.error().details.size() == 2);
}

TEST_CASE("mapping: no random value breaks the decoder") {
  CHECK(rc::check("a member of any shape is refused or read", [] {
    auto name = *rc::gen::element<std::string>("size", "name", "term", "terms", "tags", "counts");
    auto value = decode<Everything>(sample_with(name, *any_json(3)));
    if (value)
      RC_ASSERT(canonical(*value) == canonical(encode(*value)));
    else
      RC_ASSERT(!value.error().details.empty());
  }));
}

TEST_CASE("mapping: the schema says names, types, limits and what is required") {
  CHECK(canonical(schema_of<Term>()) ==
        R"({"additionalProperties":false,"properties":{)"
        R"("operand":{"maxLength":8,"minLength":1,"type":"string"},)"
        R"("value":{"maximum":1000,"minimum":-5,"type":"integer"}},)"
        R"("required":["operand","value"],"type":"object"})");
  Json schema = schema_of<Everything>();
  auto property = [&](std::string_view name) {
    return canonical(*schema.find("properties")->find(name));
  };
  CHECK(property("size") == R"({"maximum":9007199254740991,"minimum":0,"type":"integer"})");
  CHECK(property("ready") == R"({"type":"boolean"})");
  CHECK(property("name") == R"({"maxLength":4096,"type":"string"})");
  CHECK(property("salt") == R"({"pattern":"^[0-9a-f]{4}$","type":"string"})");
  CHECK(property("part_ppm") == R"({"maximum":1000000,"minimum":0,"type":"integer"})");
  CHECK(property("rest") == "{}");
  CHECK(property("digest") == R"({"pattern":"^[0-9a-f]{64}$","type":"string"})");
  CHECK(property("purpose") == R"({"enum":["training","labeling"],"type":"string"})");
  CHECK(property("id") == R"({"pattern":"^itm_[0-7][0-9A-HJKMNP-TV-Z]{25}$","type":"string"})");
  CHECK(property("term") == canonical(schema_of<Term>()));
  CHECK(property("tags") ==
        R"({"items":{"maxLength":4,"minLength":1,"type":"string"},"maxItems":3,"type":"array"})");
  CHECK(property("note") == R"({"maxLength":10,"minLength":1,"type":"string"})");
  const auto& required = schema.find("required")->as_array();
  CHECK(required.size() == 13);
  CHECK(std::find(required.begin(), required.end(), Json("note")) == required.end());
}
