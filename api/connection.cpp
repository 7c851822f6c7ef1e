#include "api/connection.h"

#include <algorithm>
#include <array>

#include "core/time.h"

namespace tally::api {
namespace {

using core::Done;
using core::Error;
using core::Refusal;
using core::Result;

constexpr std::size_t outbox_bytes_max = 32 * 1024;
constexpr std::size_t read_bytes = 16 * 1024;
constexpr std::int64_t wait_step_ms = 200;  // between two looks at is_given_up

Error body_too_large(std::uint64_t bytes_max) {
  return Error{Refusal::too_large, "request.body_too_large",
               "the body is larger than " + std::to_string(bytes_max) + " bytes"};
}
Error body_broken() {
  return Error{Refusal::malformed, "request.body_broken",
               "the body ended early, came too slowly, or is not well chunked"};
}

}  // namespace

Connection::Connection(int descriptor,
                       const TlsContext* tls,
                       const Limits& limits,
                       const std::atomic<bool>& is_given_up,
                       std::string remote_address,
                       std::int64_t now_ms)
    : limits_(limits),
      socket_(descriptor, tls),
      is_given_up_(is_given_up),
      remote_address_(std::move(remote_address)),
      deadline_ms_(now_ms + (tls == nullptr ? limits.idle_timeout_ms : limits.read_timeout_ms)) {}

Connection::Next Connection::advance(std::int64_t now_ms) {
  if (is_lingering_) return socket_.drop_input() ? Next::wait_read : Next::close;
  if (Io io = socket_.shake_hands(); io != Io::done) {
    if (io == Io::closed) return Next::close;
    return io == Io::wants_read ? Next::wait_read : Next::wait_write;
  }
  for (;;) {
    std::array<char, read_bytes> bytes;
    auto [io, size] = socket_.read(bytes.data(), bytes.size());
    if (io == Io::closed) return Next::close;
    if (io != Io::done) return io == Io::wants_read ? Next::wait_read : Next::wait_write;
    if (inbox_.empty()) deadline_ms_ = now_ms + limits_.read_timeout_ms;
    inbox_.append(bytes.data(), size);
    if (Next next = classify(); next != Next::wait_read) return next;
    if (size < bytes.size() && !socket_.has_pending()) return Next::wait_read;
  }
}

Connection::Next Connection::classify() {
  // A robust server passes over an empty line before a request (RFC 9112, 2.2).
  if (inbox_.starts_with("\r\n")) inbox_.erase(0, 2);
  if (inbox_.empty()) return Next::wait_read;
  auto head = read_head(inbox_, limits_.head);
  if (!head) {
    refusal_ = head.error();
    return Next::serve;
  }
  if (!*head) return Next::wait_read;
  head_ = std::move(**head);
  bool awaits_body = !head_.is_chunked && !head_.expects_continue &&
                     head_.content_length <= limits_.held_body_bytes_max &&
                     held().size() < head_.content_length;
  return awaits_body ? Next::wait_read : Next::serve;
}

std::string_view Connection::held() const { return std::string_view(inbox_).substr(head_.bytes); }

std::optional<std::string_view> Connection::buffered() {
  if (head_.is_chunked || held().size() < head_.content_length) return std::nullopt;
  is_body_read_ = true;
  return held().substr(0, head_.content_length);
}

Result<Done> Connection::read(const BodySink& sink, std::uint64_t bytes_max) {
  if (head_.content_length > bytes_max) return body_too_large(bytes_max);
  if (auto whole = buffered()) {
    if (!whole->empty()) sink(*whole);
    return Done{};
  }
  if (head_.expects_continue && held().empty()) {
    write("HTTP/1.1 100 Continue\r\n\r\n");
    flush();
  }
  return head_.is_chunked ? read_chunked(sink, bytes_max) : read_sized(sink);
}

Result<Done> Connection::read_sized(const BodySink& sink) {
  std::uint64_t left = head_.content_length - held().size();
  if (!held().empty() && !sink(held())) return Done{};
  std::array<char, read_bytes> bytes;
  while (left > 0) {
    std::uint64_t wanted = std::min<std::uint64_t>(left, bytes.size());
    std::size_t size = receive(bytes.data(), wanted);
    if (size == 0) return body_broken();
    left -= size;
    if (!sink({bytes.data(), size})) return Done{};
  }
  // What follows in the socket belongs to the next request; nothing of it is in the inbox.
  inbox_.resize(head_.bytes);
  is_body_read_ = true;
  head_.content_length = 0;
  return Done{};
}

Result<Done> Connection::read_chunked(const BodySink& sink, std::uint64_t bytes_max) {
  ChunkDecoder decoder;
  std::uint64_t content_bytes = 0;
  bool is_refused = false;
  auto count = [&](std::string_view piece) {
    content_bytes += piece.size();
    if (content_bytes > bytes_max) return false;
    is_refused = !sink(piece);
    return !is_refused;
  };
  bool is_sound = decoder.feed(held(), count);
  std::array<char, read_bytes> bytes;
  while (is_sound && !decoder.is_done()) {
    std::size_t size = receive(bytes.data(), bytes.size());
    if (size == 0) return body_broken();
    is_sound = decoder.feed({bytes.data(), size}, count);
  }
  if (content_bytes > bytes_max) return body_too_large(bytes_max);
  if (is_refused) return Done{};
  if (!is_sound) return body_broken();
  return Done{};
}

bool Connection::wait(Io io,
                      std::int64_t timeout_ms,
                      std::uint64_t moved_bytes,
                      std::int64_t& waited_ms) {
  std::int64_t earned_ms =
      static_cast<std::int64_t>(moved_bytes) * 1'000 / limits_.rate_bytes_per_s_min;
  std::int64_t start_ms = core::system_clock().monotonic_ms();
  std::int64_t left_ms = std::min(timeout_ms + earned_ms - waited_ms, timeout_ms);
  bool is_ready = false;
  for (; left_ms > 0 && !is_ready && !is_given_up_; left_ms -= wait_step_ms)
    is_ready = socket_.wait(io, std::min(left_ms, wait_step_ms));
  waited_ms += core::system_clock().monotonic_ms() - start_ms;
  return is_ready;
}

std::size_t Connection::receive(char* bytes, std::size_t size) {
  while (!is_given_up_) {
    auto [io, moved] = socket_.read(bytes, size);
    received_bytes_ += moved;
    if (io == Io::done) return moved;
    if (io == Io::closed) break;
    if (!wait(io, limits_.read_timeout_ms, received_bytes_, read_waited_ms_)) break;
  }
  return 0;
}

bool Connection::send(std::string_view bytes) {
  while (!bytes.empty() && !is_broken_) {
    auto [io, moved] = socket_.write(bytes.data(), bytes.size());
    sent_bytes_ += moved;
    bytes.remove_prefix(moved);
    is_broken_ = is_given_up_ || io == Io::closed;
    if (io == Io::done || is_broken_) continue;
    is_broken_ = !wait(io, limits_.write_timeout_ms, sent_bytes_, write_waited_ms_);
  }
  return !is_broken_;
}

bool Connection::flush() {
  send(outbox_);
  outbox_.clear();
  return !is_broken_;
}

bool Connection::write(std::string_view bytes) {
  if (outbox_.size() + bytes.size() < outbox_bytes_max) {
    outbox_ += bytes;
    return !is_broken_;
  }
  return flush() && send(bytes);
}

Connection::Next Connection::finish_exchange(bool keep, std::int64_t now_ms) {
  flush();
  if (is_broken_) return Next::close;
  bool is_clean = !refusal_ && !head_.is_chunked && (is_body_read_ || buffered());
  if (!keep || !is_clean) return linger(now_ms);
  inbox_.erase(0, head_.bytes + head_.content_length);
  is_body_read_ = false;
  received_bytes_ = sent_bytes_ = 0;
  read_waited_ms_ = write_waited_ms_ = 0;
  deadline_ms_ = now_ms + (inbox_.empty() ? limits_.idle_timeout_ms : limits_.read_timeout_ms);
  Next next = classify();
  if (next == Next::wait_read && socket_.has_pending()) return advance(now_ms);
  return next;
}

// Closing with input unread would reset the connection, and the client might never see the reply.
Connection::Next Connection::linger(std::int64_t now_ms) {
  socket_.finish_writing();
  is_lingering_ = true;
  deadline_ms_ = now_ms + limits_.linger_ms;
  return Next::wait_read;
}

}  // namespace tally::api
