// Between structs and JSON, by one list of members:
//
//   struct Terms {
//     Purpose purpose{};
//     std::uint64_t uses_max = 0;
//     std::optional<std::string> note;
//
//     static constexpr auto fields = core::FieldList{
//         core::field("purpose", &Terms::purpose),
//         core::field("uses_max", &Terms::uses_max, core::range(1, 1'000'000)),
//         core::field("note", &Terms::note, core::length(1, 200)),
//     };
//   };
//
// Decoder, encoder, canonical text and schema all walk that list.
//
//   member                          JSON
//   bool                            true, false
//   integers                        within their type and 2^53 - 1
//   std::string                     at most 4096 bytes unless length() says otherwise, and no control
//                                   characters but \n and \t
//   Json                            anything
//   Hash                            64 lower-case hex digits
//   Instant                         RFC 3339 in UTC (a member in milliseconds is a std::int64_t)
//   enum with enum_names(E)         one of its names; enum_names is found beside the enum and returns
//                                   an array of pairs (enumerator, name)
//   parse(string_view) and text()   a string; ids are such types
//   struct with `fields`            an object
//   std::vector<X>                  an array
//   std::optional<X>                X, absent when empty; null is refused
#pragma once

#include <string>
#include <utility>

#include "core/codec.h"
#include "core/field.h"
#include "core/json.h"
#include "core/result.h"

namespace tally::core {

// Refuses with kind invalid, code "request.invalid" and one detail for each thing that is wrong (at
// most 50): pointer, words, and one of the codes
//   missing  unknown_member  wrong_type  out_of_range  too_short  too_long  not_allowed  malformed
template <class T>
Result<T> decode(const Json& json) {
  Findings findings;
  Place root;
  T value{};
  detail::Codec<T>::read(json, {detail::no_rules, detail::no_rules, root, findings}, value);
  if (!findings.is_empty()) return std::move(findings).to_error();
  return value;
}

// Members in their order in the list; asserts what decode would not give (an enumerator without a
// name, an integer beyond 2^53 - 1), but does not test the rules.
template <class T>
Json encode(const T& value) {
  return detail::Codec<T>::write(value);
}

// canonical(encode(value)), written in one pass without a Json.
template <Mapped T>
void append_canonical(std::string& out, const T& value) {
  detail::Codec<T>::append(out, value);
}
template <Mapped T>
std::string canonical(const T& value) {
  std::string out;
  out.reserve(512);
  append_canonical(out, value);
  return out;
}

// A JSON Schema (2020-12) without title. It lets pass whatever decode accepts; lengths in bytes and
// control characters are more than a schema can say.
template <class T>
Json schema_of() {
  return detail::Codec<T>::schema(detail::no_rules, detail::no_rules);
}

}  // namespace tally::core
