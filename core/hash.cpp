// SHA256_Init and its like are deprecated in favour of EVP, which makes and frees a context for each
// hash: some 75 ns, as long as a node of the tree takes. Here a hash costs its blocks and nothing else.
#define OPENSSL_SUPPRESS_DEPRECATED

#include "core/hash.h"

#include <openssl/sha.h>

#include "core/result.h"

namespace tally::core {
namespace {

struct Context {
  SHA256_CTX state;

  Context() { start(); }

  void start() { check(SHA256_Init(&state)); }
  void update(std::string_view bytes) { check(SHA256_Update(&state, bytes.data(), bytes.size())); }
  Hash finish() {
    Hash hash;
    check(SHA256_Final(hash.bytes.data(), &state));
    return hash;
  }
  static void check(int ok) {
    if (ok != 1) throw Broken("SHA-256 failed");
  }
};

}  // namespace

Hash sha256(std::string_view part) { return sha256(part, {}); }

Hash sha256(std::string_view first, std::string_view second) {
  Context context;
  context.update(first);
  if (!second.empty()) context.update(second);
  return context.finish();
}

Hash hmac_sha256(std::string_view key, std::string_view message) {
  std::array<char, 64> block{};
  Hash hashed_key;
  if (key.size() > block.size()) {
    hashed_key = sha256(key);
    key = hashed_key.view();
  }
  std::copy(key.begin(), key.end(), block.begin());
  auto padded = [&block](char pad) {
    std::array<char, 64> out{};
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<char>(block[i] ^ pad);
    return out;
  };
  auto inner_pad = padded(0x36);
  auto outer_pad = padded(0x5c);
  Hash inner = sha256({inner_pad.data(), inner_pad.size()}, message);
  return sha256({outer_pad.data(), outer_pad.size()}, inner.view());
}

struct Sha256Stream::State : Context {};

Sha256Stream::Sha256Stream() : state_(std::make_unique<State>()) {}
Sha256Stream::~Sha256Stream() = default;
void Sha256Stream::update(std::string_view bytes) { state_->update(bytes); }
Hash Sha256Stream::finish() {
  Hash hash = state_->finish();
  state_->start();
  return hash;
}

}  // namespace tally::core
