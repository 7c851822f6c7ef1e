// CBOR (RFC 8949) as COSE needs it: a value, one encoding of it, and a decoder that takes that one
// only.
//
// The encoding is the deterministic one of RFC 8949 section 4.2.1: heads as short as can be, definite
// lengths, the keys of a map in the order of their bytes. The decoder refuses whatever is spelled
// differently, keys that repeat, texts that are not UTF-8, floats, simple values other than false,
// true and null, and bytes that follow. So what was accepted encodes to the bytes it came from.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/result.h"

namespace tally::ledger {

constexpr unsigned cbor_depth_max = 16;

class Cbor {
 public:
  // The numbers are those of RFC 8949 section 3.1.
  enum class Kind : std::uint8_t {
    natural = 0,   // argument
    negative = 1,  // -1 - argument
    bytes = 2,
    text = 3,
    array = 4,
    map = 5,
    tag = 6,     // argument, around one item
    simple = 7,  // argument: 20 false, 21 true, 22 null
  };
  struct Member;

  static Cbor integer(std::int64_t value);
  static Cbor natural(std::uint64_t value) { return Cbor(Kind::natural, value); }
  static Cbor bytes(std::string_view value) { return Cbor(Kind::bytes, value); }
  static Cbor text(std::string_view value) { return Cbor(Kind::text, value); }  // UTF-8
  static Cbor array(std::vector<Cbor> items);
  static Cbor map(std::vector<Member> members);  // in any order; asserts that no key repeats
  static Cbor tagged(std::uint64_t tag, Cbor item);
  static Cbor null() { return Cbor(Kind::simple, 22); }

  Kind kind() const { return kind_; }
  bool is_null() const { return kind_ == Kind::simple && argument_ == 22; }

  // What it is, or nothing where it is something else.
  std::optional<std::uint64_t> as_natural() const;
  std::optional<std::int64_t> as_integer() const;
  const std::string* as_bytes() const { return kind_ == Kind::bytes ? &text_ : nullptr; }
  const std::string* as_text() const { return kind_ == Kind::text ? &text_ : nullptr; }
  const std::vector<Cbor>* as_array() const { return kind_ == Kind::array ? &items_ : nullptr; }
  const Cbor* as_tagged(std::uint64_t tag) const;
  std::optional<std::size_t> map_size() const;
  // The value of a key of a map.
  const Cbor* find(std::int64_t key) const;

  bool operator==(const Cbor&) const = default;

 private:
  friend class CborReader;
  friend void append_cbor(std::string& out, const Cbor& value);

  Cbor(Kind kind, std::uint64_t argument) : kind_(kind), argument_(argument) {}
  Cbor(Kind kind, std::string_view text) : kind_(kind), text_(text) {}

  Kind kind_;
  std::uint64_t argument_ = 0;
  std::string text_;         // of bytes and texts
  std::vector<Cbor> items_;  // of a map: keys and values in turn, sorted
};

struct Cbor::Member {
  Cbor key;
  Cbor value;
};

void append_cbor(std::string& out, const Cbor& value);
std::string encode_cbor(const Cbor& value);

// Refuses with `cbor.malformed`, also what is nested deeper than cbor_depth_max.
core::Result<Cbor> parse_cbor(std::string_view bytes);

}  // namespace tally::ledger
