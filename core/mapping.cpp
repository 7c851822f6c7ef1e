#include "core/mapping.h"

#include <algorithm>
#include <array>

namespace tally::core {
namespace {

constexpr std::size_t text_bytes_max = 4096;  // where no rule says otherwise
constexpr std::size_t unknown_name_bytes_max = 256;

// C0 but for \n and \t, DEL, and C1 (U+0080 to U+009F, in UTF-8 c2 80 to c2 9f): what moves the
// cursor of a terminal or forges a line of a log.
bool has_control_character(std::string_view text) {
  bool after_c2 = false;
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 && c != '\n' && c != '\t') return true;
    if (byte == 0x7f || (after_c2 && byte < 0xa0)) return true;
    after_c2 = byte == 0xc2;
  }
  return false;
}

bool is_lower_hex(std::string_view text) {
  return text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

std::string counted(std::size_t count, std::string_view unit) {
  std::string text = std::to_string(count);
  text += ' ';
  text += unit;
  if (count != 1) text += 's';
  return text;
}

bool has_length(std::size_t length, Rules rules, std::string_view unit, const detail::Reading& at) {
  if (length < rules.length_min) {
    at.wrong("too_short", "must have at least " + counted(rules.length_min, unit));
  } else if (length > rules.length_max) {
    at.wrong("too_long", "must have at most " + counted(rules.length_max, unit));
  } else {
    return true;
  }
  return false;
}

Rules with_text_limit(Rules rules) {
  if (rules.length_max == Rules::open_length) rules.length_max = text_bytes_max;
  return rules;
}

std::string hex_pattern(std::size_t digits) { return "^[0-9a-f]{" + std::to_string(digits) + "}$"; }

}  // namespace

std::string Place::pointer() const {
  if (around == nullptr) return {};
  std::string out = around->pointer();
  if (index == Rules::open_length) return out + pointer_token(name);
  out += '/';
  return out + std::to_string(index);
}

void Findings::add(const Place& place, std::string_view code, std::string_view words) {
  if (count_++ < kept_max)
    kept_.push_back({place.pointer(), std::string(code), std::string(words)});
}

Error Findings::to_error() && {
  TALLY_ASSERT(!is_empty());
  const Detail& first = kept_.front();
  std::string message = (first.pointer.empty() ? "the value" : first.pointer) + " " + first.detail;
  if (count_ > 1) message += "; " + std::to_string(count_ - 1) + " more to correct";
  return Error{Refusal::invalid, "request.invalid", std::move(message), std::move(kept_)};
}

namespace detail {

const std::string* read_text(const Json& json, const Reading& at) {
  if (json.is_string()) return &json.as_string();
  at.wrong("wrong_type", "must be a string");
  return nullptr;
}

std::optional<std::int64_t> read_integer(const Json& json, Rules limits, const Reading& at) {
  if (!json.is_integer()) {
    at.wrong("wrong_type", "must be an integer");
    return std::nullopt;
  }
  std::int64_t value = json.as_integer();
  if (value >= limits.range_min && value <= limits.range_max) return value;
  at.wrong("out_of_range", "must be from " + std::to_string(limits.range_min) + " to " +
                               std::to_string(limits.range_max));
  return std::nullopt;
}

void read_checked_text(const Json& json, const Reading& at, std::string& out) {
  const std::string* text = read_text(json, at);
  if (text == nullptr) return;
  if (std::size_t digits = at.rules.hex_digits; digits != 0) {
    if (text->size() != digits || !is_lower_hex(*text))
      return at.wrong("malformed", "must be " + counted(digits, "lower-case hex digit"));
  } else if (!has_length(text->size(), with_text_limit(at.rules), "byte", at)) {
    return;
  } else if (has_control_character(*text)) {
    return at.wrong("malformed", "must not hold control characters other than \\n and \\t");
  }
  out = *text;
}

bool read_array_size(const Json& json, const Reading& at) {
  if (json.is_array()) return has_length(json.as_array().size(), at.rules, "element", at);
  at.wrong("wrong_type", "must be an array");
  return false;
}

void refuse_unknown_members(const Json& json,
                            const std::string_view* names,
                            std::size_t count,
                            const Reading& at) {
  for (const Json::Member& member : json.as_object()) {
    if (std::find(names, names + count, member.name) != names + count) continue;
    if (member.name.size() > unknown_name_bytes_max) {
      at.wrong("unknown_member", "has an unknown member with a long name");
      continue;
    }
    at.findings.add(Place{&at.place, member.name}, "unknown_member", "is not a known member");
  }
}

void refuse_other_names(const std::string_view* names, std::size_t count, const Reading& at) {
  std::string words = "must be one of: ";
  for (std::size_t i = 0; i < count; ++i) {
    if (i > 0) words += ", ";
    words += names[i];
  }
  at.wrong("not_allowed", words);
}

Json text_schema(const Rules& rules) {
  if (rules.hex_digits != 0) return pattern_schema(hex_pattern(rules.hex_digits));
  Json schema = Json::object({{"type", "string"}});
  // A schema counts characters, of up to four bytes each, where the rule counts bytes.
  if (rules.length_min > 0) schema.add("minLength", (rules.length_min + 3) / 4);
  schema.add("maxLength", with_text_limit(rules).length_max);
  return schema;
}

Json pattern_schema(std::string_view pattern) {
  return Json::object({{"type", "string"}, {"pattern", pattern}});
}

Json integer_schema(const Rules& rules) {
  return Json::object(
      {{"type", "integer"}, {"minimum", rules.range_min}, {"maximum", rules.range_max}});
}

Json array_schema(const Rules& rules, Json items) {
  Json schema = Json::object({{"type", "array"}, {"items", std::move(items)}});
  if (rules.length_min > 0) schema.add("minItems", rules.length_min);
  if (rules.length_max != Rules::open_length) schema.add("maxItems", rules.length_max);
  return schema;
}

void Codec<bool>::read(const Json& json, const Reading& at, bool& out) {
  if (!json.is_bool()) return at.wrong("wrong_type", "must be true or false");
  out = json.as_bool();
}

void Codec<Hash>::read(const Json& json, const Reading& at, Hash& out) {
  const std::string* text = read_text(json, at);
  if (text == nullptr) return;
  auto hash = Hash::from_hex(*text);
  if (!hash) return at.wrong("malformed", "must be 64 lower-case hex digits");
  out = *hash;
}

void Codec<Hash>::append(std::string& out, const Hash& value) {
  std::array<char, 66> text;
  text.front() = text.back() = '"';
  write_hex(value, text.data() + 1);
  out.append(text.data(), text.size());
}

void Codec<Instant>::read(const Json& json, const Reading& at, Instant& out) {
  const std::string* text = read_text(json, at);
  if (text == nullptr) return;
  auto instant = parse_time(*text);
  if (!instant) return at.wrong("malformed", "must be a time such as 2026-11-22T05:13:24.123Z");
  out = *instant;
}

Json Codec<Instant>::schema(const Rules&, const Rules&) {
  return pattern_schema("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{1,3})?Z$");
}

}  // namespace detail
}  // namespace tally::core
