// A real server on a free port, and a raw socket for what no well-behaved client would send.
#pragma once

#include <string>
#include <string_view>
#include <thread>

#include "api/http_client.h"
#include "api/http_server.h"
#include "api/router.h"

namespace tally::test {

// Serves from its construction to its destruction. The router must be complete before.
class TestServer {
 public:
  explicit TestServer(const api::Router& router, api::HttpServer::Options options = {});
  ~TestServer();

  int port() const { return port_; }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  api::HttpClient client() const { return api::HttpClient(url()); }
  void stop();

 private:
  api::HttpServer server_;
  int port_;
  std::jthread thread_;
};

class RawSocket {
 public:
  explicit RawSocket(int port);
  ~RawSocket();
  RawSocket(const RawSocket&) = delete;
  RawSocket& operator=(const RawSocket&) = delete;

  bool send(std::string_view bytes);
  // All that comes until the other side closes; gives up after `timeout_ms` without a byte.
  std::string read_all(int timeout_ms = 5'000);
  // What comes until `end` has been seen.
  std::string read_until(std::string_view end, int timeout_ms = 5'000);

 private:
  int descriptor_;
};

// A certificate for 127.0.0.1 and its key, made afresh as two files in `directory`.
void make_certificate(const std::string& directory);

}  // namespace tally::test
