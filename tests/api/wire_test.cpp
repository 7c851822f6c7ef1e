#include "api/wire.h"

#include <string>

#include <doctest/doctest.h>
#include <rapidcheck.h>

using namespace tally;
using api::ChunkDecoder;
using api::HeadLimits;
using api::read_head;

namespace {

std::string code_of(const std::string& bytes, const HeadLimits& limits = {}) {
  auto head = read_head(bytes, limits);
  if (!head) return head.error().code;
  return *head ? "whole" : "incomplete";
}

std::string with_headers(const std::string& lines) {
  return "POST /v1/x HTTP/1.1\r\nHost: a\r\n" + lines + "\r\n";
}

struct Decoded {
  bool is_sound = true;
  bool is_done = false;
  std::string content;
};

Decoded decode(const std::string& bytes, std::size_t step) {
  ChunkDecoder decoder;
  Decoded decoded;
  auto keep = [&](std::string_view piece) {
    decoded.content += piece;
    return true;
  };
  for (std::size_t at = 0; at < bytes.size() && decoded.is_sound; at += step)
    decoded.is_sound = decoder.feed(std::string_view(bytes).substr(at, step), keep);
  decoded.is_done = decoder.is_done();
  return decoded;
}

}  // namespace

TEST_CASE("wire: a head is read whole, with its headers as they were sent") {
  std::string bytes =
      "GET /v1/a%20b?x=1 HTTP/1.1\r\nHost: a\r\nX-Text: \t 50%25 of it \r\nX-Empty:\r\n\r\nrest";
  auto read = read_head(bytes, {});
  REQUIRE(read);
  REQUIRE(*read);
  const api::Head& head = **read;
  CHECK(head.bytes == bytes.size() - 4);
  CHECK(head.method == "GET");
  CHECK(head.target == "/v1/a%20b?x=1");
  CHECK(head.keeps_alive);
  REQUIRE(head.headers.size() == 3);
  CHECK(head.headers[1].value == "50%25 of it");
  CHECK(head.headers[2].value.empty());
}

TEST_CASE("wire: a head that has not come whole is neither refused nor taken") {
  std::string bytes = with_headers("Content-Length: 12\r\n");
  for (std::size_t size = 0; size < bytes.size(); ++size)
    CHECK(code_of(bytes.substr(0, size)) == "incomplete");
  CHECK(code_of(bytes) == "whole");
}

TEST_CASE("wire: broken heads are refused, each with its code") {
  const std::string end = " HTTP/1.1\r\nHost: a\r\n\r\n";
  CHECK(code_of("GARBAGE\r\n\r\n") == "request.malformed_head");
  CHECK(code_of("GET / HTTP/2.0\r\nHost: a\r\n\r\n") == "request.malformed_head");
  CHECK(code_of("GET /a b" + end) == "request.malformed_head");
  CHECK(code_of("GET x" + end) == "request.malformed_head");
  CHECK(code_of("GET /a#b" + end) == "request.malformed_head");
  CHECK(code_of("GET /a?b?c" + end) == "request.malformed_head");
  CHECK(code_of("GET http://a/" + end) == "request.malformed_head");
  CHECK(code_of("BREW /" + end) == "request.unknown_method");
  CHECK(code_of("get /" + end) == "request.unknown_method");
  CHECK(code_of("GET / HTTP/1.1\r\n\r\n") == "request.malformed_head");  // no Host
  CHECK(code_of(with_headers("Host: b\r\n")) == "request.malformed_head");
  CHECK(code_of(with_headers("No colon\r\n")) == "request.malformed_head");
  CHECK(code_of(with_headers("Blank : x\r\n")) == "request.malformed_head");
  CHECK(code_of(with_headers(" folded\r\n")) == "request.malformed_head");
  CHECK(code_of(with_headers("X: a\nY: b\r\n")) == "request.malformed_head");
  CHECK(code_of(with_headers("X: a\rb\r\n")) == "request.malformed_head");
  CHECK(code_of(with_headers(std::string("X: a\0b\r\n", 8))) == "request.malformed_head");
}

TEST_CASE("wire: a body has one length or none, so that no proxy can see another") {
  auto lengths = [](const std::string& value) {
    return code_of(with_headers("Content-Length: " + value + "\r\n"));
  };
  for (const char* length : {"-1", "+5", "5, 5", "0x5", "5 5", "", "99999999999999999999"})
    CHECK(lengths(length) == "request.ambiguous_length");
  CHECK(lengths("5\r\nContent-Length: 5") == "request.ambiguous_length");
  CHECK(lengths("5\r\nTransfer-Encoding: chunked") == "request.ambiguous_length");
  CHECK(code_of(with_headers("Transfer-Encoding: gzip, chunked\r\n")) ==
        "request.ambiguous_length");
  CHECK(code_of(with_headers("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n")) ==
        "request.ambiguous_length");
  CHECK(code_of("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n") ==
        "request.ambiguous_length");
  CHECK(code_of(with_headers("Transfer-Encoding: Chunked\r\n")) == "whole");
}

TEST_CASE("wire: heads have bounds in bytes, headers and target") {
  CHECK(code_of("GET /" + std::string(20'000, 'a')) == "request.head_too_large");
  CHECK(code_of("GET /" + std::string(8'100, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n") ==
        "request.head_too_large");
  std::string lines;
  for (int i = 0; i < 63; ++i) lines += "X-" + std::to_string(i) + ": 1\r\n";
  CHECK(code_of(with_headers(lines)) == "whole");
  CHECK(code_of(with_headers(lines + "X: 1\r\n")) == "request.head_too_large");
  CHECK(code_of(with_headers("X: " + std::string(16'400, 'a') + "\r\n")) ==
        "request.head_too_large");
}

TEST_CASE("wire: HTTP/1.0 and Connection: close end the connection") {
  CHECK_FALSE((**read_head("GET / HTTP/1.0\r\n\r\n", {})).keeps_alive);
  std::string closing = with_headers("Connection: TE, Close\r\n");
  CHECK_FALSE((**read_head(closing, {})).keeps_alive);
}

TEST_CASE("wire: chunks come apart alike however they are cut") {
  std::string bytes = "5\r\nhello\r\n1;name=\"x\"\r\n,\r\nA\r\n worlds...\r\n0\r\nT: v\r\n\r\n";
  for (std::size_t step = 1; step <= bytes.size(); ++step) {
    Decoded decoded = decode(bytes, step);
    CHECK(decoded.is_sound);
    CHECK(decoded.is_done);
    CHECK(decoded.content == "hello, worlds...");
  }
}

TEST_CASE("wire: broken chunks are refused") {
  for (const char* bytes :
       {"x\r\n", "-1\r\n", "0x5\r\nhello", " 5\r\nhello", "5\nhello", "5\r\nhelloX", "\r\n",
        "5\r\nhello\r\r", "fffffffffffff\r\n", "0\r\nT: v\nX"})
    CHECK_FALSE(decode(bytes, 100).is_sound);
  CHECK_FALSE(decode("1;" + std::string(5'000, 'x'), 100).is_sound);
  CHECK_FALSE(decode("0\r\n" + std::string(5'000, 'x'), 100).is_sound);
}

TEST_CASE("wire: strangers' bytes never lead beyond their end") {
  CHECK(rc::check("read_head and ChunkDecoder take anything", [](const std::string& noise) {
    std::string bytes = with_headers(noise);
    auto head = read_head(bytes, {});
    if (head && *head) RC_ASSERT((**head).bytes <= bytes.size());
    RC_ASSERT(decode(noise, 3).content.size() <= noise.size());
  }));
}
