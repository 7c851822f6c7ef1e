// A connected socket, plain or TLS, that never blocks unless it is asked to wait. The door to
// OpenSSL's TLS.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

struct ssl_st;
struct ssl_ctx_st;

namespace tally::api {

// Certificate and key of a server, TLS 1.2 or later.
class TlsContext {
 public:
  // Files in PEM; the certificate with its chain. Throws Broken when they cannot be used.
  TlsContext(const std::string& certificate_file, const std::string& key_file);

 private:
  friend class Socket;
  struct Free {
    void operator()(ssl_ctx_st* context) const;
  };
  std::unique_ptr<ssl_ctx_st, Free> context_;
};

enum class Io : std::uint8_t { done, wants_read, wants_write, closed };

class Socket {
 public:
  // Takes the descriptor over and makes it non-blocking. `tls` may be null.
  Socket(int descriptor, const TlsContext* tls);
  ~Socket();
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  int descriptor() const { return descriptor_; }

  // TLS: goes on with the handshake. Plain: done.
  Io shake_hands();

  struct Transfer {
    Io io = Io::done;
    std::size_t bytes = 0;  // when done: at least 1
  };
  Transfer read(char* bytes, std::size_t size);
  Transfer write(const char* bytes, std::size_t size);
  // True when decrypted bytes wait here, which no poll would tell.
  bool has_pending() const;

  // Waits until the socket is ready for `io`; false after `timeout_ms`.
  bool wait(Io io, std::int64_t timeout_ms) const;

  // Says that nothing more comes, so that the other side can read what it has been sent.
  void finish_writing();
  // Reads and drops what has come, below TLS. False: the other side has closed.
  bool drop_input();

 private:
  struct Free {
    void operator()(ssl_st* tls) const;
  };
  Io outcome(int result) const;

  int descriptor_;
  std::unique_ptr<ssl_st, Free> tls_;
  bool is_established_ = false;
};

}  // namespace tally::api
