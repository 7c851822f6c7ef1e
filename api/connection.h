// One client's connection: requests in, replies out.
//
// A worker thread is taken only once a request is there: its head whole and valid and, when the
// body is small, the body too. Until then, and between requests, advance() reads what has come and
// returns at once. So a slow or silent client holds a descriptor and some bytes, but no thread.
//
// While a request is served, reading the rest of its body and writing the reply do block, each
// within a budget: a timeout, and one more second for every `rate_bytes_per_s_min` bytes moved.
// Both break off once `is_given_up` is true, which a server sets when it cannot wait any longer.
//
// For one thread at a time.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "api/request.h"
#include "api/socket.h"
#include "api/wire.h"
#include "core/result.h"

namespace tally::api {

class Connection final : public BodySource {
 public:
  struct Limits {
    HeadLimits head = {};
    std::size_t held_body_bytes_max = 64 * 1024;  // a body up to this is awaited without a worker
    std::int64_t idle_timeout_ms = 60'000;        // without a byte between two requests
    std::int64_t read_timeout_ms = 5'000;         // for a whole head, or the next bytes of a body
    std::int64_t write_timeout_ms = 5'000;
    std::int64_t linger_ms = 2'000;  // after a refusal, for the client to read it
    std::int64_t rate_bytes_per_s_min = 1'024;
  };
  enum class Next : std::uint8_t { wait_read, wait_write, serve, close };

  Connection(int descriptor,
             const TlsContext* tls,
             const Limits& limits,
             const std::atomic<bool>& is_given_up,
             std::string remote_address,
             std::int64_t now_ms);

  int descriptor() const { return socket_.descriptor(); }
  const std::string& remote_address() const { return remote_address_; }
  // When a connection that waits is to be closed.
  std::int64_t deadline_ms() const { return deadline_ms_; }
  // Something has come that no worker has looked at yet, or comes within `timeout_ms`.
  bool has_input(std::int64_t timeout_ms = 0) const {
    return socket_.wait(Io::wants_read, timeout_ms);
  }

  // Reads what is there and says what comes next. Never blocks.
  Next advance(std::int64_t now_ms);

  // While `serve` stands: the request at hand, or why there can be none.
  const Head& head() const { return head_; }
  std::string_view head_bytes() const { return std::string_view(inbox_).substr(0, head_.bytes); }
  const std::optional<core::Error>& refusal() const { return refusal_; }

  core::Result<core::Done> read(const BodySink& sink, std::uint64_t bytes_max) override;
  std::optional<std::string_view> buffered() override;

  // Collects small pieces into one packet. False once the client is gone or too slow.
  bool write(std::string_view bytes);
  // The reply is complete. `keep`: the connection may serve another request.
  Next finish_exchange(bool keep, std::int64_t now_ms);

 private:
  Next classify();
  Next linger(std::int64_t now_ms);
  bool flush();
  bool send(std::string_view bytes);
  std::string_view held() const;  // what has come of the body, and what may follow it
  core::Result<core::Done> read_sized(const BodySink& sink);
  core::Result<core::Done> read_chunked(const BodySink& sink, std::uint64_t bytes_max);
  std::size_t receive(char* bytes, std::size_t size);  // 0: closed or too slow
  bool wait(Io io, std::int64_t timeout_ms, std::uint64_t moved_bytes, std::int64_t& waited_ms);

  Limits limits_;
  Socket socket_;
  const std::atomic<bool>& is_given_up_;
  std::string remote_address_;
  std::int64_t deadline_ms_;

  std::string inbox_;   // from the start of the request at hand
  std::string outbox_;  // not sent yet
  Head head_;           // its views lie in inbox_
  std::optional<core::Error> refusal_;
  bool is_body_read_ = false;  // to its end
  bool is_broken_ = false;
  bool is_lingering_ = false;

  // Of this exchange, for its budgets.
  std::uint64_t received_bytes_ = 0;
  std::uint64_t sent_bytes_ = 0;
  std::int64_t read_waited_ms_ = 0;
  std::int64_t write_waited_ms_ = 0;
};

}  // namespace tally::api
