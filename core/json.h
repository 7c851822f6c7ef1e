// JSON as this project speaks it: RFC 8259 with whole numbers only.
//
// Integers lie within 2^53 - 1 in magnitude, the range in which every reader of JSON agrees; there
// are no floats. Member names are unique, texts are UTF-8, nesting is bounded. parse_json refuses
// all else while it reads, so a Json in hand can always be written, compared and destroyed.
//
// Canonical text (RFC 8785) is what is hashed and signed: one value has exactly one spelling.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "core/assert.h"
#include "core/result.h"

namespace tally::core {

inline constexpr std::int64_t json_integer_max = (std::int64_t{1} << 53) - 1;

class Json {
 public:
  struct Member;
  using Array = std::vector<Json>;
  using Object = std::vector<Member>;  // in the order of writing; names are unique

  // Implicit on purpose: Json::object({{"size", 3}, {"name", "x"}}) should read as it does.
  Json();  // null
  Json(std::nullptr_t);
  template <std::same_as<bool> Bool>  // nothing else, above all no pointer, turns into a bool
  Json(Bool value) : value_(std::in_place_type<bool>, value) {}
  template <std::integral Integer>
  requires(!std::same_as<Integer, bool> && !std::same_as<Integer, char>) Json(Integer value)
      : value_(std::in_place_type<std::int64_t>, exact(value)) {}
  Json(std::string text);
  Json(std::string_view text);
  Json(const char* text);
  Json(Array elements);
  Json(Object members);

  static Json array(std::initializer_list<Json> elements);
  static Json object(std::initializer_list<Member> members);

  bool is_null() const { return holds<std::monostate>(); }
  bool is_bool() const { return holds<bool>(); }
  bool is_integer() const { return holds<std::int64_t>(); }
  bool is_string() const { return holds<std::string>(); }
  bool is_array() const { return holds<Array>(); }
  bool is_object() const { return holds<Object>(); }

  // Each asserts that the value is of that kind.
  bool as_bool() const { return as<bool>(); }
  std::int64_t as_integer() const { return as<std::int64_t>(); }
  const std::string& as_string() const { return as<std::string>(); }
  const Array& as_array() const { return as<Array>(); }
  const Object& as_object() const { return as<Object>(); }

  // The member of that name, or null: also when this is no object.
  const Json* find(std::string_view name) const;

  // Both assert the kind; add() also that the name is new. They return the value in its place.
  Json& add(std::string name, Json value);
  Json& append(Json element);

  // Objects are equal whatever the order of their members.
  friend bool operator==(const Json& a, const Json& b) { return equal(a, b); }

 private:
  template <class Kind>
  bool holds() const {
    return std::holds_alternative<Kind>(value_);
  }
  template <class Kind>
  const Kind& as() const {
    TALLY_ASSERT(holds<Kind>());
    return *std::get_if<Kind>(&value_);
  }
  template <std::integral Integer>
  static std::int64_t exact(Integer value) {
    TALLY_ASSERT(std::cmp_less_equal(value, json_integer_max));
    TALLY_ASSERT(std::cmp_greater_equal(value, -json_integer_max));
    return static_cast<std::int64_t>(value);
  }
  static bool equal(const Json& a, const Json& b);

  std::variant<std::monostate, bool, std::int64_t, std::string, Array, Object> value_;
};

struct Json::Member {
  std::string name;
  Json value;
};

// Here, since Member is not whole before.
inline Json::Json() = default;
inline Json::Json(std::nullptr_t) {}
inline Json::Json(std::string text) : value_(std::in_place_type<std::string>, std::move(text)) {}
inline Json::Json(std::string_view text) : value_(std::in_place_type<std::string>, text) {}
inline Json::Json(const char* text) : value_(std::in_place_type<std::string>, text) {}
inline Json::Json(Array elements) : value_(std::in_place_type<Array>, std::move(elements)) {}
inline Json::Json(Object members) : value_(std::in_place_type<Object>, std::move(members)) {}

struct JsonLimits {
  std::size_t bytes_max = std::size_t{1} << 20;
  std::size_t depth_max = 32;        // arrays and objects within each other
  std::size_t members_max = 10'000;  // elements and members, of all levels together
};

// Refuses, with the byte offset in the message and the place in `details` where it is known:
//   too_large  json.too_large       more bytes or members than the limits permit
//   malformed  json.malformed       not JSON, not UTF-8, a byte order mark, a lone surrogate, a
//                                   name that stands twice, too many levels
//   malformed  json.not_an_integer  a fraction, an exponent, or beyond 2^53 - 1
Result<Json> parse_json(std::string_view text, const JsonLimits& limits = {});

// True when `text` is JSON (RFC 8259) of any kind, fractions included; for text that is passed on as it
// is and never read here. It may nest to any depth and say a name twice.
bool is_json(std::string_view text);

// RFC 8785. Throws Broken on a text that is not UTF-8 (none comes from parse_json).
std::string canonical(const Json& json);
// True when `text` is what canonical() makes of its value.
bool is_canonical(std::string_view text, const JsonLimits& limits = {});

// For people: members in their order, two spaces per level, a line feed at the end.
std::string indented(const Json& json);

// The token of a name in a JSON pointer (RFC 6901): "/" and the name, with ~ and / escaped.
std::string pointer_token(std::string_view name);

}  // namespace tally::core
