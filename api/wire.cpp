#include "api/wire.h"

#include <algorithm>
#include <array>
#include <string>

#include "core/bytes.h"

namespace tally::api {
namespace {

using core::Error;
using core::Refusal;
using core::Result;

constexpr std::array<std::string_view, 7> methods = {"GET",   "POST",   "HEAD",   "PUT",
                                                     "PATCH", "DELETE", "OPTIONS"};

constexpr std::array<bool, 256> token_chars = [] {
  std::array<bool, 256> table{};
  for (char c : std::string_view("!#$%&'*+-.^_`|~0123456789"
                                 "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"))
    table[static_cast<std::uint8_t>(c)] = true;
  return table;
}();

bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return token_chars[static_cast<std::uint8_t>(c)];
  });
}

bool is_visible(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

// Visible ASCII, blanks, tabs and the bytes above 127: no line end can hide in a value.
bool is_field_value(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    auto byte = static_cast<std::uint8_t>(c);
    return byte >= 0x20 ? byte != 0x7f : byte == '\t';
  });
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t";
  std::size_t start = std::min(text.find_first_not_of(blanks), text.size());
  text.remove_prefix(start);
  return text.substr(0, text.find_last_not_of(blanks) + 1);
}

bool lists(std::string_view list, std::string_view item) {
  while (!list.empty()) {
    std::size_t end = std::min(list.find(','), list.size());
    if (equal_ignoring_case(trimmed(list.substr(0, end)), item)) return true;
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return false;
}

Error too_large(std::string message) {
  return Error{Refusal::too_large, "request.head_too_large", std::move(message)};
}
Error malformed(std::string message) {
  return Error{Refusal::malformed, "request.malformed_head", std::move(message)};
}
Error ambiguous(std::string message) {
  return Error{Refusal::malformed, "request.ambiguous_length", std::move(message)};
}

std::optional<Error> read_request_line(std::string_view line,
                                       const HeadLimits& limits,
                                       Head& head) {
  std::size_t first = line.find(' ');
  std::size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) return malformed("broken request line");
  head.method = line.substr(0, first);
  head.target = line.substr(first + 1, last - first - 1);
  std::string_view version = line.substr(last + 1);
  if (version != "HTTP/1.1" && version != "HTTP/1.0") return malformed("not HTTP/1.0 or HTTP/1.1");
  head.is_http_1_0 = version == "HTTP/1.0";
  head.keeps_alive = !head.is_http_1_0;
  if (std::find(methods.begin(), methods.end(), head.method) == methods.end())
    return Error{Refusal::malformed, "request.unknown_method", "unknown method"};
  if (head.target.size() > limits.target_bytes_max)
    return too_large("the request target is too long");
  if (!head.target.starts_with('/') || !is_visible(head.target) ||
      head.target.find('#') != std::string_view::npos ||
      std::count(head.target.begin(), head.target.end(), '?') > 1)  // cpp-httplib 0.11 refuses it
    return malformed("broken request target");
  return std::nullopt;
}

std::optional<Error> read_header(std::string_view line, Head& head) {
  std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return malformed("a header without a colon");
  Header header{line.substr(0, colon), trimmed(line.substr(colon + 1))};
  if (!is_token(header.name) || !is_field_value(header.value)) return malformed("a broken header");
  head.headers.push_back(header);
  return std::nullopt;
}

std::optional<Error> read_framing(Head& head) {
  std::size_t hosts = 0, lengths = 0, encodings = 0;
  for (const Header& header : head.headers) {
    if (equal_ignoring_case(header.name, "Host")) ++hosts;
    if (equal_ignoring_case(header.name, "Content-Length")) {
      auto length = core::parse_decimal(header.value);
      if (!length || ++lengths > 1) return ambiguous("Content-Length is not one decimal number");
      head.content_length = *length;
    }
    if (equal_ignoring_case(header.name, "Transfer-Encoding")) {
      head.is_chunked = equal_ignoring_case(header.value, "chunked");
      if (!head.is_chunked || ++encodings > 1) return ambiguous("unknown Transfer-Encoding");
    }
    if (equal_ignoring_case(header.name, "Connection")) {
      if (lists(header.value, "close")) head.keeps_alive = false;
    }
    if (equal_ignoring_case(header.name, "Expect"))
      head.expects_continue = equal_ignoring_case(header.value, "100-continue");
  }
  if (head.is_chunked && (lengths != 0 || head.is_http_1_0))
    return ambiguous("Transfer-Encoding beside Content-Length or in HTTP/1.0");
  if (hosts > 1 || (hosts == 0 && !head.is_http_1_0)) return malformed("not exactly one Host");
  return std::nullopt;
}

}  // namespace

Result<std::optional<Head>> read_head(std::string_view bytes, const HeadLimits& limits) {
  std::size_t end = bytes.substr(0, limits.bytes_max).find("\r\n\r\n");
  if (end == std::string_view::npos) {
    if (bytes.size() >= limits.bytes_max) return too_large("the headers are too large");
    return std::optional<Head>{};
  }
  Head head;
  head.bytes = end + 4;
  head.headers.reserve(16);
  std::string_view rest = bytes.substr(0, end + 2);
  std::size_t line_end = rest.find("\r\n");
  if (auto error = read_request_line(rest.substr(0, line_end), limits, head)) return *error;
  rest.remove_prefix(line_end + 2);
  while (!rest.empty()) {
    line_end = rest.find("\r\n");
    if (head.headers.size() == limits.headers_max) return too_large("too many headers");
    if (auto error = read_header(rest.substr(0, line_end), head)) return *error;
    rest.remove_prefix(line_end + 2);
  }
  if (auto error = read_framing(head)) return *error;
  return std::optional<Head>(std::move(head));
}

bool ChunkDecoder::feed(std::string_view bytes, const BodySink& sink) {
  while (!bytes.empty() && state_ != State::done) {
    if (state_ == State::data) {
      std::size_t size = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size()));
      if (!sink(bytes.substr(0, size))) return false;
      bytes.remove_prefix(size);
      left_ -= size;
      if (left_ == 0) state_ = State::data_cr;
      continue;
    }
    if (!step(bytes.front())) return false;
    bytes.remove_prefix(1);
  }
  return true;
}

bool ChunkDecoder::size_digit(char c) {
  std::uint64_t digit = 0;
  if (c >= '0' && c <= '9') {
    digit = static_cast<std::uint64_t>(c - '0');
  } else if (c >= 'a' && c <= 'f') {
    digit = static_cast<std::uint64_t>(c - 'a') + 10;
  } else if (c >= 'A' && c <= 'F') {
    digit = static_cast<std::uint64_t>(c - 'A') + 10;
  } else {
    return false;
  }
  left_ = left_ * 16 + digit;
  state_ = State::size;
  return ++digits_ <= 12;
}

// A part that nobody asked for: passed over, within a bound, up to the end of its line.
bool ChunkDecoder::skip(char c, State at_cr) {
  if (c == '\r') state_ = at_cr;
  return c != '\n' && ++extra_bytes_ <= extra_bytes_max;
}

bool ChunkDecoder::step(char c) {
  switch (state_) {
    case State::size_start:
      left_ = 0;
      digits_ = 0;
      return size_digit(c);
    case State::size:
      if (c == '\r') state_ = State::size_end;
      if (c == ';') state_ = State::extension;
      return c == '\r' || c == ';' || size_digit(c);
    case State::extension:
      return skip(c, State::size_end);
    case State::size_end:
      state_ = left_ == 0 ? State::trailer_start : State::data;
      return c == '\n';
    case State::data_cr:
      state_ = State::data_lf;
      return c == '\r';
    case State::data_lf:
      state_ = State::size_start;
      return c == '\n';
    case State::trailer_start:
      state_ = c == '\r' ? State::last_lf : State::trailer;
      return state_ == State::last_lf || skip(c, State::trailer_lf);
    case State::trailer:
      return skip(c, State::trailer_lf);
    case State::trailer_lf:
      state_ = State::trailer_start;
      return c == '\n';
    case State::last_lf:
      state_ = State::done;
      return c == '\n';
    case State::data:
    case State::done:
      break;
  }
  return false;
}

}  // namespace tally::api
