// A request as a handler sees it, and the reply that it gives. Nothing here knows of sockets, so a
// handler is tested without a server.
//
// Every view in a Request lives as long as the call of the handler and no longer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/principal.h"
#include "core/json.h"
#include "core/mapping.h"
#include "core/result.h"

namespace tally::api {

struct Header {
  std::string_view name;
  std::string_view value;
};

// Takes a piece of a body; false stops the reading.
using BodySink = std::function<bool(std::string_view piece)>;

// Where the body of a request comes from.
class BodySource {
 public:
  virtual ~BodySource() = default;
  // Hands the body over piece by piece, in constant memory; can be called once. Refusals:
  //   too_large  request.body_too_large  the body is beyond `bytes_max`, declared or counted
  //   malformed  request.body_broken     it ended early, came too slowly, or its chunks are broken
  // A sink that says false ends the reading without a refusal.
  virtual core::Result<core::Done> read(const BodySink& sink, std::uint64_t bytes_max) = 0;
  // The whole body when it is in memory already, so that nobody copies it.
  virtual std::optional<std::string_view> buffered() { return std::nullopt; }
};

class Request {
 public:
  Request(std::string_view request_method,
          std::string_view request_target,
          std::vector<Header> request_headers = {});

  std::string_view method;  // "GET"; a HEAD request says "HEAD"
  std::string_view path;    // as sent, still percent-encoded, without the query
  std::string_view query;   // as sent, behind the '?'
  std::vector<Header> headers;
  std::string_view body_text;  // the whole body, on a route that declares BodyKind::json
  std::string request_id;      // unique; stands in the log, in X-Request-Id and in problems
  std::string remote_address;
  std::size_t worker = 0;  // 0 .. workers - 1: one request at a time for each
  Principal principal;

  // The first header of that name, in any case of letters.
  std::optional<std::string_view> header(std::string_view name) const;

  // A `{name}` segment of the route's pattern, decoded. Asserts that the pattern has it.
  std::string_view param(std::string_view name) const;

  // The same as an id. A text that is no id of this kind names nothing: not_found
  // "request.unknown_id".
  template <class Id>
  core::Result<Id> id(std::string_view name) const {
    if (auto parsed = Id::parse(param(name))) return *parsed;
    return core::Error{core::Refusal::not_found, "request.unknown_id", "there is no such id"};
  }

  // A member of the query, decoded. The route has declared its name, and it stands at most once.
  std::optional<std::string_view> query_text(std::string_view name) const;
  // Invalid "request.invalid_parameter" unless it is a plain decimal number.
  core::Result<std::optional<std::uint64_t>> query_number(std::string_view name) const;

  // The body, parsed and decoded: malformed JSON is 400, a wrong member 422 with its pointer.
  template <class T>
  core::Result<T> body() const {
    auto json = core::parse_json(body_text);
    if (!json) return json.error();
    return core::decode<T>(*json);
  }

  // Streams the body, on a route that declares BodyKind::stream; within the route's bound.
  core::Result<core::Done> read_body(const BodySink& sink) const;

  // Header Idempotency-Key, 1 to 128 visible ASCII characters: malformed
  // "idempotency_key.missing", "idempotency_key.malformed".
  core::Result<std::string_view> idempotency_key() const;

  // The text behind "Authorization: Bearer": unauthenticated "token.missing",
  // "token.malformed".
  core::Result<std::string_view> bearer_token() const;

 private:
  friend class Router;

  core::Result<core::Done> parse_query(const std::vector<std::string>& declared);
  // The single value of a header; nothing when there is none, refused when there are several.
  core::Result<std::optional<std::string_view>> sole_header(std::string_view name) const;

  std::vector<std::string> decoded_;  // segments, when the path holds a '%'
  std::string rest_;                  // the value of a {name...}
  std::vector<std::pair<std::string_view, std::string_view>> params_;
  std::vector<std::pair<std::string, std::string>> query_members_;
  std::string body_storage_;
  BodySource* body_source_ = nullptr;
  std::uint64_t body_bytes_max_ = 0;
};

// Writes the next piece of a reply into `chunk` (empty on entry); false: there was none, the reply
// is complete. What it throws breaks the connection off, so that nobody takes a part for the whole.
using ChunkSource = std::function<bool(std::string& chunk)>;

struct Reply {
  int status = 200;
  std::string content_type = "application/json";
  // Cache-Control is "no-store" unless it stands here.
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::string body = {};
  ChunkSource chunks = {};                      // when set, it is sent in place of `body`
  std::optional<std::uint64_t> length_bytes{};  // of what `chunks` gives, where it is known
};

Reply json_reply(int status, std::string text);

// Any Json, or struct with `fields`.
template <class T>
Reply ok(const T& message) {
  return json_reply(200, core::canonical(message));
}
template <class T>
Reply created(const T& message, std::string location) {
  Reply reply = json_reply(201, core::canonical(message));
  reply.headers.emplace_back("Location", std::move(location));
  return reply;
}

bool equal_ignoring_case(std::string_view a, std::string_view b);  // ASCII letters

// %XX decoded; nothing when it is broken. A '+' is a blank where `plus_is_blank`.
std::optional<std::string> percent_decoded(std::string_view text, bool plus_is_blank = false);

}  // namespace tally::api
