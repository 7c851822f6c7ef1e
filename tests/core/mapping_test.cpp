#include "core/mapping.h"

#include <tuple>

#include <doctest/doctest.h>

#include "core/id.h"

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
  static constexpr auto fields = std::tuple{
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
  static constexpr auto fields = std::tuple{
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
  static constexpr auto fields = std::tuple{};
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

}  // namespace

TEST_CASE("mapping: what is encoded decodes to the same value") {
  auto value = sample();
  auto back = decode<Everything>(encode(value));
  REQUIRE(back);
  CHECK(*back == value);
  CHECK(canonical(value) == canonical(encode(value)));
  CHECK(canonical(Empty{}) == "{}");
}
