#include "api/socket.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <climits>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include "core/assert.h"
#include "core/result.h"

namespace tally::api {

void TlsContext::Free::operator()(ssl_ctx_st* context) const { SSL_CTX_free(context); }
void Socket::Free::operator()(ssl_st* tls) const { SSL_free(tls); }

TlsContext::TlsContext(const std::string& certificate_file, const std::string& key_file)
    : context_(SSL_CTX_new(TLS_server_method())) {
  SSL_CTX* context = context_.get();
  if (context == nullptr) throw core::Broken("TLS is not available");
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  if (SSL_CTX_use_certificate_chain_file(context, certificate_file.c_str()) != 1)
    throw core::Broken("cannot use the TLS certificate " + certificate_file);
  if (SSL_CTX_use_PrivateKey_file(context, key_file.c_str(), SSL_FILETYPE_PEM) != 1 ||
      SSL_CTX_check_private_key(context) != 1)
    throw core::Broken("cannot use the TLS key " + key_file);
}

Socket::Socket(int descriptor, const TlsContext* tls) : descriptor_(descriptor) {
  TALLY_ASSERT(descriptor >= 0);
  ::fcntl(descriptor, F_SETFL, ::fcntl(descriptor, F_GETFL) | O_NONBLOCK);
  ::fcntl(descriptor, F_SETFD, FD_CLOEXEC);
  if (tls == nullptr) return;
  tls_.reset(SSL_new(tls->context_.get()));
  if (!tls_ || SSL_set_fd(tls_.get(), descriptor) != 1) throw core::Broken("cannot begin TLS");
  SSL_set_accept_state(tls_.get());
}

Socket::~Socket() {
  if (tls_ && is_established_) SSL_shutdown(tls_.get());
  ::close(descriptor_);
}

Io Socket::outcome(int result) const {
  int reason = SSL_get_error(tls_.get(), result);
  ERR_clear_error();
  if (reason == SSL_ERROR_WANT_READ) return Io::wants_read;
  if (reason == SSL_ERROR_WANT_WRITE) return Io::wants_write;
  return Io::closed;
}

Io Socket::shake_hands() {
  if (!tls_ || is_established_) return Io::done;
  ERR_clear_error();
  int result = SSL_do_handshake(tls_.get());
  is_established_ = result == 1;
  return is_established_ ? Io::done : outcome(result);
}

Socket::Transfer Socket::read(char* bytes, std::size_t size) {
  if (tls_) {
    ERR_clear_error();
    int result =
        SSL_read(tls_.get(), bytes, static_cast<int>(std::min<std::size_t>(size, INT_MAX)));
    if (result > 0) return {Io::done, static_cast<std::size_t>(result)};
    return {outcome(result), 0};
  }
  for (;;) {
    ssize_t result = ::recv(descriptor_, bytes, size, 0);
    if (result > 0) return {Io::done, static_cast<std::size_t>(result)};
    if (result < 0 && errno == EINTR) continue;
    if (result < 0 && (errno == EAGAIN)) return {Io::wants_read, 0};
    return {Io::closed, 0};
  }
}

Socket::Transfer Socket::write(const char* bytes, std::size_t size) {
  if (tls_) {
    ERR_clear_error();
    int result =
        SSL_write(tls_.get(), bytes, static_cast<int>(std::min<std::size_t>(size, INT_MAX)));
    if (result > 0) return {Io::done, static_cast<std::size_t>(result)};
    return {outcome(result), 0};
  }
  for (;;) {
    ssize_t result = ::send(descriptor_, bytes, size, MSG_NOSIGNAL);
    if (result > 0) return {Io::done, static_cast<std::size_t>(result)};
    if (result < 0 && errno == EINTR) continue;
    if (result < 0 && (errno == EAGAIN)) return {Io::wants_write, 0};
    return {Io::closed, 0};
  }
}

bool Socket::has_pending() const { return tls_ && SSL_has_pending(tls_.get()) == 1; }

bool Socket::wait(Io io, std::int64_t timeout_ms) const {
  pollfd poll_for{descriptor_, static_cast<short>(io == Io::wants_write ? POLLOUT : POLLIN), 0};
  int bounded_ms = static_cast<int>(std::clamp<std::int64_t>(timeout_ms, 0, 60'000));
  return ::poll(&poll_for, 1, bounded_ms) > 0;
}

void Socket::finish_writing() {
  if (tls_ && is_established_) SSL_shutdown(tls_.get());
  is_established_ = false;
  ::shutdown(descriptor_, SHUT_WR);
}

bool Socket::drop_input() {
  std::array<char, 16'384> dropped;
  for (int i = 0; i < 64; ++i) {
    ssize_t result = ::recv(descriptor_, dropped.data(), dropped.size(), 0);
    if (result > 0) continue;
    return result < 0 && (errno == EAGAIN || errno == EINTR);
  }
  return true;
}

}  // namespace tally::api
