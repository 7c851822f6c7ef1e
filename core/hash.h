// SHA-256 (FIPS 180-4) and HMAC-SHA-256 (RFC 2104), by OpenSSL.
#pragma once

#include <memory>
#include <string_view>

#include "core/bytes.h"

namespace tally::core {

// SHA-256 of the concatenation of the parts. Thread-safe.
Hash sha256(std::string_view part);
Hash sha256(std::string_view first, std::string_view second);

Hash hmac_sha256(std::string_view key, std::string_view message);

// SHA-256 of a stream. For one thread at a time.
class Sha256Stream {
 public:
  Sha256Stream();
  ~Sha256Stream();
  Sha256Stream(const Sha256Stream&) = delete;
  Sha256Stream& operator=(const Sha256Stream&) = delete;

  void update(std::string_view bytes);
  Hash finish();  // once; the stream starts anew

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tally::core
