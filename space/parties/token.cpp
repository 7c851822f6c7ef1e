#include "space/parties/token.h"

#include <algorithm>

#include "core/hash.h"

namespace tally::space {
namespace {

constexpr std::string_view prefix = "tally_";
constexpr std::size_t secret_bytes = 32;
constexpr std::size_t secret_digits = 43;

bool is_base64url_digit(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_';
}

}  // namespace

std::string draw_token(core::Random& random) {
  std::string digits = core::to_base64(random.bytes(secret_bytes));
  digits.resize(secret_digits);  // without the padding
  std::replace(digits.begin(), digits.end(), '+', '-');
  std::replace(digits.begin(), digits.end(), '/', '_');
  return std::string(prefix) + digits;
}

bool is_token(std::string_view text) {
  if (!text.starts_with(prefix) || text.size() != prefix.size() + secret_digits) return false;
  text.remove_prefix(prefix.size());
  return std::all_of(text.begin(), text.end(), is_base64url_digit);
}

core::Hash token_hash(std::string_view token) { return core::sha256(token); }

}  // namespace tally::space
