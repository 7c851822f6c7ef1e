#include "core/id.h"

namespace tally::core {
namespace {

constexpr std::string_view crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

}  // namespace

UlidText make_ulid(Instant now, Random& random) {
  std::array<std::uint8_t, 16> bits{};
  auto ms = static_cast<std::uint64_t>(now.unix_ms);
  for (std::size_t i = 0; i < 6; ++i) bits[i] = static_cast<std::uint8_t>(ms >> (8 * (5 - i)));
  random.fill(bits.data() + 6, 10);
  UlidText text{};
  // 26 digits of 5 bits are 130 bits: the first digit carries only 3.
  for (std::size_t digit = 0; digit < text.size(); ++digit) {
    unsigned value = 0;
    for (std::size_t k = 0; k < 5; ++k) {
      std::size_t position = digit * 5 + k;
      unsigned bit =
          position < 2 ? 0U : (unsigned{bits[(position - 2) / 8]} >> (7 - (position - 2) % 8)) & 1U;
      value = value * 2 + bit;
    }
    text[digit] = crockford[value];
  }
  return text;
}

std::optional<UlidText> parse_ulid(std::string_view text) {
  UlidText ulid{};
  if (text.size() != ulid.size() || text[0] > '7') return std::nullopt;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (crockford.find(text[i]) == std::string_view::npos) return std::nullopt;
    ulid[i] = text[i];
  }
  return ulid;
}

}  // namespace tally::core
