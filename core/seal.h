// Sealed data: what may lie on a disk that others can read or write. XChaCha20-Poly1305, by libsodium.
//
// A sealed text opens under its key and its context alone. The context says what the text is and
// where it belongs ("<dataset>/<version>/<chunk>"); it is not stored, so that sealed texts cannot
// change places.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/random.h"

namespace tally::core {

// Nonce (24 bytes, random), then the encrypted text, then the tag (16 bytes).
inline constexpr std::size_t seal_bytes = 24 + 16;

// 32 secret bytes. Never printed, wiped when destroyed.
class SealKey {
 public:
  static constexpr std::size_t size = 32;

  static SealKey draw(Random& random);
  static std::optional<SealKey> from_bytes(std::string_view bytes);
  ~SealKey();
  SealKey(const SealKey&) = default;
  SealKey& operator=(const SealKey&) = default;

  // For a key file.
  std::string_view bytes() const {
    return {reinterpret_cast<const char*>(bytes_.data()), bytes_.size()};
  }

 private:
  SealKey() = default;
  std::array<std::uint8_t, size> bytes_{};
};

std::string seal(const SealKey& key,
                 std::string_view text,
                 std::string_view context,
                 Random& random);

// Puts the text into `out`; false, and nothing in `out`, if it is not what was sealed under this key
// and context.
bool unseal(const SealKey& key,
            std::string_view sealed,
            std::string_view context,
            std::string& out);

// A key that was sealed under another one.
std::string seal_key(const SealKey& under,
                     const SealKey& key,
                     std::string_view context,
                     Random& random);
std::optional<SealKey> unseal_key(const SealKey& under,
                                  std::string_view sealed,
                                  std::string_view context);

}  // namespace tally::core
