// The framing of HTTP/1.1 (RFC 9112), read strictly: where a head ends, how long its body is.
//
// cpp-httplib parses leniently and without a bound on the number of headers, on the length of a
// chunk's line, or on conflicting lengths. What passes here has one reading only, so that no proxy
// in front of us can take two requests for one. Pure; the bytes come from strangers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "api/request.h"
#include "core/result.h"

namespace tally::api {

struct HeadLimits {
  std::size_t bytes_max = 16 * 1024;  // request line and headers together
  std::size_t headers_max = 64;
  std::size_t target_bytes_max = 8'000;  // cpp-httplib stops at 8,192 for the whole line
};

// The views lie in the bytes that were read.
struct Head {
  std::size_t bytes = 0;  // with the empty line at its end
  std::string_view method;
  std::string_view target;
  bool is_http_1_0 = false;
  std::vector<Header> headers;
  std::uint64_t content_length = 0;
  bool is_chunked = false;
  bool expects_continue = false;
  bool keeps_alive = true;  // never in HTTP/1.0
};

// The head at the start of `bytes`; nothing as long as it has not come whole. Refusals:
//   too_large  request.head_too_large   beyond a limit (status 431)
//   malformed  request.unknown_method   none of GET HEAD POST PUT PATCH DELETE OPTIONS
//   malformed  request.malformed_head   not HTTP/1.0 or 1.1, a broken line, a folded header, no Host
//   malformed  request.ambiguous_length lengths that contradict, or an unknown Transfer-Encoding
core::Result<std::optional<Head>> read_head(std::string_view bytes, const HeadLimits& limits);

// Takes a chunked body apart, in constant memory, however it was cut up on its way.
class ChunkDecoder {
 public:
  // Hands the content in `bytes` to `sink`. False: the chunks are broken, or the sink refused.
  bool feed(std::string_view bytes, const BodySink& sink);
  bool is_done() const { return state_ == State::done; }

 private:
  enum class State : std::uint8_t {
    size_start,
    size,
    extension,
    size_end,
    data,
    data_cr,
    data_lf,
    trailer_start,
    trailer,
    trailer_lf,
    last_lf,
    done,
  };
  static constexpr std::size_t extra_bytes_max = 4'096;  // extensions and trailers of one body

  bool step(char c);
  bool size_digit(char c);
  bool skip(char c, State at_cr);

  State state_ = State::size_start;
  std::uint64_t left_ = 0;  // of this chunk
  std::size_t digits_ = 0;  // of this chunk's size
  std::size_t extra_bytes_ = 0;
};

}  // namespace tally::api
