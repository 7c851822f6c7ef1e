// Format<"tallystick/party/v1">: a member that can hold that text and no other. It stands in every
// document that is signed, so that one kind of document never passes for another.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace tally::space {

template <std::size_t size>
struct FixedText {
  consteval FixedText(const char (&literal)[size]) {  // NOLINT(google-explicit-constructor)
    std::copy_n(literal, size, chars);
  }
  constexpr std::string_view view() const { return {chars, size - 1}; }

  char chars[size]{};
};

template <FixedText name>
struct Format {
  static std::optional<Format> parse(std::string_view text) {
    if (text != name.view()) return std::nullopt;
    return Format{};
  }
  std::string text() const { return std::string(name.view()); }
  static std::string pattern() { return "^" + std::string(name.view()) + "$"; }

  bool operator==(const Format&) const = default;
};

}  // namespace tally::space
