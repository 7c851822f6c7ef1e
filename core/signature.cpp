#include "core/signature.h"

#include <array>

#include <sodium.h>

#include "core/sodium.h"

namespace tally::core {
namespace {

using Secret = std::array<unsigned char, crypto_sign_SECRETKEYBYTES>;

const unsigned char* data(std::string_view bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

}  // namespace

SigningKey SigningKey::generate() {
  start_sodium();
  Hash seed;
  randombytes_buf(seed.bytes.data(), seed.bytes.size());
  return from_seed(seed);
}

SigningKey SigningKey::from_seed(const Hash& seed) {
  start_sodium();
  SigningKey key;
  key.seed_ = seed;
  Secret secret;
  crypto_sign_seed_keypair(key.public_key_.bytes.data(), secret.data(), seed.bytes.data());
  sodium_memzero(secret.data(), secret.size());
  return key;
}

SigningKey::~SigningKey() { sodium_memzero(seed_.bytes.data(), seed_.bytes.size()); }

std::string SigningKey::sign(std::string_view message) const {
  // libsodium's secret key is the seed and the public key, side by side.
  Secret secret;
  std::copy(seed_.bytes.begin(), seed_.bytes.end(), secret.begin());
  std::copy(public_key_.bytes.begin(), public_key_.bytes.end(), secret.begin() + 32);
  std::string signature(crypto_sign_BYTES, '\0');
  crypto_sign_detached(reinterpret_cast<unsigned char*>(signature.data()), nullptr, data(message),
                       message.size(), secret.data());
  sodium_memzero(secret.data(), secret.size());
  return signature;
}

bool signature_verifies(const Hash& public_key,
                        std::string_view message,
                        std::string_view signature) {
  start_sodium();
  if (signature.size() != crypto_sign_BYTES) return false;
  return crypto_sign_verify_detached(data(signature), data(message), message.size(),
                                     public_key.bytes.data()) == 0;
}

}  // namespace tally::core
