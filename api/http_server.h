// HTTP/1.1 in front of a Router: the only door to cpp-httplib's server.
//
// cpp-httplib listens, parses the request and writes the reply. What it leaves open is closed here
// (0.11.4 and 0.18 alike; see ARCHITECTURE.md):
//   a thread per connection          ConnectionPool: a thread per request at work
//   headers without bound            read_head: 16 KiB, 64 headers, else 431
//   chunked bodies without bound     Connection::read counts them, whatever they declare
//   an unread body taken for the     the connection is closed
//     next request
//   %XX decoded in header values     headers come from read_head, as they were sent
//   exception texts in the reply     logged here, answered with a bare problem document
//   ranges and compression applied   both off: a reply is the bytes that the handler gave
//     to every reply
//   routes by std::regex             Router
//   SO_REUSEPORT                     off: a second server on the port fails instead of sharing it
//
// Every reply carries X-Request-Id, X-Content-Type-Options: nosniff and, unless its handler says
// otherwise, Cache-Control: no-store. Every error, cpp-httplib's own too, is a problem document.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "api/router.h"
#include "api/wire.h"

namespace tally::api {

class HttpServer {
 public:
  struct Options {
    std::string host = "127.0.0.1";
    int port = 0;                         // 0: any that is free
    std::size_t workers = 64;             // requests at work at one time
    std::size_t connections_max = 1'024;  // beyond, silent ones give way, then accepting waits
    HeadLimits head = {};
    std::int64_t idle_timeout_s = 60;
    std::int64_t read_timeout_s = 5;        // for a whole head, or the next bytes of a body
    std::int64_t write_timeout_s = 5;       // for the client to take the next bytes
    std::int64_t stop_timeout_s = 10;       // how long stop() lets bodies and replies run on
    std::string tls_certificate_file = {};  // PEM, with its chain; empty: no TLS
    std::string tls_key_file = {};
  };

  // `router` must outlive the server.
  HttpServer(const Router& router, Options options);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // Listens, and returns the port; connections wait until serve(). Throws Broken when the address is
  // taken or the TLS files cannot be used.
  int bind();

  // Answers requests until stop(); returns once those at work have been answered.
  void serve();

  // From any thread or signal handler, before or during serve(). Takes effect within 50 ms.
  void stop() noexcept;

 private:
  class Listener;
  std::unique_ptr<Listener> listener_;
};

}  // namespace tally::api
