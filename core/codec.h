// How each type is read from JSON, written to it and described: the engine behind core/mapping.h.
#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "core/assert.h"
#include "core/bytes.h"
#include "core/canonical.h"
#include "core/field.h"
#include "core/json.h"
#include "core/result.h"
#include "core/time.h"

namespace tally::core {

template <class T>
concept Mapped = requires {
  requires is_field_list<std::remove_cvref_t<decltype(T::fields)>>;
};

template <class T>
concept NamedEnum = std::is_enum_v<T> && requires {
  enum_names(T{});
};

// A value that is a text in JSON. With a static pattern() (an ECMA-262 expression) its schema
// says more.
template <class T>
concept TextValue = requires(const T& value, std::string_view text) {
  { T::parse(text) } -> std::same_as<std::optional<T>>;
  { value.text() } -> std::convertible_to<std::string>;
};

namespace detail {

// One value being decoded: its rules, its place, and where to say what is wrong.
struct Reading {
  const Rules& rules;
  const Rules& each;
  const Place& place;
  Findings& findings;

  void wrong(std::string_view code, std::string_view words) const {
    findings.add(place, code, words);
  }
};

inline constexpr Rules no_rules;

// The parts that need no type, in mapping.cpp. read_text answers null when it found a fault.
const std::string* read_text(const Json& json, const Reading& at);
std::optional<std::int64_t> read_integer(const Json& json, Rules limits, const Reading& at);
void read_checked_text(const Json& json, const Reading& at, std::string& out);
bool read_array_size(const Json& json, const Reading& at);
void refuse_unknown_members(const Json& json,
                            const std::string_view* names,
                            std::size_t count,
                            const Reading& at);
void refuse_other_names(const std::string_view* names, std::size_t count, const Reading& at);
Json text_schema(const Rules& rules);
Json pattern_schema(std::string_view pattern);
Json integer_schema(const Rules& rules);
Json array_schema(const Rules& rules, Json items);

// How a type is read, written and described. A type without a Codec has no JSON form.
template <class T>
struct Codec;

template <>
struct Codec<bool> {
  static void read(const Json& json, const Reading& at, bool& out);
  static Json write(bool value) { return value; }
  static void append(std::string& out, bool value) { out += value ? "true" : "false"; }
  static Json schema(const Rules&, const Rules&) { return Json::object({{"type", "boolean"}}); }
};

template <Integer T>
struct Codec<T> {
  static constexpr Rules narrowed(const Rules& rules) {
    Rules limits;
    limits.range_min = std::max({rules.range_min, lowest(), -json_integer_max});
    limits.range_max = std::min({rules.range_max, highest(), json_integer_max});
    return limits;
  }
  static void read(const Json& json, const Reading& at, T& out) {
    if (auto value = read_integer(json, narrowed(at.rules), at)) out = static_cast<T>(*value);
  }
  static Json write(T value) { return value; }
  static void append(std::string& out, T value) {
    TALLY_ASSERT(std::cmp_less_equal(value, json_integer_max));
    append_canonical_integer(out, static_cast<std::int64_t>(value));
  }
  static Json schema(const Rules& rules, const Rules&) { return integer_schema(narrowed(rules)); }

 private:
  static constexpr std::int64_t lowest() {
    return std::in_range<std::int64_t>(std::numeric_limits<T>::min())
               ? static_cast<std::int64_t>(std::numeric_limits<T>::min())
               : std::numeric_limits<std::int64_t>::min();
  }
  static constexpr std::int64_t highest() {
    return std::in_range<std::int64_t>(std::numeric_limits<T>::max())
               ? static_cast<std::int64_t>(std::numeric_limits<T>::max())
               : std::numeric_limits<std::int64_t>::max();
  }
};

template <>
struct Codec<std::string> {
  static void read(const Json& json, const Reading& at, std::string& out) {
    read_checked_text(json, at, out);
  }
  static Json write(const std::string& value) { return value; }
  static void append(std::string& out, const std::string& value) {
    append_canonical_text(out, value);
  }
  static Json schema(const Rules& rules, const Rules&) { return text_schema(rules); }
};

template <>
struct Codec<Json> {
  static void read(const Json& json, const Reading&, Json& out) { out = json; }
  static Json write(const Json& value) { return value; }
  static void append(std::string& out, const Json& value) { append_canonical(out, value); }
  static Json schema(const Rules&, const Rules&) { return Json::object({}); }
};

template <>
struct Codec<Hash> {
  static void read(const Json& json, const Reading& at, Hash& out);
  static Json write(const Hash& value) { return to_hex(value); }
  static void append(std::string& out, const Hash& value);
  static Json schema(const Rules&, const Rules&) { return pattern_schema("^[0-9a-f]{64}$"); }
};

template <>
struct Codec<Instant> {
  static void read(const Json& json, const Reading& at, Instant& out);
  static Json write(Instant value) { return format_time(value); }
  static void append(std::string& out, Instant value) {
    append_canonical_text(out, format_time(value));
  }
  static Json schema(const Rules&, const Rules&);
};

template <NamedEnum T>
struct Codec<T> {
  static void read(const Json& json, const Reading& at, T& out) {
    const std::string* text = read_text(json, at);
    if (text == nullptr) return;
    for (const auto& [value, name] : enum_names(T{})) {
      if (name != *text) continue;
      out = value;
      return;
    }
    auto names = all_names();
    refuse_other_names(names.data(), names.size(), at);
  }
  static Json write(T value) { return name_of(value); }
  static void append(std::string& out, T value) { append_canonical_text(out, name_of(value)); }
  static Json schema(const Rules&, const Rules&) {
    Json::Array names;
    for (std::string_view name : all_names()) names.push_back(name);
    return Json::object({{"type", "string"}, {"enum", std::move(names)}});
  }

 private:
  static std::string_view name_of(T value) {
    for (const auto& [candidate, name] : enum_names(T{})) {
      if (candidate == value) return name;
    }
    assertion_failed("an enumerator without a name", __FILE__, __LINE__);
  }
  static constexpr auto all_names() {
    constexpr auto pairs = enum_names(T{});
    std::array<std::string_view, std::tuple_size_v<decltype(pairs)>> names;
    for (std::size_t i = 0; i < names.size(); ++i) names[i] = pairs[i].second;
    return names;
  }
};

template <TextValue T>
requires(!Mapped<T>) struct Codec<T> {
  static void read(const Json& json, const Reading& at, T& out) {
    const std::string* text = read_text(json, at);
    if (text == nullptr) return;
    if (auto value = T::parse(*text)) {
      out = *std::move(value);
    } else {
      at.wrong("malformed", "is not spelled as it must be");
    }
  }
  static Json write(const T& value) { return Json(value.text()); }
  static void append(std::string& out, const T& value) { append_canonical_text(out, value.text()); }
  static Json schema(const Rules&, const Rules&) {
    if constexpr (requires { T::pattern(); }) {
      return pattern_schema(T::pattern());
    } else {
      return Json::object({{"type", "string"}});
    }
  }
};

template <class X>
struct Codec<std::vector<X>> {
  static void read(const Json& json, const Reading& at, std::vector<X>& out) {
    if (!read_array_size(json, at)) return;
    const Json::Array& elements = json.as_array();
    out.reserve(elements.size());
    for (std::size_t i = 0; i < elements.size(); ++i) {
      Place place{&at.place, {}, i};
      X element{};
      Codec<X>::read(elements[i], {at.each, no_rules, place, at.findings}, element);
      out.push_back(std::move(element));
    }
  }
  static Json write(const std::vector<X>& values) {
    Json::Array elements;
    elements.reserve(values.size());
    for (const auto& value : values) elements.push_back(Codec<X>::write(value));
    return elements;
  }
  static void append(std::string& out, const std::vector<X>& values) {
    out += '[';
    bool first = true;
    for (const auto& value : values) {
      if (!first) out += ',';
      first = false;
      Codec<X>::append(out, value);
    }
    out += ']';
  }
  static Json schema(const Rules& rules, const Rules& each) {
    return array_schema(rules, Codec<X>::schema(each, no_rules));
  }
};

template <Mapped T>
inline constexpr std::size_t field_count = std::remove_cvref_t<decltype(T::fields)>::size;

template <Mapped T>
inline constexpr auto field_names = T::fields.apply([](const auto&... field) {
  return std::array<std::string_view, sizeof...(field)>{field.name...};
});

// Indexes into T::fields, in canonical order.
template <Mapped T>
consteval auto sorted_fields() {
  constexpr std::size_t count = field_count<T>;
  std::array<std::size_t, count> order{};
  for (std::size_t i = 0; i < count; ++i) order[i] = i;
  std::sort(order.begin(), order.end(), [](std::size_t a, std::size_t b) {
    return canonical_less(field_names<T>[a], field_names<T>[b]);
  });
  for (std::size_t i = 1; i < count; ++i) {
    if (field_names<T>[order[i - 1]] == field_names<T>[order[i]]) throw "a name stands twice";
  }
  return order;
}

template <Mapped T>
inline constexpr auto canonical_order = sorted_fields<T>();

// The bytes `,"name":` of a field.
template <Mapped T, std::size_t I>
inline constexpr auto field_label = [] {
  constexpr std::string_view name = field_names<T>[I];
  std::array<char, name.size() + 4> label{};
  label[0] = ',';
  label[1] = '"';
  for (std::size_t i = 0; i < name.size(); ++i) label[i + 2] = name[i];
  label[name.size() + 2] = '"';
  label[name.size() + 3] = ':';
  return label;
}();

template <Mapped T>
struct Codec<T> {
  static void read(const Json& json, const Reading& at, T& out) {
    if (!json.is_object()) return at.wrong("wrong_type", "must be an object");
    each_field([&](const auto& field) { read_field(json, at, field, out); });
    refuse_unknown_members(json, field_names<T>.data(), field_names<T>.size(), at);
  }

  static Json write(const T& value) {
    Json::Object members;
    members.reserve(field_count<T>);
    each_field([&](const auto& field) { write_field(value, field, members); });
    return members;
  }

  static void append(std::string& out, const T& value) {
    out += '{';
    bool first = true;
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      (append_field<canonical_order<T>[I]>(out, value, first), ...);
    }
    (std::make_index_sequence<field_count<T>>{});
    out += '}';
  }

  static Json schema(const Rules&, const Rules&) {
    Json::Object properties;
    Json::Array required;
    each_field([&](const auto& field) { describe_field(field, properties, required); });
    return Json::object({{"type", "object"},
                         {"properties", std::move(properties)},
                         {"required", std::move(required)},
                         {"additionalProperties", false}});
  }

 private:
  template <class Visit>
  static void each_field(Visit visit) {
    T::fields.apply([&](const auto&... field) { (visit(field), ...); });
  }

  template <class Value>
  static void read_field(const Json& json,
                         const Reading& at,
                         const Field<T, Value>& field,
                         T& out) {
    using Plain = typename Unwrapped<Value>::Type;
    Place place{&at.place, field.name};
    const Json* value = json.find(field.name);
    if (value == nullptr) {
      if constexpr (!is_optional<Value>) at.findings.add(place, "missing", "is required");
      return;
    }
    Reading inside{field.rules, field.each, place, at.findings};
    if constexpr (is_optional<Value>) {
      Codec<Plain>::read(*value, inside, (out.*field.member).emplace());
    } else {
      Codec<Plain>::read(*value, inside, out.*field.member);
    }
  }

  template <class Value>
  static void write_field(const T& value, const Field<T, Value>& field, Json::Object& members) {
    const Value& member = value.*field.member;
    if constexpr (!is_optional<Value>) {
      members.push_back({std::string(field.name), Codec<Value>::write(member)});
    } else if (member) {
      members.push_back(
          {std::string(field.name), Codec<typename Value::value_type>::write(*member)});
    }
  }

  template <std::size_t I>
  static void append_field(std::string& out, const T& value, bool& first) {
    const auto& member = value.*T::fields.template at<I>().member;
    using Value = std::remove_cvref_t<decltype(member)>;
    if constexpr (is_optional<Value>) {
      if (!member) return;
    }
    constexpr const auto& label = field_label<T, I>;
    std::size_t skipped = first ? 1 : 0;
    out.append(label.data() + skipped, label.size() - skipped);
    first = false;
    if constexpr (is_optional<Value>) {
      Codec<typename Value::value_type>::append(out, *member);
    } else {
      Codec<Value>::append(out, member);
    }
  }

  template <class Value>
  static void describe_field(const Field<T, Value>& field,
                             Json::Object& properties,
                             Json::Array& required) {
    using Plain = typename Unwrapped<Value>::Type;
    properties.push_back({std::string(field.name), Codec<Plain>::schema(field.rules, field.each)});
    if constexpr (!is_optional<Value>) required.push_back(field.name);
  }
};

}  // namespace detail

}  // namespace tally::core
