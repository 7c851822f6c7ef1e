#include "core/bytes.h"

#include <cstring>

namespace tally::core {
namespace {

constexpr char hex_digits[] = "0123456789abcdef";
constexpr char base64_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

// Both digits of each byte: an audit writes the hash of every entry.
constexpr std::array<std::array<char, 2>, 256> hex_pairs = [] {
  std::array<std::array<char, 2>, 256> pairs{};
  for (std::size_t i = 0; i < pairs.size(); ++i)
    pairs[i] = {hex_digits[i >> 4], hex_digits[i & 15]};
  return pairs;
}();

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

constexpr std::array<std::int8_t, 256> base64_values = [] {
  std::array<std::int8_t, 256> values{};
  values.fill(-1);
  for (int i = 0; i < 64; ++i)
    values[static_cast<std::uint8_t>(base64_digits[i])] = static_cast<std::int8_t>(i);
  return values;
}();

std::uint8_t byte_at(std::string_view bytes, std::size_t i) {
  return static_cast<std::uint8_t>(bytes[i]);
}

}  // namespace

std::optional<Hash> Hash::from_bytes(std::string_view bytes) {
  Hash hash;
  if (bytes.size() != hash.bytes.size()) return std::nullopt;
  std::memcpy(hash.bytes.data(), bytes.data(), bytes.size());
  return hash;
}

std::optional<Hash> Hash::from_hex(std::string_view hex) {
  auto bytes = core::from_hex(hex);
  if (!bytes) return std::nullopt;
  return from_bytes(*bytes);
}

std::string to_hex(std::string_view bytes) {
  std::string text(bytes.size() * 2, '0');
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    text[2 * i] = hex_digits[byte_at(bytes, i) >> 4];
    text[2 * i + 1] = hex_digits[byte_at(bytes, i) & 15];
  }
  return text;
}

void write_hex(const Hash& hash, char* out) {
  for (std::size_t i = 0; i < hash.bytes.size(); ++i)
    std::memcpy(out + 2 * i, hex_pairs[hash.bytes[i]].data(), 2);
}

std::optional<std::string> from_hex(std::string_view hex) {
  if (hex.size() % 2 != 0) return std::nullopt;
  std::string bytes(hex.size() / 2, '\0');
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    int high = hex_value(hex[2 * i]);
    int low = hex_value(hex[2 * i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    bytes[i] = static_cast<char>(high * 16 + low);
  }
  return bytes;
}

std::string to_base64(std::string_view bytes) {
  std::string text;
  append_base64(text, bytes);
  return text;
}

void append_base64(std::string& out, std::string_view bytes) {
  std::size_t at = out.size();
  out.resize(at + (bytes.size() + 2) / 3 * 4);
  std::size_t i = 0;
  for (; i + 3 <= bytes.size(); i += 3) {
    std::uint32_t v = (std::uint32_t{byte_at(bytes, i)} << 16) |
                      (std::uint32_t{byte_at(bytes, i + 1)} << 8) | byte_at(bytes, i + 2);
    out[at++] = base64_digits[v >> 18];
    out[at++] = base64_digits[(v >> 12) & 63];
    out[at++] = base64_digits[(v >> 6) & 63];
    out[at++] = base64_digits[v & 63];
  }
  std::size_t left = bytes.size() - i;
  if (left == 0) return;
  std::uint32_t v = std::uint32_t{byte_at(bytes, i)} << 16;
  if (left == 2) v |= std::uint32_t{byte_at(bytes, i + 1)} << 8;
  out[at++] = base64_digits[v >> 18];
  out[at++] = base64_digits[(v >> 12) & 63];
  out[at++] = left == 2 ? base64_digits[(v >> 6) & 63] : '=';
  out[at] = '=';
}

std::optional<std::string> from_base64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  std::size_t padding = 0;
  while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=') ++padding;
  std::string bytes;
  bytes.reserve(text.size() / 4 * 3);
  std::uint32_t v = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    bool is_padding = i >= text.size() - padding;
    std::int8_t digit = is_padding ? std::int8_t{0} : base64_values[byte_at(text, i)];
    if (digit < 0) return std::nullopt;
    v = (v << 6) | static_cast<std::uint32_t>(digit);
    if (i % 4 == 3) {
      bytes.push_back(static_cast<char>((v >> 16) & 255));
      bytes.push_back(static_cast<char>((v >> 8) & 255));
      bytes.push_back(static_cast<char>(v & 255));
      v = 0;
    }
  }
  // Bits below the padding must be zero, else two spellings mean one value.
  for (std::size_t i = 0; i < padding; ++i) {
    if (bytes.back() != '\0') return std::nullopt;
    bytes.pop_back();
  }
  if (padding > 0 && to_base64(bytes) != text) return std::nullopt;
  return bytes;
}

std::optional<std::uint64_t> parse_decimal(std::string_view text) {
  constexpr std::uint64_t max = (std::uint64_t{1} << 63) - 1;
  if (text.empty() || text.size() > 19) return std::nullopt;
  if (text.size() > 1 && text[0] == '0') return std::nullopt;
  std::uint64_t value = 0;
  for (char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + static_cast<std::uint64_t>(c - '0');
  }
  if (value > max) return std::nullopt;
  return value;
}

bool is_valid_utf8(std::string_view text) {
  std::size_t i = 0;
  while (i < text.size()) {
    std::uint8_t lead = byte_at(text, i);
    if (lead < 0x80) {
      ++i;
      continue;
    }
    std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead > 0xf4 || i + length > text.size()) return false;
    std::uint8_t second = byte_at(text, i + 1);
    std::uint8_t low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    std::uint8_t high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    if (second < low || second > high) return false;
    for (std::size_t k = 2; k < length; ++k) {
      if ((byte_at(text, i + k) & 0xc0) != 0x80) return false;
    }
    i += length;
  }
  return true;
}

bool equal_constant_time(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  volatile std::uint8_t difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    difference = difference | (byte_at(a, i) ^ byte_at(b, i));
  return difference == 0;
}

}  // namespace tally::core
