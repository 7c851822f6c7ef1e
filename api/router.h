// The router: from method and path to a handler, past everything that is checked before it runs.
//
// In this order, each with its refusal:
//   the path can be read             400 request.malformed_path (a broken %XX, "..", NUL)
//   a pattern matches                404 route.not_found
//   the method is one of its own     405 route.method_not_allowed, with Allow
//   the caller may                   401, 403, whatever Authenticate answers
//   the query is declared            422 request.unknown_parameter, request.repeated_parameter
//   the key is there, where needed   400 idempotency_key.missing, idempotency_key.malformed
//   the body fits                    413 request.body_too_large, 400 request.unexpected_body
//
// A pattern is made of literal segments, `{name}` (one segment) and, last, `{name...}` (all that
// follow). Literals win over names. Built before the server starts; answer() is for many threads.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "api/principal.h"
#include "api/request.h"
#include "core/result.h"

namespace tally::api {

enum class BodyKind : std::uint8_t {
  none,    // a body is refused
  json,    // read whole into Request::body_text
  stream,  // left to the handler, which calls Request::read_body
};

struct RouteOptions {
  std::string scope = {};    // what the caller's token must carry
  bool needs_token = false;  // where no scope is named: any token that is good
  BodyKind body = BodyKind::none;
  std::uint64_t body_bytes_max = 0;  // 0: the router's bound for this kind of body
  bool needs_idempotency_key = false;
  std::vector<std::string> query = {};  // the names that the query may hold
};

class Router {
 public:
  using Handler = std::function<core::Result<Reply>(const Request&)>;
  using Authenticate =
      std::function<core::Result<Principal>(const Request&, const std::string& scope)>;
  // Told of each reply: the pattern that matched (empty: none), the status, the time it took.
  using Observer = std::function<void(
      const Request&, std::string_view pattern, int status, std::int64_t duration_us)>;

  struct Options {
    std::uint64_t body_bytes_max = std::uint64_t{1} << 20;
    std::uint64_t stream_bytes_max = std::uint64_t{16} << 30;
    // Requests that wait for the rest of a body at one time; beyond, 503. Each holds a worker, and
    // whoever can connect can send slowly.
    std::size_t slow_bodies_max = 32;
  };

  explicit Router(Authenticate authenticate, Options options);
  explicit Router(Authenticate authenticate) : Router(std::move(authenticate), Options{}) {}
  ~Router();
  Router(const Router&) = delete;
  Router& operator=(const Router&) = delete;

  // Asserts that the pattern is well-formed and not taken yet.
  void add(std::string_view method,
           std::string_view pattern,
           RouteOptions options,
           Handler handler);
  void observe(Observer observer) { observer_ = std::move(observer); }

  // Every refusal comes back as a problem document. Passes on what the handler throws.
  Reply answer(Request& request, BodySource& body) const;

 private:
  struct Node;
  struct Route;
  using Segments = std::vector<std::string_view>;

  static core::Result<Segments> segments_of(Request& request);
  static const Node* find(const Node& node, const Segments&, std::size_t depth, Request&);
  core::Result<const Node*> find_node(Request& request) const;
  core::Result<Reply> run(const Route& route, Request& request, BodySource& body) const;
  core::Result<core::Done> admit(const Route& route, Request& request, BodySource& body) const;
  core::Result<core::Done> take_body(const Route& route, Request& request, BodySource& body) const;
  static Reply method_refused(const Node& node, const Request& request);

  // The body is not there yet: reads it while few others do the same.
  core::Result<core::Done> read_slowly(BodySource& body,
                                       const BodySink& sink,
                                       std::uint64_t bytes_max) const;

  Authenticate authenticate_;
  Options options_;
  mutable std::atomic<std::size_t> slow_bodies_{0};
  Observer observer_;
  std::unique_ptr<Node> root_;
};

}  // namespace tally::api
