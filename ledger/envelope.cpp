#include "ledger/envelope.h"

#include <algorithm>
#include <array>

#include "core/bytes.h"
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

constexpr bool is_plain(char c) { return c >= 0x20 && c <= 0x7e && c != '"' && c != '\\'; }

// Takes `name` off the end of `text`.
bool take_end(std::string_view& text, std::string_view name) {
  if (!text.ends_with(name)) return false;
  text.remove_suffix(name.size());
  return true;
}

// Takes off the end of `text` a plain text, its closing quote, and the name before it.
std::optional<std::string_view> take_last_text(std::string_view& text, std::string_view name) {
  if (!take_end(text, "\"")) return std::nullopt;
  std::size_t begin = text.size();
  while (begin > 0 && is_plain(text[begin - 1])) --begin;
  std::string_view value = text.substr(begin);
  text.remove_suffix(value.size());
  if (value.empty() || !take_end(text, name)) return std::nullopt;
  return value;
}

std::optional<std::uint64_t> read_number(std::string_view digits) {
  if (digits.size() > number_digits_max) return std::nullopt;
  auto number = core::parse_decimal(digits);
  if (!number || *number > std::uint64_t{core::json_integer_max}) return std::nullopt;
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
