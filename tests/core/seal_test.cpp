#include "core/seal.h"

#include <string>

#include <doctest/doctest.h>
#include <rapidcheck.h>

using namespace tally::core;

namespace {

std::string opened(const SealKey& key, std::string_view sealed, std::string_view context) {
  std::string text = "what was there before";
  REQUIRE(unseal(key, sealed, context, text));
  return text;
}

bool opens(const SealKey& key, std::string_view sealed, std::string_view context) {
  std::string text = "what was there before";
  bool opened = unseal(key, sealed, context, text);
  if (!opened) CHECK(text.empty());
  return opened;
}

}  // namespace

TEST_CASE("seal: what was sealed opens under its key and context") {
  SeededRandom random(1);
  auto key = SealKey::draw(random);
  CHECK(rc::check("any text, any context", [&] {
    auto text = *rc::gen::arbitrary<std::string>();
    auto context = *rc::gen::arbitrary<std::string>();
    auto sealed = seal(key, text, context, random);
    RC_ASSERT(sealed.size() == text.size() + seal_bytes);
    std::string back;
    RC_ASSERT(unseal(key, sealed, context, back));
    RC_ASSERT(back == text);
  }));
}

TEST_CASE("seal: another key or context does not open it") {
  SeededRandom random(2);
  auto key = SealKey::draw(random);
  auto other = SealKey::draw(random);
  auto sealed = seal(key, "content", "dst/1/0", random);
  CHECK(opens(key, sealed, "dst/1/0"));
  CHECK_FALSE(opens(other, sealed, "dst/1/0"));
  CHECK_FALSE(opens(key, sealed, "dst/1/1"));
  CHECK_FALSE(opens(key, sealed, ""));
}

TEST_CASE("seal: a text with any bit changed, or cut, does not open") {
  SeededRandom random(3);
  auto key = SealKey::draw(random);
  auto sealed = seal(key, "the content", "c", random);
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string changed = sealed;
      changed[i] = static_cast<char>(changed[i] ^ (1 << bit));
      CHECK_FALSE(opens(key, changed, "c"));
    }
    CHECK_FALSE(opens(key, std::string_view(sealed).substr(0, i), "c"));
  }
  CHECK_FALSE(opens(key, sealed + "x", "c"));
}

TEST_CASE("seal: a sealed text shows nothing of the text and is never the same twice") {
  SeededRandom random(4);
  auto key = SealKey::draw(random);
  std::string text(1000, 'a');
  auto first = seal(key, text, "c", random);
  auto second = seal(key, text, "c", random);
  CHECK(first != second);
  CHECK(first.find("aaaa") == std::string::npos);
  CHECK(opened(key, first, "c") == opened(key, second, "c"));
}

TEST_CASE("seal: a key comes back from its bytes, and from nothing else") {
  SeededRandom random(5);
  auto key = SealKey::draw(random);
  auto same = SealKey::from_bytes(key.bytes());
  REQUIRE(same);
  CHECK(same->bytes() == key.bytes());
  CHECK_FALSE(SealKey::from_bytes(""));
  CHECK_FALSE(SealKey::from_bytes(std::string(31, 'k')));
  CHECK_FALSE(SealKey::from_bytes(std::string(33, 'k')));
}

// draft-irtf-cfrg-xchacha-03, A.3.1.
TEST_CASE("seal: the published example of XChaCha20-Poly1305 opens") {
  auto bytes = [](std::string_view hex) { return *from_hex(hex); };
  auto key = SealKey::from_bytes(
      bytes("808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f"));
  REQUIRE(key);
  std::string sealed = bytes(
      "404142434445464748494a4b4c4d4e4f5051525354555657"
      "bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb731c7f1b0b4aa6440bf3a82f4eda"
      "7e39"
      "ae64c6708c54c216cb96b72e1213b4522f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3"
      "fff9"
      "21f9664c97637da9768812f615c68b13b52e"
      "c0875924c1c7987947deafd8780acf49");
  CHECK(
      opened(*key, sealed, bytes("50515253c0c1c2c3c4c5c6c7")) ==
      "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, "
      "sunscreen would be it.");
}
