#include "api/router.h"

#include <algorithm>
#include <chrono>

#include "api/problem.h"
#include "core/assert.h"
#include "core/bytes.h"

namespace tally::api {
namespace {

using core::Done;
using core::Error;
using core::Refusal;
using core::Result;

std::int64_t steady_us() {
  auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::microseconds>(now).count();
}

std::vector<std::string_view> split_path(std::string_view path) {
  std::vector<std::string_view> segments;
  segments.reserve(8);
  path.remove_prefix(1);
  while (!path.empty()) {
    std::size_t end = std::min(path.find('/'), path.size());
    segments.push_back(path.substr(0, end));
    if (end + 1 == path.size()) segments.emplace_back();  // a slash at the end
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return segments;
}

bool is_safe_segment(std::string_view segment) {
  return segment != "." && segment != ".." && segment.find('\0') == std::string_view::npos &&
         segment.find('/') == std::string_view::npos && core::is_valid_utf8(segment);
}

Error not_found() { return Error{Refusal::not_found, "route.not_found", "there is nothing here"}; }

}  // namespace

struct Router::Route {
  std::string method;
  std::string pattern;
  RouteOptions options;
  Handler handler;
  std::vector<std::string> names;  // of the pattern, in its order
};

struct Router::Node {
  std::map<std::string, std::unique_ptr<Node>, std::less<>> literals;
  std::unique_ptr<Node> any;                   // {name}
  std::unique_ptr<Node> all;                   // {name...}
  std::vector<std::unique_ptr<Route>> routes;  // one per method

  const Route* route(std::string_view method) const {
    for (const auto& route : routes)
      if (route->method == method) return route.get();
    return nullptr;
  }
};

Router::Router(Authenticate authenticate, Options options)
    : authenticate_(std::move(authenticate)), options_(options), root_(std::make_unique<Node>()) {}

Router::~Router() = default;

void Router::add(std::string_view method,
                 std::string_view pattern,
                 RouteOptions options,
                 Handler handler) {
  TALLY_ASSERT(pattern.starts_with('/') && handler);
  TALLY_ASSERT((options.scope.empty() && !options.needs_token) || authenticate_);
  Node* node = root_.get();
  std::vector<std::string> names;
  for (std::string_view segment : split_path(pattern)) {
    TALLY_ASSERT(!segment.empty() && (names.empty() || !names.back().ends_with("...")));
    bool is_name = segment.starts_with('{') && segment.ends_with('}');
    auto& child = !is_name                    ? node->literals[std::string(segment)]
                  : segment.ends_with("...}") ? node->all
                                              : node->any;
    if (!child) child = std::make_unique<Node>();
    node = child.get();
    if (is_name) names.emplace_back(segment.substr(1, segment.size() - 2));
  }
  TALLY_ASSERT(node->route(method) == nullptr);
  if (!names.empty() && names.back().ends_with("...")) names.back().resize(names.back().size() - 3);
  node->routes.push_back(std::make_unique<Route>(Route{
      std::string(method), std::string(pattern), std::move(options), std::move(handler), names}));
}

Result<Router::Segments> Router::segments_of(Request& request) {
  if (!request.path.starts_with('/')) return not_found();
  Segments segments = split_path(request.path);
  bool is_encoded = request.path.find('%') != std::string_view::npos;
  if (is_encoded) request.decoded_.reserve(segments.size());
  for (std::string_view& segment : segments) {
    if (is_encoded) {
      auto decoded = percent_decoded(segment);
      if (decoded) segment = request.decoded_.emplace_back(std::move(*decoded));
      if (!decoded) segment = "..";
    }
    if (!is_safe_segment(segment))
      return Error{Refusal::malformed, "request.malformed_path", "the path is not readable"};
    if (segment.empty()) return not_found();
  }
  return segments;
}

// Leaves the values of the names in request.params_, in their order; their names come from the
// route, since the routes of one node may name them differently.
const Router::Node* Router::find(const Node& node,
                                 const Segments& segments,
                                 std::size_t depth,
                                 Request& request) {
  if (depth == segments.size()) return node.routes.empty() ? nullptr : &node;
  std::string_view segment = segments[depth];
  if (auto at = node.literals.find(segment); at != node.literals.end())
    if (const Node* found = find(*at->second, segments, depth + 1, request)) return found;
  if (node.any) {
    request.params_.emplace_back(std::string_view(), segment);
    if (const Node* found = find(*node.any, segments, depth + 1, request)) return found;
    request.params_.pop_back();
  }
  if (!node.all) return nullptr;
  std::string rest(segment);
  for (std::size_t i = depth + 1; i < segments.size(); ++i) rest.append("/").append(segments[i]);
  request.rest_ = std::move(rest);
  request.params_.emplace_back(std::string_view(), request.rest_);
  return node.all.get();
}

Result<const Router::Node*> Router::find_node(Request& request) const {
  auto segments = segments_of(request);
  if (!segments) return segments.error();
  const Node* node = find(*root_, *segments, 0, request);
  if (node == nullptr) return not_found();
  return node;
}

Result<Done> Router::take_body(const Route& route, Request& request, BodySource& body) const {
  std::uint64_t bound = route.options.body_bytes_max;
  if (route.options.body == BodyKind::stream) {
    request.body_source_ = &body;
    request.body_bytes_max_ = bound != 0 ? bound : options_.stream_bytes_max;
    return Done{};
  }
  if (route.options.body == BodyKind::none) {
    if (auto whole = body.buffered(); whole && whole->empty()) return Done{};
    bool is_empty = true;
    auto read = read_slowly(
        body, [&](std::string_view piece) { return is_empty = piece.empty(); },
        options_.body_bytes_max);
    if (!read || is_empty) return read;
    return Error{Refusal::malformed, "request.unexpected_body", "this request takes no body"};
  }
  if (bound == 0) bound = options_.body_bytes_max;
  if (auto whole = body.buffered(); whole && whole->size() <= bound) {
    request.body_text = *whole;
    return Done{};
  }
  auto keep = [&](std::string_view piece) {
    request.body_storage_ += piece;
    return true;
  };
  auto read = read_slowly(body, keep, bound);
  request.body_text = request.body_storage_;
  return read;
}

Result<Done> Router::read_slowly(BodySource& body,
                                 const BodySink& sink,
                                 std::uint64_t bytes_max) const {
  struct Place {
    std::atomic<std::size_t>& taken;
    std::size_t before = taken.fetch_add(1);
    ~Place() { taken.fetch_sub(1); }
  } place{slow_bodies_};
  if (place.before >= options_.slow_bodies_max) {
    return Error{Refusal::unavailable, "request.too_many_slow_bodies",
                 "too many requests wait for their bodies; send the body with its length, at once"};
  }
  return body.read(sink, bytes_max);
}

Result<Done> Router::admit(const Route& route, Request& request, BodySource& body) const {
  const RouteOptions& options = route.options;
  for (std::size_t i = 0; i < route.names.size(); ++i) request.params_[i].first = route.names[i];
  if (options.needs_token || !options.scope.empty()) {
    auto principal = authenticate_(request, options.scope);
    if (!principal) return principal.error();
    request.principal = std::move(*principal);
  }
  if (!request.query.empty())
    if (auto parsed = request.parse_query(options.query); !parsed) return parsed;
  if (options.needs_idempotency_key)
    if (auto key = request.idempotency_key(); !key) return key.error();
  return take_body(route, request, body);
}

Result<Reply> Router::run(const Route& route, Request& request, BodySource& body) const {
  auto admitted = admit(route, request, body);
  if (!admitted) return admitted.error();
  return route.handler(request);
}

Reply Router::method_refused(const Node& node, const Request& request) {
  std::string allow;
  for (const auto& route : node.routes) {
    allow += (allow.empty() ? "" : ", ") + route->method;
    if (route->method == "GET" && node.route("HEAD") == nullptr) allow += ", HEAD";
  }
  Error error{Refusal::invalid, "route.method_not_allowed", "this takes: " + allow};
  Reply reply = problem(405, error, request.request_id);
  reply.headers.emplace_back("Allow", std::move(allow));
  return reply;
}

Reply Router::answer(Request& request, BodySource& body) const {
  struct Observation {
    const Router& router;
    const Request& request;
    std::string_view pattern = {};
    int status = 500;  // what stands when the handler throws
    std::int64_t start_us = router.observer_ ? steady_us() : 0;
    Reply note(Reply reply) {
      status = reply.status;
      return reply;
    }
    ~Observation() {
      if (router.observer_) router.observer_(request, pattern, status, steady_us() - start_us);
    }
  } observation{*this, request};

  auto node = find_node(request);
  if (!node) return observation.note(problem(node.error(), request.request_id));
  const Route* route = (*node)->route(request.method);
  if (route == nullptr && request.method == "HEAD") route = (*node)->route("GET");
  if (route == nullptr) return observation.note(method_refused(**node, request));
  observation.pattern = route->pattern;
  auto reply = run(*route, request, body);
  if (!reply) return observation.note(problem(reply.error(), request.request_id));
  return observation.note(std::move(*reply));
}

}  // namespace tally::api
