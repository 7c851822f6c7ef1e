#include "core/canonical.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <vector>

#include "core/assert.h"
#include "core/bytes.h"
#include "core/result.h"

namespace tally::core {
namespace {

constexpr char hex_digits[] = "0123456789abcdef";

constexpr std::array<bool, 256> stands_for_itself = [] {
  std::array<bool, 256> plain{};
  for (std::size_t byte = 0x20; byte < 0x80; ++byte) plain[byte] = byte != '"' && byte != '\\';
  return plain;
}();

void append_escape(std::string& out, char c) {
  out += '\\';
  switch (c) {
    case '"':
    case '\\':
      out += c;
      return;
    case '\b':
      out += 'b';
      return;
    case '\t':
      out += 't';
      return;
    case '\n':
      out += 'n';
      return;
    case '\f':
      out += 'f';
      return;
    case '\r':
      out += 'r';
      return;
  }
  auto byte = static_cast<unsigned char>(c);
  out += "u00";
  out += hex_digits[byte >> 4];
  out += hex_digits[byte & 15];
}

void append_array(std::string& out, const Json::Array& elements) {
  out += '[';
  bool first = true;
  for (const Json& element : elements) {
    if (!first) out += ',';
    first = false;
    append_canonical(out, element);
  }
  out += ']';
}

void append_object(std::string& out, const Json::Object& members) {
  std::vector<const Json::Member*> sorted;
  sorted.reserve(members.size());
  for (const Json::Member& member : members) sorted.push_back(&member);
  std::sort(sorted.begin(), sorted.end(),
            [](const auto* a, const auto* b) { return canonical_less(a->name, b->name); });
  out += '{';
  const Json::Member* before = nullptr;
  for (const Json::Member* member : sorted) {
    TALLY_ASSERT(before == nullptr || before->name != member->name);
    if (before != nullptr) out += ',';
    before = member;
    append_canonical_text(out, member->name);
    out += ':';
    append_canonical(out, member->value);
  }
  out += '}';
}

void append_indented(std::string& out, const Json& json, std::size_t depth);

void start_line(std::string& out, std::size_t depth) {
  out += '\n';
  out.append(depth * 2, ' ');
}

void append_indented_object(std::string& out, const Json::Object& members, std::size_t depth) {
  out += '{';
  bool first = true;
  for (const Json::Member& member : members) {
    if (!first) out += ',';
    first = false;
    start_line(out, depth + 1);
    append_canonical_text(out, member.name);
    out += ": ";
    append_indented(out, member.value, depth + 1);
  }
  start_line(out, depth);
  out += '}';
}

void append_indented_array(std::string& out, const Json::Array& elements, std::size_t depth) {
  out += '[';
  bool first = true;
  for (const Json& element : elements) {
    if (!first) out += ',';
    first = false;
    start_line(out, depth + 1);
    append_indented(out, element, depth + 1);
  }
  start_line(out, depth);
  out += ']';
}

void append_indented(std::string& out, const Json& json, std::size_t depth) {
  if (json.is_object() && !json.as_object().empty()) {
    append_indented_object(out, json.as_object(), depth);
  } else if (json.is_array() && !json.as_array().empty()) {
    append_indented_array(out, json.as_array(), depth);
  } else {
    append_canonical(out, json);
  }
}

}  // namespace

void append_canonical_text(std::string& out, std::string_view text) {
  out += '"';
  std::size_t written = 0;
  bool is_ascii = true;
  for (std::size_t i = 0; i < text.size(); ++i) {
    auto byte = static_cast<unsigned char>(text[i]);
    if (stands_for_itself[byte]) continue;
    if (byte >= 0x80) {
      is_ascii = false;
      continue;
    }
    out.append(text, written, i - written);
    append_escape(out, text[i]);
    written = i + 1;
  }
  out.append(text, written);
  out += '"';
  if (!is_ascii && !is_valid_utf8(text)) throw Broken("canonical JSON: a text is not UTF-8");
}

void append_canonical_integer(std::string& out, std::int64_t value) {
  TALLY_ASSERT(value >= -json_integer_max && value <= json_integer_max);
  std::array<char, 24> digits;
  auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  out.append(digits.data(), end);
}

void append_canonical(std::string& out, const Json& json) {
  if (json.is_object()) {
    append_object(out, json.as_object());
  } else if (json.is_array()) {
    append_array(out, json.as_array());
  } else if (json.is_string()) {
    append_canonical_text(out, json.as_string());
  } else if (json.is_integer()) {
    append_canonical_integer(out, json.as_integer());
  } else if (json.is_bool()) {
    out += json.as_bool() ? "true" : "false";
  } else {
    out += "null";
  }
}

std::string canonical(const Json& json) {
  std::string out;
  append_canonical(out, json);
  return out;
}

bool is_canonical(std::string_view text, const JsonLimits& limits) {
  auto json = parse_json(text, limits);
  return json && canonical(*json) == text;
}

std::string indented(const Json& json) {
  std::string out;
  append_indented(out, json, 0);
  out += '\n';
  return out;
}

}  // namespace tally::core
