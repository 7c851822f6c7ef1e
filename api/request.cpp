#include "api/request.h"

#include <algorithm>

#include "core/bytes.h"

namespace tally::api {
namespace {

using core::Error;
using core::Refusal;
using core::Result;

constexpr std::size_t idempotency_key_bytes_max = 128;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool is_visible(char c) { return c > 0x20 && c < 0x7f; }

Error bad_query(std::string code, std::string message) {
  return Error{Refusal::invalid, std::move(code), std::move(message)};
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  char l = lower(c);
  return l >= 'a' && l <= 'f' ? l - 'a' + 10 : -1;
}

}  // namespace

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                            [](char x, char y) { return lower(x) == lower(y); });
}

std::optional<std::string> percent_decoded(std::string_view text, bool plus_is_blank) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_blank) {
      out += ' ';
    } else if (text[i] != '%') {
      out += text[i];
    } else {
      if (text.size() - i < 3) return std::nullopt;
      int high = hex_digit(text[i + 1]);
      int low = hex_digit(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      out += static_cast<char>(high * 16 + low);
      i += 2;
    }
  }
  return out;
}

Request::Request(std::string_view request_method,
                 std::string_view request_target,
                 std::vector<Header> request_headers)
    : method(request_method), headers(std::move(request_headers)) {
  std::size_t mark = request_target.find('?');
  path = request_target.substr(0, mark);
  if (mark != std::string_view::npos) query = request_target.substr(mark + 1);
}

std::optional<std::string_view> Request::header(std::string_view name) const {
  for (const Header& header : headers)
    if (equal_ignoring_case(header.name, name)) return header.value;
  return std::nullopt;
}

Result<std::optional<std::string_view>> Request::sole_header(std::string_view name) const {
  std::optional<std::string_view> found;
  for (const Header& header : headers) {
    if (!equal_ignoring_case(header.name, name)) continue;
    if (found) {
      return Error{Refusal::malformed, "request.repeated_header",
                   "the header " + std::string(name) + " stands more than once"};
    }
    found = header.value;
  }
  return found;
}

std::string_view Request::param(std::string_view name) const {
  auto at = std::find_if(params_.begin(), params_.end(), [&](auto& p) { return p.first == name; });
  TALLY_ASSERT(at != params_.end());
  return at->second;
}

std::optional<std::string_view> Request::query_text(std::string_view name) const {
  for (const auto& [member, value] : query_members_)
    if (member == name) return value;
  return std::nullopt;
}

Result<std::optional<std::uint64_t>> Request::query_number(std::string_view name) const {
  auto text = query_text(name);
  if (!text) return std::optional<std::uint64_t>{};
  auto number = core::parse_decimal(*text);
  if (!number) {
    return bad_query("request.invalid_parameter",
                     "the query parameter " + std::string(name) + " is not a decimal number");
  }
  return number;
}

Result<core::Done> Request::parse_query(const std::vector<std::string>& declared) {
  std::string_view rest = query;
  while (!rest.empty()) {
    std::size_t end = std::min(rest.find('&'), rest.size());
    std::string_view member = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (member.empty()) continue;
    std::size_t equals = std::min(member.find('='), member.size());
    auto name = percent_decoded(member.substr(0, equals), true);
    auto value = percent_decoded(member.substr(std::min(equals + 1, member.size())), true);
    if (!name || !value || !core::is_valid_utf8(*name) || !core::is_valid_utf8(*value) ||
        name->find('\0') != std::string::npos || value->find('\0') != std::string::npos)
      return Error{Refusal::malformed, "request.malformed_query", "the query is not readable"};
    if (std::find(declared.begin(), declared.end(), *name) == declared.end())
      return bad_query("request.unknown_parameter", "unknown query parameter: " + *name);
    if (query_text(*name))
      return bad_query("request.repeated_parameter", "repeated query parameter: " + *name);
    query_members_.emplace_back(std::move(*name), std::move(*value));
  }
  return core::Done{};
}

Result<core::Done> Request::read_body(const BodySink& sink) const {
  if (body_source_ == nullptr) return core::Done{};
  return body_source_->read(sink, body_bytes_max_);
}

Result<std::string_view> Request::idempotency_key() const {
  auto key = sole_header("Idempotency-Key");
  if (!key) return key.error();
  if (!*key) {
    return Error{Refusal::malformed, "idempotency_key.missing",
                 "this request needs a header Idempotency-Key"};
  }
  std::string_view text = **key;
  if (text.empty() || text.size() > idempotency_key_bytes_max ||
      !std::all_of(text.begin(), text.end(), is_visible)) {
    return Error{Refusal::malformed, "idempotency_key.malformed",
                 "Idempotency-Key has 1 to 128 visible ASCII characters"};
  }
  return text;
}

Result<std::string_view> Request::bearer_token() const {
  constexpr std::string_view scheme = "Bearer ";
  auto value = sole_header("Authorization");
  if (!value) return value.error();
  if (!*value) {
    return Error{Refusal::unauthenticated, "token.missing",
                 "this request needs a header Authorization: Bearer TOKEN"};
  }
  std::string_view text = **value;
  std::string_view token = text.substr(std::min(scheme.size(), text.size()));
  if (!equal_ignoring_case(text.substr(0, scheme.size()), scheme) || token.empty() ||
      !std::all_of(token.begin(), token.end(), is_visible)) {
    return Error{Refusal::unauthenticated, "token.malformed",
                 "the header Authorization is not of the form: Bearer TOKEN"};
  }
  return token;
}

Reply json_reply(int status, std::string text) {
  Reply reply;
  reply.status = status;
  reply.body = std::move(text);
  return reply;
}

}  // namespace tally::api
