#include "api/http_client.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include <httplib.h>

namespace tally::api {
namespace {

using core::Error;
using core::Refusal;
using core::Result;

// cpp-httplib throws on a scheme that it does not know, and takes a path for part of the host.
bool is_base_url(std::string_view url) {
  std::size_t scheme = url.starts_with("http://") ? 7 : url.starts_with("https://") ? 8 : 0;
  if (scheme == 0 || scheme == url.size()) return false;
  url.remove_prefix(scheme);
  return std::all_of(url.begin(), url.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view(".-:[]").find(c) != std::string_view::npos;
  });
}

Error bad_url(const std::string& url) {
  return Error{Refusal::invalid, "http.bad_url", "not of the form http://host:port: " + url};
}

HttpAnswer answer_from(httplib::Response& response) {
  HttpAnswer answer;
  answer.status = response.status;
  for (auto& [name, value] : response.headers) answer.headers.emplace_back(name, value);
  answer.body = std::move(response.body);
  return answer;
}

// Breaks off what is under way once the time is over. The library's own timeouts begin anew with every
// byte, which a peer can send for ever.
class Deadline {
 public:
  Deadline(httplib::Client& client, std::int64_t ms) {
    if (ms <= 0) return;
    thread_ = std::jthread([&client, ms](const std::stop_token& stop) {
      std::mutex mutex;
      std::unique_lock lock(mutex);
      std::condition_variable_any wait;
      auto pause = std::chrono::milliseconds(ms);
      while (!wait.wait_for(lock, stop, pause, [&] { return stop.stop_requested(); })) {
        client.stop();  // again and again: it may still be connecting
        pause = std::chrono::milliseconds(50);
      }
    });
  }

 private:
  std::jthread thread_;
};

std::string words_of(httplib::Error error, const std::string& base_url) {
  if (error == httplib::Error::Connection)
    return "could not connect to " + base_url + ": nothing answers there, or the name is unknown";
  return "no complete answer from " + base_url + ": " + httplib::to_string(error);
}

}  // namespace

UrlParts split_url(std::string_view url) {
  std::size_t scheme = url.find("://");
  std::size_t slash = scheme == url.npos ? url.npos : url.find('/', scheme + 3);
  UrlParts parts{std::string(url.substr(0, slash)), {}};
  if (slash != url.npos) parts.path = url.substr(slash);
  while (parts.path.ends_with('/')) parts.path.pop_back();
  return parts;
}

std::optional<std::string_view> HttpAnswer::header(std::string_view name) const {
  for (const auto& [header, value] : headers)
    if (equal_ignoring_case(header, name)) return value;
  return std::nullopt;
}

class HttpClient::Peer {
 public:
  Peer(const std::string& base_url, const Options& options)
      : client_(base_url),
        base_url_(base_url),
        token_(options.bearer_token),
        deadline_ms_(options.deadline_ms),
        answer_bytes_max_(options.answer_bytes_max) {
    auto timeout = std::chrono::milliseconds(options.timeout_s * 1000);
    if (deadline_ms_ > 0) timeout = std::min(timeout, std::chrono::milliseconds(deadline_ms_));
    client_.set_connection_timeout(timeout);
    client_.set_read_timeout(timeout);
    client_.set_write_timeout(timeout);
    client_.set_keep_alive(true);
    client_.set_tcp_nodelay(true);
    client_.set_url_encode(false);
    client_.set_follow_location(false);
    if (!options.ca_file.empty()) client_.set_ca_cert_path(options.ca_file);
  }

  httplib::Request begin(std::string_view method, std::string_view target, const Headers& headers) {
    httplib::Request request;
    request.method = method;
    request.path = target;
    if (!token_.empty()) request.set_header("Authorization", "Bearer " + token_);
    for (const auto& [name, value] : headers) request.set_header(name, value);
    return request;
  }

  Result<HttpAnswer> send(httplib::Request& request) {
    httplib::Response response;
    httplib::Error error = httplib::Error::Success;
    std::string bounded;
    bool is_bounded = answer_bytes_max_ > 0 && !request.content_receiver;
    if (is_bounded) {
      request.content_receiver = [&](const char* bytes, std::size_t size, std::uint64_t,
                                     std::uint64_t) {
        bounded.append(bytes, size);
        return bounded.size() <= answer_bytes_max_;
      };
    }
    Deadline deadline(client_, deadline_ms_);
    if (!client_.send(request, response, error)) {
      return Error{Refusal::unavailable, "http.unreachable", words_of(error, base_url_)};
    }
    if (is_bounded) response.body = std::move(bounded);
    return answer_from(response);
  }

  void stop() noexcept { client_.stop(); }

 private:
  httplib::Client client_;
  std::string base_url_;
  std::string token_;
  std::int64_t deadline_ms_;
  std::size_t answer_bytes_max_;
};

HttpClient::HttpClient(std::string base_url, const Options& options)
    : base_url_(std::move(base_url)) {
  while (base_url_.ends_with('/')) base_url_.pop_back();
  if (is_base_url(base_url_)) peer_ = std::make_unique<Peer>(base_url_, options);
}
HttpClient::~HttpClient() = default;
HttpClient::HttpClient(HttpClient&&) noexcept = default;
HttpClient& HttpClient::operator=(HttpClient&&) noexcept = default;
void HttpClient::stop() noexcept {
  if (peer_) peer_->stop();
}

Result<HttpAnswer> HttpClient::request(std::string_view method,
                                       std::string_view target,
                                       const Headers& headers,
                                       std::string_view body) {
  if (!peer_) return bad_url(base_url_);
  httplib::Request request = peer_->begin(method, target, headers);
  request.body = body;
  if (!body.empty() && !request.has_header("Content-Type"))
    request.set_header("Content-Type", "application/json");
  return peer_->send(request);
}

Result<HttpAnswer> HttpClient::upload(std::string_view method,
                                      std::string_view target,
                                      const Headers& headers,
                                      ChunkSource chunks,
                                      std::optional<std::uint64_t> length_bytes) {
  if (!peer_) return bad_url(base_url_);
  httplib::Request request = peer_->begin(method, target, headers);
  if (!request.has_header("Content-Type"))
    request.set_header("Content-Type", "application/octet-stream");
  if (length_bytes == std::uint64_t{0}) return peer_->send(request);
  request.is_chunked_content_provider_ = !length_bytes;
  request.content_length_ = length_bytes.value_or(0);
  if (!length_bytes) request.set_header("Transfer-Encoding", "chunked");
  request.content_provider_ = [&, chunk = std::string()](std::size_t, std::size_t,
                                                         httplib::DataSink& sink) mutable {
    do {
      chunk.clear();
      if (!chunks(chunk)) {
        if (!length_bytes) sink.done();
        return !length_bytes;
      }
    } while (chunk.empty());
    return sink.write(chunk.data(), chunk.size());
  };
  return peer_->send(request);
}

Result<HttpAnswer> HttpClient::download(std::string_view target,
                                        const Headers& headers,
                                        const BodySink& sink) {
  if (!peer_) return bad_url(base_url_);
  httplib::Request request = peer_->begin("GET", target, headers);
  int status = 0;
  std::string refusal;
  request.response_handler = [&](const httplib::Response& response) {
    status = response.status;
    return true;
  };
  request.content_receiver = [&](const char* bytes, std::size_t size, std::uint64_t,
                                 std::uint64_t) {
    if (status / 100 == 2) return sink({bytes, size});
    refusal.append(bytes, size);
    return true;
  };
  auto answer = peer_->send(request);
  if (answer) answer->body = std::move(refusal);
  return answer;
}

}  // namespace tally::api
