// An HTTP client for the command line, the story and the tests: the only door to cpp-httplib's.
//
// One client is one connection, kept alive between requests and made again when it was lost; for
// one thread at a time. Nothing is retried and no redirect is followed: a caller who retries does so
// with its Idempotency-Key.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/request.h"
#include "core/result.h"

namespace tally::api {

struct HttpAnswer {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;

  std::optional<std::string_view> header(std::string_view name) const;
};

// "https://host:port/a/b/" is the base "https://host:port" and the path "/a/b".
struct UrlParts {
  std::string base;
  std::string path;  // without a slash at its end; may be empty
};
UrlParts split_url(std::string_view url);

class HttpClient {
 public:
  using Headers = std::vector<std::pair<std::string, std::string>>;
  struct Options {
    std::string bearer_token = {};  // empty: no Authorization
    std::int64_t timeout_s = 30;    // for connecting, for the next bytes in and out
    std::string ca_file = {};       // https: trusted certificates in PEM; empty: the system's
    std::int64_t deadline_ms = 0;  // for an exchange as a whole, however slowly bytes come; 0: none
    std::size_t answer_bytes_max = 0;  // of a body, beyond which it breaks off; 0: any
  };

  // "http://host:port" or "https://host:port", without a path.
  explicit HttpClient(std::string base_url, const Options& options);
  explicit HttpClient(std::string base_url) : HttpClient(std::move(base_url), Options{}) {}
  ~HttpClient();
  HttpClient(HttpClient&&) noexcept;
  HttpClient& operator=(HttpClient&&) noexcept;

  // Any status is an answer. Refusals of all three:
  //   unavailable  http.unreachable  no connection, or it broke before the answer was complete
  //   invalid      http.bad_url      the base URL is of another form
  // The content type of a body is application/json unless a header says otherwise.
  core::Result<HttpAnswer> request(std::string_view method,
                                   std::string_view target,
                                   const Headers& headers = {},
                                   std::string_view body = {});
  // Sends a body piece by piece: in chunks, or as `length_bytes` bytes where it is known.
  core::Result<HttpAnswer> upload(std::string_view method,
                                  std::string_view target,
                                  const Headers& headers,
                                  ChunkSource chunks,
                                  std::optional<std::uint64_t> length_bytes = {});
  // Hands the body of a 2xx answer to `sink`; any other stands in HttpAnswer::body. A sink that
  // says false breaks off: http.unreachable.
  core::Result<HttpAnswer> download(std::string_view target,
                                    const Headers& headers,
                                    const BodySink& sink);

  // From any thread: breaks off what is under way (http.unreachable).
  void stop() noexcept;

  const std::string& base_url() const { return base_url_; }

 private:
  class Peer;
  std::string base_url_;
  std::unique_ptr<Peer> peer_;  // null: the URL is not usable
};

}  // namespace tally::api
