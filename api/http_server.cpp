#include "api/http_server.h"

#include <atomic>
#include <exception>
#include <fcntl.h>
#include <functional>
#include <optional>
#include <string_view>
#include <sys/socket.h>
#include <type_traits>
#include <utility>

#include <httplib.h>
#include <spdlog/spdlog.h>

#include "api/connection_pool.h"
#include "api/problem.h"
#include "core/assert.h"
#include "core/bytes.h"
#include "core/random.h"
#include "core/time.h"
#include "ledger/follower.h"

namespace tally::api {
namespace {

constexpr int backlog = 1'024;
constexpr std::int64_t tick_ms = 50;
constexpr std::int64_t sweep_interval_ms = 500;
// Stands in for a head that read_head refused, so that one function writes all replies.
constexpr std::string_view bare_head = "GET / HTTP/1.1\r\n\r\n";

// The one place where exceptions of the floors below are caught. Their text stays in the log.
template <class F>
bool contained(std::string_view request_id, F&& f) {
  try {
    std::forward<F>(f)();
    return true;
  } catch (const std::exception& e) {
    spdlog::error("request {} failed: {}", request_id, e.what());
  } catch (...) {
    spdlog::error("request {} failed: not an std::exception", request_id);
  }
  return false;
}

std::string new_request_id() { return core::to_hex(core::system_random().bytes(8)); }

// One request and its reply, as cpp-httplib sees them: it reads a head and writes bytes. The body is
// read beside it.
class Exchange final : public httplib::Stream {
 public:
  Exchange(Connection& served_connection, std::size_t served_by)
      : connection(served_connection),
        worker(served_by),
        head_(connection.refusal() ? bare_head : connection.head_bytes()) {}

  Connection& connection;
  std::size_t worker;
  std::string request_id = new_request_id();
  bool keep = false;
  bool is_answered = false;

  bool is_readable() const override { return true; }
  bool is_writable() const override { return true; }
  ssize_t read(char* bytes, std::size_t size) override {
    size = head_.copy(bytes, size);
    head_.remove_prefix(size);
    return static_cast<ssize_t>(size);
  }
  ssize_t write(const char* bytes, std::size_t size) override {
    return connection.write({bytes, size}) ? static_cast<ssize_t>(size) : -1;
  }
  void get_remote_ip_and_port(std::string& ip, int& port) const override {
    ip = connection.remote_address();
    port = 0;
  }
  void get_local_ip_and_port(std::string& ip, int& port) const override {
    ip.clear();
    port = 0;
  }
  // cpp-httplib refuses descriptors above 1023, for its select(); nobody selects this one.
  socket_t socket() const override { return INVALID_SOCKET; }

 private:
  std::string_view head_;
};

thread_local Exchange* current_exchange = nullptr;

// Runs the jobs of cpp-httplib's accept loop at once: each admits a connection to the pool.
class Doorman final : public httplib::TaskQueue {
 public:
  explicit Doorman(std::function<void()> tick) : tick_(std::move(tick)) {}

  // void in 0.11, bool in 0.18.
  using Enqueued = decltype(std::declval<httplib::TaskQueue&>().enqueue(nullptr));
  Enqueued enqueue(std::function<void()> job) override {
    job();
    tick_();
    return accepted<Enqueued>();
  }
  void shutdown() override {}
  void on_idle() override { tick_(); }

 private:
  template <class T>
  static T accepted() {
    if constexpr (!std::is_void_v<T>) return true;
  }

  std::function<void()> tick_;
};

// The pieces of a streamed reply, none of them empty: an empty chunk would end it.
class Source {
 public:
  explicit Source(ChunkSource chunks) : chunks_(std::move(chunks)) {}

  std::optional<std::string_view> next() {
    do {
      chunk_.clear();
      if (!chunks_(chunk_)) return std::nullopt;
    } while (chunk_.empty());
    return std::string_view(chunk_);
  }

 private:
  ChunkSource chunks_;
  std::string chunk_;
};

Reply refused_by_library(int status, std::string_view request_id) {
  core::Error error{core::Refusal::malformed, "request.malformed_head",
                    "the request is not readable"};
  if (status == 416) error = {core::Refusal::invalid, "request.malformed_range", "broken Range"};
  return status >= 500 ? internal_problem(request_id) : problem(status, error, request_id);
}

}  // namespace

class HttpServer::Listener final : public httplib::Server {
 public:
  Listener(const Router& router, HttpServer::Options options);

  int bind();
  void serve();
  void stop() noexcept { is_stopping_ = true; }

 private:
  bool process_and_close_socket(socket_t descriptor) override;
  void tick();
  bool exchange(Connection& connection, std::size_t worker);
  void answer(httplib::Response& response);
  Reply reply_to(Exchange& exchange);
  void write_reply(Exchange& exchange, Reply reply, httplib::Response& response);
  void stream_reply(const Exchange& exchange, Reply& reply, httplib::Response& response);

  // The signature differs between 0.11 and 0.18; a template, so that only one has to compile.
  template <class Stream, class Setup>
  bool process(Stream& stream, bool close, bool& is_closed, const Setup& setup) {
    if constexpr (requires { this->process_request(stream, close, is_closed, setup); }) {
      return this->process_request(stream, close, is_closed, setup);
    } else {
      const std::string& remote = stream.connection.remote_address();
      return this->process_request(stream, remote, 0, std::string(), 0, close, is_closed, setup);
    }
  }

  const Router& router_;
  HttpServer::Options options_;
  std::optional<TlsContext> tls_;
  std::optional<ConnectionPool> pool_;
  std::int64_t swept_at_ms_ = 0;
  std::atomic<bool> is_stopping_ = false;
};

HttpServer::Listener::Listener(const Router& router, HttpServer::Options options)
    : router_(router), options_(std::move(options)) {
  set_idle_interval(0, tick_ms * 1'000);
  set_keep_alive_max_count(1'000'000);  // only spoken of in a header; the pool sets no such limit
  set_keep_alive_timeout(options_.idle_timeout_s);
  set_tcp_nodelay(true);
  set_socket_options([](socket_t descriptor) {
    int on = 1;
    ::setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  });
  new_task_queue = [this] { return new Doorman([this] { tick(); }); };
  set_pre_routing_handler([this](const httplib::Request&, httplib::Response& response) {
    answer(response);
    return HandlerResponse::Handled;
  });
  // Only what cpp-httplib says by itself is left to answer here.
  set_error_handler(
      HandlerWithResponse([this](const httplib::Request&, httplib::Response& response) {
        Exchange& exchange = *current_exchange;
        if (exchange.is_answered) return HandlerResponse::Unhandled;
        write_reply(exchange, refused_by_library(response.status, exchange.request_id), response);
        return HandlerResponse::Handled;
      }));
  set_post_routing_handler([](const httplib::Request& request, httplib::Response& response) {
    if (request.method == "HEAD") response.headers.erase("Accept-Ranges");
    if (response.status == 204 || response.status == 304) response.headers.erase("Content-Length");
  });
}

int HttpServer::Listener::bind() {
  if (!options_.tls_certificate_file.empty())
    tls_.emplace(options_.tls_certificate_file, options_.tls_key_file);
  int port = options_.port;
  if (port == 0) {
    port = bind_to_any_port(options_.host);
  } else if (!bind_to_port(options_.host, port)) {
    port = -1;
  }
  if (port <= 0)
    throw core::Broken("cannot listen on " + options_.host + ":" + std::to_string(options_.port));
  // cpp-httplib's backlog is 5: 64 clients that come at once would wait a second for a retransmit.
  int descriptor = svr_sock_;
  ::listen(descriptor, backlog);
  ::fcntl(descriptor, F_SETFL, ::fcntl(descriptor, F_GETFL) | O_NONBLOCK);
  return port;
}

void HttpServer::Listener::serve() {
  TALLY_ASSERT(svr_sock_ != INVALID_SOCKET);
  ConnectionPool::Options pool;
  pool.workers = options_.workers;
  pool.connections_max = options_.connections_max;
  pool.limits.head = options_.head;
  pool.limits.idle_timeout_ms = options_.idle_timeout_s * 1'000;
  pool.limits.read_timeout_ms = options_.read_timeout_s * 1'000;
  pool.limits.write_timeout_ms = options_.write_timeout_s * 1'000;
  pool_.emplace(pool, tls_ ? &*tls_ : nullptr, [this](Connection& connection, std::size_t worker) {
    return exchange(connection, worker);
  });
  listen_after_bind();
  pool_.reset();
}

// Runs in the accept loop, for each connection and at least every 50 ms.
void HttpServer::Listener::tick() {
  std::int64_t now_ms = core::system_clock().monotonic_ms();
  if (is_stopping_ && is_running()) {
    // The socket stays open meanwhile: cpp-httplib cuts replies off once it is closed.
    pool_->drain(options_.stop_timeout_s * 1'000);
    httplib::Server::stop();
  } else if (now_ms - swept_at_ms_ >= sweep_interval_ms) {
    swept_at_ms_ = now_ms;
    pool_->sweep();
  }
}

bool HttpServer::Listener::process_and_close_socket(socket_t descriptor) {
  return contained("(accepting)", [&] { pool_->admit(descriptor, is_stopping_); });
}

bool HttpServer::Listener::exchange(Connection& connection, std::size_t worker) {
  Exchange exchange(connection, worker);
  const Head& head = connection.head();
  exchange.keep = !connection.refusal() && head.keeps_alive && !head.is_chunked && !is_stopping_;
  current_exchange = &exchange;
  bool is_complete = false;
  bool is_closed = false;
  // Headers act on cpp-httplib in ways that this server does not want: ranges cut from any reply,
  // compression, "100 Continue" before anybody has looked at the request.
  std::function<void(httplib::Request&)> setup = [](httplib::Request& request) {
    request.headers.clear();
    request.ranges.clear();
  };
  bool is_sound = contained(exchange.request_id, [&] {
    is_complete = process(exchange, !exchange.keep, is_closed, setup);
  });
  current_exchange = nullptr;
  return is_sound && is_complete && exchange.is_answered && exchange.keep;
}

void HttpServer::Listener::answer(httplib::Response& response) {
  Exchange& exchange = *current_exchange;
  Reply reply;
  auto answer = [&] {
    try {
      reply = reply_to(exchange);
    } catch (const ledger::Withheld& withheld) {
      reply = problem(withheld.error, exchange.request_id);
    }
  };
  if (!contained(exchange.request_id, answer)) reply = internal_problem(exchange.request_id);
  write_reply(exchange, std::move(reply), response);
}

Reply HttpServer::Listener::reply_to(Exchange& exchange) {
  Connection& connection = exchange.connection;
  if (const auto& refusal = connection.refusal()) {
    bool is_too_large = refusal->kind == core::Refusal::too_large;
    return problem(is_too_large ? 431 : http_status(refusal->kind), *refusal, exchange.request_id);
  }
  const Head& head = connection.head();
  Request request(head.method, head.target, head.headers);
  request.request_id = exchange.request_id;
  request.remote_address = connection.remote_address();
  request.worker = exchange.worker;
  return router_.answer(request, connection);
}

void HttpServer::Listener::write_reply(Exchange& exchange,
                                       Reply reply,
                                       httplib::Response& response) {
  exchange.is_answered = true;
  response.status = reply.status;
  bool has_cache_control = false;
  for (const auto& [name, value] : reply.headers) {
    has_cache_control = has_cache_control || equal_ignoring_case(name, "Cache-Control");
    response.set_header(name, value);
  }
  if (!has_cache_control) response.set_header("Cache-Control", "no-store");
  response.set_header("X-Content-Type-Options", "nosniff");
  response.set_header("X-Request-Id", exchange.request_id);
  if (reply.chunks && reply.length_bytes != std::uint64_t{0})
    return stream_reply(exchange, reply, response);
  if (reply.body.empty()) return;
  response.set_header("Content-Type", reply.content_type);
  response.body = std::move(reply.body);
}

void HttpServer::Listener::stream_reply(const Exchange& exchange,
                                        Reply& reply,
                                        httplib::Response& response) {
  Source source(std::move(reply.chunks));
  if (reply.length_bytes) {
    response.set_content_provider(
        *reply.length_bytes, reply.content_type,
        [source](std::size_t, std::size_t left, httplib::DataSink& sink) mutable {
          auto piece = source.next();
          // A reply that is not as long as it said breaks off, so that it is not taken for whole.
          return piece && piece->size() <= left && sink.write(piece->data(), piece->size());
        });
    return;
  }
  auto provide = [source](std::size_t, httplib::DataSink& sink) mutable {
    auto piece = source.next();
    if (piece) return sink.write(piece->data(), piece->size());
    sink.done();
    return true;
  };
  // HTTP/1.0 knows no chunks; there, the end of the connection ends the reply.
  if (exchange.connection.head().is_http_1_0) {
    response.set_content_provider(reply.content_type, std::move(provide));
  } else {
    response.set_chunked_content_provider(reply.content_type, std::move(provide));
  }
}

HttpServer::HttpServer(const Router& router, Options options)
    : listener_(std::make_unique<Listener>(router, std::move(options))) {}
HttpServer::~HttpServer() = default;
int HttpServer::bind() { return listener_->bind(); }
void HttpServer::serve() { listener_->serve(); }
void HttpServer::stop() noexcept { listener_->stop(); }

}  // namespace tally::api
