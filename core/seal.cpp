#include "core/seal.h"

#include <algorithm>

#include <sodium.h>

#include "core/assert.h"
#include "core/sodium.h"

namespace tally::core {
namespace {

constexpr std::size_t nonce_bytes = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr std::size_t tag_bytes = crypto_aead_xchacha20poly1305_ietf_ABYTES;
static_assert(nonce_bytes + tag_bytes == seal_bytes);
static_assert(SealKey::size == crypto_aead_xchacha20poly1305_ietf_KEYBYTES);

const unsigned char* data(std::string_view bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

unsigned char* data(std::string& bytes) { return reinterpret_cast<unsigned char*>(bytes.data()); }

}  // namespace

SealKey SealKey::draw(Random& random) {
  SealKey key;
  random.fill(key.bytes_.data(), key.bytes_.size());
  return key;
}

std::optional<SealKey> SealKey::from_bytes(std::string_view bytes) {
  if (bytes.size() != size) return std::nullopt;
  SealKey key;
  std::copy(bytes.begin(), bytes.end(), key.bytes_.begin());
  return key;
}

SealKey::~SealKey() { sodium_memzero(bytes_.data(), bytes_.size()); }

std::string seal(const SealKey& key,
                 std::string_view text,
                 std::string_view context,
                 Random& random) {
  start_sodium();
  std::string sealed = random.bytes(nonce_bytes);
  sealed.resize(text.size() + seal_bytes);
  unsigned long long written = 0;
  crypto_aead_xchacha20poly1305_ietf_encrypt(data(sealed) + nonce_bytes, &written, data(text),
                                             text.size(), data(context), context.size(), nullptr,
                                             data(sealed), data(key.bytes()));
  TALLY_ASSERT(written == text.size() + tag_bytes);
  return sealed;
}

bool unseal(const SealKey& key,
            std::string_view sealed,
            std::string_view context,
            std::string& out) {
  start_sodium();
  out.clear();
  if (sealed.size() < seal_bytes) return false;
  out.resize(sealed.size() - seal_bytes);
  int verdict = crypto_aead_xchacha20poly1305_ietf_decrypt(
      data(out), nullptr, nullptr, data(sealed) + nonce_bytes, sealed.size() - nonce_bytes,
      data(context), context.size(), data(sealed), data(key.bytes()));
  if (verdict != 0) out.clear();
  return verdict == 0;
}

std::string seal_key(const SealKey& under,
                     const SealKey& key,
                     std::string_view context,
                     Random& random) {
  return seal(under, key.bytes(), context, random);
}

std::optional<SealKey> unseal_key(const SealKey& under,
                                  std::string_view sealed,
                                  std::string_view context) {
  std::string bytes;
  if (!unseal(under, sealed, context, bytes)) return std::nullopt;
  auto key = SealKey::from_bytes(bytes);
  sodium_memzero(bytes.data(), bytes.size());
  return key;
}

}  // namespace tally::core
