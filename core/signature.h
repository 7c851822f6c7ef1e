// Ed25519 (RFC 8032), by libsodium. Deterministic: one key and one message make one signature.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/bytes.h"

namespace tally::core {

// A private key. Never printed, wiped when destroyed.
class SigningKey {
 public:
  static SigningKey generate();
  static SigningKey from_seed(const Hash& seed);
  ~SigningKey();
  SigningKey(const SigningKey&) = default;
  SigningKey& operator=(const SigningKey&) = default;

  const Hash& public_key() const { return public_key_; }
  const Hash& seed() const { return seed_; }         // for writing a key file, nothing else
  std::string sign(std::string_view message) const;  // 64 bytes

 private:
  SigningKey() = default;
  Hash seed_;
  Hash public_key_;
};

// False for a signature that is malformed in any way; such a one comes from a stranger.
bool signature_verifies(const Hash& public_key,
                        std::string_view message,
                        std::string_view signature);

}  // namespace tally::core
