// The writers behind canonical JSON (RFC 8785), for encoders that build no Json in between.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/json.h"

namespace tally::core {

void append_canonical(std::string& out, const Json& json);
// Throws Broken when `text` is not UTF-8.
void append_canonical_text(std::string& out, std::string_view text);
void append_canonical_integer(std::string& out, std::int64_t value);

namespace detail {

// UTF-8 sorts as UTF-16 does but for one thing: code points from U+10000 (lead bytes f0 to f4) are
// surrogates there, d800 to dfff, and stand before U+E000 to U+FFFF (lead bytes ee and ef).
constexpr unsigned utf16_weight(char c) {
  unsigned byte = static_cast<unsigned char>(c);
  return byte == 0xee || byte == 0xef ? byte + 0x10 : byte;
}

}  // namespace detail

// The order of member names: by UTF-16 code units (RFC 8785, section 3.2.3). Takes valid UTF-8.
constexpr bool canonical_less(std::string_view a, std::string_view b) {
  std::size_t common = a.size() < b.size() ? a.size() : b.size();
  for (std::size_t i = 0; i < common; ++i) {
    if (a[i] != b[i]) return detail::utf16_weight(a[i]) < detail::utf16_weight(b[i]);
  }
  return a.size() < b.size();
}

}  // namespace tally::core
