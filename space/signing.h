// What parties sign, and how it is checked.
//
// A party signs, with Ed25519 (RFC 8032), the text
//
//   tallystick/<verb>/v1\n<origin>\n<party id>\n<key id>\n<SHA-256 of the document, hex>\n
//
// where the document is canonical JSON (RFC 8785) and the origin is the ledger's, so that a signature
// given for one space, verb, party or key says nothing in another.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>

#include "core/bytes.h"
#include "core/mapping.h"
#include "core/result.h"
#include "core/signature.h"
#include "core/time.h"
#include "space/ids.h"

namespace tally::space {

enum class SignedVerb : std::uint8_t {
  offer,
  accept,
  terminate,
  refund,
  registration,
  token,
  add_key,
  retire_key,
  confirm,
};
std::string_view verb_name(SignedVerb verb);  // "offer" .. "register", "token", "add-key", ..

// "key_" and the first 16 hex digits of SHA-256("tallystick/party-key/v1\n" || public key).
class KeyId {
 public:
  static constexpr std::string_view prefix = "key_";

  KeyId() { digits_.fill('0'); }
  static KeyId of(const core::Hash& public_key);
  static std::optional<KeyId> parse(std::string_view text);
  std::string text() const;
  static std::string pattern() { return "^key_[0-9a-f]{16}$"; }

  bool operator==(const KeyId&) const = default;

 private:
  std::array<char, 16> digits_{};
};

// 64 bytes, spelled in base64.
class Signature {
 public:
  Signature() = default;
  explicit Signature(std::string bytes) : bytes_(std::move(bytes)) {}
  static std::optional<Signature> parse(std::string_view text);
  std::string text() const { return core::to_base64(bytes_); }
  static std::string pattern() { return "^[A-Za-z0-9+/]{86}==$"; }
  const std::string& bytes() const { return bytes_; }

  bool operator==(const Signature&) const = default;

 private:
  std::string bytes_;
};

// RFC 3339 in UTC, kept in the spelling in which it was signed.
class SignedTime {
 public:
  SignedTime() = default;
  explicit SignedTime(core::Instant instant)
      : spelling_(core::format_time(instant)), instant_(instant) {}
  static std::optional<SignedTime> parse(std::string_view text);
  const std::string& text() const { return spelling_; }
  core::Instant instant() const { return instant_; }

  bool operator==(const SignedTime&) const = default;

 private:
  std::string spelling_;
  core::Instant instant_;
};

struct SignedStatement {
  SignedVerb verb{};
  std::string origin;
  PartyId party;
  KeyId key;
  core::Hash document;  // SHA-256 of its canonical bytes
};

std::string signed_text(const SignedStatement& statement);
Signature sign(const SignedStatement& statement, const core::SigningKey& key);

// Refusals (forbidden), in this order: signature.wrong_key (`statement.key` is not that of
// `public_key`), signature.invalid.
core::Result<core::Done> check_signature(const SignedStatement& statement,
                                         const core::Hash& public_key,
                                         const Signature& signature);

}  // namespace tally::space
