#include "core/hash.h"

#include <openssl/evp.h>

#include "core/result.h"

namespace tally::core {
namespace {

// A fetched digest and a reused context: the implicit fetch of EVP_sha256() costs more than hashing
// a short input.
struct Context {
  EVP_MD* digest = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  EVP_MD_CTX* context = EVP_MD_CTX_new();

  Context() {
    if (digest == nullptr || context == nullptr) throw Broken("OpenSSL has no SHA-256");
    start();
  }
  ~Context() {
    EVP_MD_CTX_free(context);
    EVP_MD_free(digest);
  }
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  void start() { check(EVP_DigestInit_ex2(context, digest, nullptr)); }
  void update(std::string_view bytes) {
    check(EVP_DigestUpdate(context, bytes.data(), bytes.size()));
  }
  Hash finish() {
    Hash hash;
    check(EVP_DigestFinal_ex(context, hash.bytes.data(), nullptr));
    return hash;
  }
  static void check(int ok) {
    if (ok != 1) throw Broken("SHA-256 failed");
  }
};

Context& thread_context() {
  thread_local Context context;
  return context;
}

}  // namespace

Hash sha256(std::string_view part) { return sha256(part, {}); }

Hash sha256(std::string_view first, std::string_view second) {
  Context& context = thread_context();
  context.start();
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
