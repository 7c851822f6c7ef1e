#include "ledger/envelope.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "core/json.h"

namespace tally::ledger {
namespace {

constexpr std::string_view at_name = "{\"at\":";
constexpr std::string_view body_name = ",\"body\":";
constexpr std::string_view by_name = ",\"by\":\"";
constexpr std::string_view kind_name = ",\"kind\":\"";
constexpr std::string_view prev_name = ",\"prev\":\"";
constexpr std::string_view seq_name = "\",\"seq\":";

constexpr std::size_t prev_digits = 64;
constexpr std::size_t number_digits_max = 16;  // of 2^53 - 1

// Eight characters of printable ASCII without quotes and backslashes.
bool is_plain_word(const char* text) {
  constexpr std::uint64_t ones = 0x0101010101010101;
  constexpr std::uint64_t highs = 0x8080808080808080;
  constexpr auto zeros = [](std::uint64_t word) { return (word - ones) & ~word; };
  std::uint64_t word = 0;
  std::memcpy(&word, text, sizeof(word));
  std::uint64_t below_blank = (word - ones * 0x20) & ~word;
  std::uint64_t unwanted = word | below_blank | zeros(word ^ (ones * 0x7f)) |
                           zeros(word ^ (ones * '"')) | zeros(word ^ (ones * '\\'));
  return (unwanted & highs) == 0;
}

bool is_plain(std::string_view text) {
  if (text.size() < 8) {
    std::array<char, 8> padded{'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a'};
    std::copy(text.begin(), text.end(), padded.begin());
    return is_plain_word(padded.data());
  }
  for (std::size_t i = 0; i + 8 < text.size(); i += 8) {
    if (!is_plain_word(text.data() + i)) return false;
  }
  return is_plain_word(text.data() + text.size() - 8);
}

// Takes `name` off the end of `text`.
bool take_end(std::string_view& text, std::string_view name) {
  if (!text.ends_with(name)) return false;
  text.remove_suffix(name.size());
  return true;
}

// Takes off the end of `text` a plain text, its closing quote, and the name before it.
std::optional<std::string_view> take_last_text(std::string_view& text, std::string_view name) {
  if (!take_end(text, "\"")) return std::nullopt;
  const void* quote = memrchr(text.data(), '"', text.size());
  if (quote == nullptr) return std::nullopt;
  auto begin = static_cast<std::size_t>(static_cast<const char*>(quote) - text.data()) + 1;
  std::string_view value = text.substr(begin);
  text.remove_suffix(value.size());
  if (value.empty() || !is_plain(value) || !take_end(text, name)) return std::nullopt;
  return value;
}

std::optional<std::uint64_t> read_number(std::string_view digits) {
  if (digits.empty() || digits.size() > number_digits_max) return std::nullopt;
  if (digits[0] == '0' && digits.size() > 1) return std::nullopt;
  std::uint64_t number = 0;
  for (char c : digits) {
    auto digit = static_cast<unsigned char>(c - '0');
    if (digit > 9) return std::nullopt;
    number = number * 10 + digit;
  }
  if (number > std::uint64_t{core::json_integer_max}) return std::nullopt;
  return number;
}

bool is_hex(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

}  // namespace

std::optional<Envelope> read_envelope_head(std::string_view head) {
  Envelope envelope;
  if (!head.starts_with(at_name)) return std::nullopt;
  head.remove_prefix(at_name.size());
  std::size_t comma = head.substr(0, number_digits_max + 1).find(',');
  if (comma == std::string_view::npos) return std::nullopt;
  auto at = read_number(head.substr(0, comma));
  if (!at) return std::nullopt;
  envelope.at = static_cast<std::int64_t>(*at);
  head.remove_prefix(comma);
  if (!head.starts_with(body_name)) return std::nullopt;
  head.remove_prefix(body_name.size());
  auto kind = take_last_text(head, kind_name);
  if (!kind) return std::nullopt;
  envelope.kind = *kind;
  auto by = take_last_text(head, by_name);
  if (!by) return std::nullopt;
  envelope.by = *by;
  if (head.size() < 2 || head.front() != '{' || head.back() != '}') return std::nullopt;
  envelope.body = head;
  return envelope;
}

std::optional<Envelope> read_envelope(std::string_view entry) {
  if (!take_end(entry, "}")) return std::nullopt;
  std::size_t begin = entry.size();
  while (begin > 0 && entry[begin - 1] >= '0' && entry[begin - 1] <= '9') --begin;
  auto seq = read_number(entry.substr(begin));
  if (!seq) return std::nullopt;
  entry.remove_suffix(entry.size() - begin);
  if (!take_end(entry, seq_name) || entry.size() < prev_digits) return std::nullopt;
  std::string_view prev = entry.substr(entry.size() - prev_digits);
  entry.remove_suffix(prev_digits);
  if (!is_hex(prev) || !take_end(entry, prev_name)) return std::nullopt;
  auto envelope = read_envelope_head(entry);
  if (!envelope) return std::nullopt;
  envelope->prev = prev;
  envelope->seq = *seq;
  return envelope;
}

}  // namespace tally::ledger
