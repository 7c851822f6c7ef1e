#include "support/api/test_server.h"

#include <arpa/inet.h>
#include <array>
#include <cstdlib>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/assert.h"

namespace tally::test {

TestServer::TestServer(const api::Router& router, api::HttpServer::Options options)
    : server_(router, std::move(options)),
      port_(server_.bind()),
      thread_([this] { server_.serve(); }) {}

TestServer::~TestServer() { stop(); }

void TestServer::stop() {
  server_.stop();
  if (thread_.joinable()) thread_.join();
}

RawSocket::RawSocket(int port) : descriptor_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  TALLY_ASSERT(::connect(descriptor_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
}

RawSocket::~RawSocket() { ::close(descriptor_); }

bool RawSocket::send(std::string_view bytes) {
  while (!bytes.empty()) {
    ssize_t sent = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

std::string RawSocket::read_all(int timeout_ms) { return read_until({}, timeout_ms); }

std::string RawSocket::read_until(std::string_view end, int timeout_ms) {
  std::string text;
  std::array<char, 65'536> bytes;
  while (end.empty() || text.find(end) == std::string::npos) {
    pollfd input{descriptor_, POLLIN, 0};
    if (::poll(&input, 1, timeout_ms) <= 0) return text + "(timeout)";
    ssize_t size = ::recv(descriptor_, bytes.data(), bytes.size(), 0);
    if (size <= 0) return size < 0 ? text + "(reset)" : text;
    text.append(bytes.data(), static_cast<std::size_t>(size));
  }
  return text;
}

void make_certificate(const std::string& directory) {
  std::string command =
      "openssl req -x509 -newkey ed25519 -nodes -days 2 -subj /CN=127.0.0.1 "
      "-addext subjectAltName=IP:127.0.0.1 -keyout " +
      directory + "/key.pem -out " + directory + "/certificate.pem >/dev/null 2>&1";
  TALLY_ASSERT(std::system(command.c_str()) == 0);
}

}  // namespace tally::test
