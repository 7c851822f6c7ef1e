// Ids: a ULID (48 bits of milliseconds, 80 random bits, Crockford base 32) behind a type prefix.
//
// Distinct nouns have distinct types, so that a task's id cannot stand where a contract's is meant.
// A tag names its prefix:  struct ContractTag { static constexpr std::string_view prefix = "ctr"; };
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "core/random.h"
#include "core/time.h"

namespace tally::core {

using UlidText = std::array<char, 26>;

UlidText make_ulid(Instant now, Random& random);
std::optional<UlidText> parse_ulid(std::string_view text);  // upper case, first digit 0 to 7

template <class Tag>
class Id {
 public:
  static constexpr std::string_view prefix = Tag::prefix;

  Id() { ulid_.fill('0'); }
  static Id make(Instant now, Random& random) { return Id(make_ulid(now, random)); }
  static std::optional<Id> parse(std::string_view text) {
    if (!text.starts_with(prefix) || text.size() != prefix.size() + 27) return std::nullopt;
    if (text[prefix.size()] != '_') return std::nullopt;
    auto ulid = parse_ulid(text.substr(prefix.size() + 1));
    if (!ulid) return std::nullopt;
    return Id(*ulid);
  }
  std::string text() const {
    std::string out(prefix);
    out += '_';
    out.append(ulid_.data(), ulid_.size());
    return out;
  }

  // What parse takes, as an ECMA-262 expression.
  static std::string pattern() {
    return "^" + std::string(prefix) + "_[0-7][0-9A-HJKMNP-TV-Z]{25}$";
  }

  bool operator==(const Id&) const = default;
  auto operator<=>(const Id&) const = default;

 private:
  explicit Id(UlidText ulid) : ulid_(ulid) {}
  UlidText ulid_{};
};

}  // namespace tally::core
