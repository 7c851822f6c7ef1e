// Bytes and their spellings. A byte string is a std::string; a view of one, std::string_view.
//
// The decoders are strict: one value has one spelling, anything else is nothing. Leniency here
// would let one signature be written in several ways (CVE-class "note malleability").
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tally::core {

// A SHA-256 hash, a key, or another value of 32 bytes.
struct Hash {
  std::array<std::uint8_t, 32> bytes{};

  std::string_view view() const {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
  static std::optional<Hash> from_bytes(std::string_view bytes);
  static std::optional<Hash> from_hex(std::string_view hex);  // 64 lower-case digits

  bool operator==(const Hash&) const = default;
  auto operator<=>(const Hash&) const = default;
};

std::string to_hex(std::string_view bytes);
inline std::string to_hex(const Hash& hash) { return to_hex(hash.view()); }
// Writes 64 digits at `out`, for encoders that must not allocate.
void write_hex(const Hash& hash, char* out);
std::optional<std::string> from_hex(std::string_view hex);  // lower case, even length

// RFC 4648 section 4, padded; from_base64 takes only what to_base64 writes.
std::string to_base64(std::string_view bytes);
void append_base64(std::string& out, std::string_view bytes);
std::optional<std::string> from_base64(std::string_view text);

// `0|[1-9][0-9]*`, at most 2^63 - 1: the only spelling of a number in notes, paths and queries.
std::optional<std::uint64_t> parse_decimal(std::string_view text);

bool is_valid_utf8(std::string_view text);

// Compares in a time that depends on the lengths only. For secrets and their digests.
bool equal_constant_time(std::string_view a, std::string_view b);

}  // namespace tally::core
