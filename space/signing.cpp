#include "space/signing.h"

#include <algorithm>

#include "core/hash.h"

namespace tally::space {

using core::Hash;

std::string_view verb_name(SignedVerb verb) {
  switch (verb) {
    case SignedVerb::offer:
      return "offer";
    case SignedVerb::accept:
      return "accept";
    case SignedVerb::terminate:
      return "terminate";
    case SignedVerb::refund:
      return "refund";
    case SignedVerb::registration:
      return "register";
    case SignedVerb::token:
      return "token";
    case SignedVerb::add_key:
      return "add-key";
    case SignedVerb::retire_key:
      return "retire-key";
    case SignedVerb::confirm:
      return "confirm";
  }
  core::assertion_failed("a verb without a name", __FILE__, __LINE__);
}

KeyId KeyId::of(const Hash& public_key) {
  std::string digits = core::to_hex(core::sha256("tallystick/party-key/v1\n", public_key.view()));
  KeyId id;
  std::copy_n(digits.begin(), id.digits_.size(), id.digits_.begin());
  return id;
}

std::optional<KeyId> KeyId::parse(std::string_view text) {
  KeyId id;
  if (!text.starts_with(prefix) || text.size() != prefix.size() + id.digits_.size()) {
    return std::nullopt;
  }
  std::string_view digits = text.substr(prefix.size());
  if (!core::from_hex(digits)) return std::nullopt;
  std::copy(digits.begin(), digits.end(), id.digits_.begin());
  return id;
}

std::string KeyId::text() const {
  std::string text(prefix);
  text.append(digits_.data(), digits_.size());
  return text;
}

std::optional<Signature> Signature::parse(std::string_view text) {
  constexpr std::size_t signature_bytes = 64;
  auto bytes = core::from_base64(text);
  if (!bytes || bytes->size() != signature_bytes) return std::nullopt;
  return Signature(*std::move(bytes));
}

std::optional<SignedTime> SignedTime::parse(std::string_view text) {
  auto instant = core::parse_time(text);
  if (!instant) return std::nullopt;
  SignedTime time(*instant);
  time.spelling_ = text;
  return time;
}

std::string signed_text(const SignedStatement& statement) {
  std::string text = "tallystick/";
  text += verb_name(statement.verb);
  text += "/v1\n" + statement.origin + '\n' + statement.party.text() + '\n' + statement.key.text() +
          '\n' + core::to_hex(statement.document) + '\n';
  return text;
}

Signature sign(const SignedStatement& statement, const core::SigningKey& key) {
  return Signature(key.sign(signed_text(statement)));
}

core::Result<core::Done> check_signature(const SignedStatement& statement,
                                         const Hash& public_key,
                                         const Signature& signature) {
  if (KeyId::of(public_key) != statement.key) {
    return core::Error{core::Refusal::forbidden, "signature.wrong_key",
                       "`key` does not name the key of this party"};
  }
  if (!core::signature_verifies(public_key, signed_text(statement), signature.bytes())) {
    return core::Error{
        core::Refusal::forbidden, "signature.invalid",
        "the signature does not verify; it must cover the document's canonical bytes "
        "and this space's origin, " +
            statement.origin};
  }
  return core::Done{};
}

}  // namespace tally::space
