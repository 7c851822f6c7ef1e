// The parts of a member list: a field, the rules on its value, and what is found wrong.
// core/mapping.h tells how they are used.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "core/result.h"

namespace tally::core {

// What a field's rules add up to. An open end leaves the type's own limit in force.
struct Rules {
  static constexpr std::size_t open_length = std::numeric_limits<std::size_t>::max();

  std::size_t length_min = 0;
  std::size_t length_max = open_length;
  std::int64_t range_min = std::numeric_limits<std::int64_t>::min();
  std::int64_t range_max = std::numeric_limits<std::int64_t>::max();
  std::size_t hex_digits = 0;  // zero: any text
};

namespace detail {

template <class T>
struct Unwrapped {
  using Type = T;
};
template <class T>
struct Unwrapped<std::optional<T>> {
  using Type = T;
};
template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;
template <class T>
inline constexpr bool is_vector = false;
template <class T>
inline constexpr bool is_vector<std::vector<T>> = true;
template <class T>
concept Integer = std::integral<T> && !std::same_as<T, bool> && !std::same_as<T, char>;

struct Length {
  std::size_t min, max;
  template <class T>
  static constexpr bool fits = std::same_as<T, std::string> || is_vector<T>;
  constexpr void apply(Rules& own, Rules&) const {
    if (min > max) throw "length: min is above max";
    own.length_min = min;
    own.length_max = max;
  }
};

struct Range {
  std::int64_t min, max;
  template <class T>
  static constexpr bool fits = Integer<T>;
  constexpr void apply(Rules& own, Rules&) const {
    if (min > max) throw "range: min is above max";
    own.range_min = min;
    own.range_max = max;
  }
};

struct MatchesHex {
  std::size_t digits;
  template <class T>
  static constexpr bool fits = std::same_as<T, std::string>;
  constexpr void apply(Rules& own, Rules&) const { own.hex_digits = digits; }
};

template <class... Rule>
struct Each {
  Rules rules;
  template <class T>
  static constexpr bool fits = [] {
    if constexpr (is_vector<T>) {
      return (Rule::template fits<typename T::value_type> && ...);
    } else {
      return false;
    }
  }();
  constexpr void apply(Rules&, Rules& each) const { each = rules; }
};

// Names are written without escapes.
constexpr bool is_plain_name(std::string_view name) {
  for (char c : name) {
    if (c < 0x20 || c > 0x7e || c == '"' || c == '\\') return false;
  }
  return !name.empty();
}

}  // namespace detail

// Bytes of a string, elements of a vector.
constexpr detail::Length length(std::size_t min, std::size_t max) { return {min, max}; }
constexpr detail::Range range(std::int64_t min, std::int64_t max) { return {min, max}; }
// Exactly `digits` lower-case hex digits.
constexpr detail::MatchesHex matches_hex(std::size_t digits) { return {digits}; }
// Rules for each element of a vector.
template <class... Rule>
constexpr detail::Each<Rule...> each(Rule... rules) {
  Rules own, inner;
  (rules.apply(own, inner), ...);
  return {own};
}

template <class Owner, class Value>
struct Field {
  std::string_view name;
  Value Owner::*member;
  Rules rules;
  Rules each;
};

// A rule that does not fit the member's type does not compile, nor does a name that needs escapes.
template <class Owner, class Value, class... Rule>
consteval Field<Owner, Value> field(std::string_view name, Value Owner::*member, Rule... rules) {
  using Plain = typename detail::Unwrapped<Value>::Type;
  static_assert((Rule::template fits<Plain> && ...), "a rule does not fit the member's type");
  if (!detail::is_plain_name(name)) throw "field: the name needs escapes";
  Field<Owner, Value> made{name, member, {}, {}};
  (rules.apply(made.rules, made.each), ...);
  return made;
}

namespace detail {

template <std::size_t I, class F>
struct FieldSlot {
  F field;
};

template <class Indexes, class... F>
struct FieldSlots;
template <std::size_t... I, class... F>
struct FieldSlots<std::index_sequence<I...>, F...> : FieldSlot<I, F>... {
  consteval explicit FieldSlots(F... fields) : FieldSlot<I, F>{fields}... {}
};

template <std::size_t I, class F>
constexpr const F& field_of(const FieldSlot<I, F>& slot) {
  return slot.field;
}

}  // namespace detail

// The member list of a struct. A std::tuple would do; compilers spend a third of their time on its
// constructors.
template <class... F>
class FieldList : detail::FieldSlots<std::index_sequence_for<F...>, F...> {
 public:
  static constexpr std::size_t size = sizeof...(F);

  consteval explicit FieldList(F... fields)
      : detail::FieldSlots<std::index_sequence_for<F...>, F...>(fields...) {}

  template <std::size_t I>
  constexpr const auto& at() const {
    return detail::field_of<I>(*this);
  }
  // visit(field, ..), all at once.
  template <class Visit>
  constexpr decltype(auto) apply(Visit&& visit) const {
    return [&]<std::size_t... I>(std::index_sequence<I...>)->decltype(auto) {
      return visit(at<I>()...);
    }
    (std::index_sequence_for<F...>{});
  }
};

template <class T>
inline constexpr bool is_field_list = false;
template <class... F>
inline constexpr bool is_field_list<FieldList<F...>> = true;

// Where the decoder stands: a member or an element, and the places around it.
struct Place {
  const Place* around = nullptr;  // null: the value as a whole
  std::string_view name;
  std::size_t index = Rules::open_length;  // open_length: the place is a member

  std::string pointer() const;
};

// What is wrong in a value: every finding counts, the first 50 are kept in words.
class Findings {
 public:
  static constexpr std::size_t kept_max = 50;

  void add(const Place& place, std::string_view code, std::string_view words);
  bool is_empty() const { return count_ == 0; }
  Error to_error() &&;

 private:
  std::vector<Detail> kept_;
  std::size_t count_ = 0;
};

}  // namespace tally::core
