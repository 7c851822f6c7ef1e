#include "ledger/note.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "core/assert.h"
#include "core/hash.h"
#include "ledger/lines.h"

namespace tally::ledger {
namespace {

using core::Error;
using core::Hash;
using core::Refusal;
using core::Result;

constexpr std::string_view dash = "\xe2\x80\x94 ";
constexpr std::string_view signing_key_prefix = "PRIVATE+KEY+";
constexpr std::uint64_t time_max = std::numeric_limits<std::int64_t>::max();

Error malformed_note(const std::string& why) {
  return {Refusal::malformed, "note.malformed", "The signed note is malformed: " + why + "."};
}

std::string big_endian(std::uint64_t value, unsigned bytes) {
  std::string text;
  for (unsigned i = bytes; i-- > 0;) text.push_back(static_cast<char>((value >> (8 * i)) & 255));
  return text;
}

std::uint64_t from_big_endian(std::string_view bytes) {
  std::uint64_t value = 0;
  for (char c : bytes) value = value << 8 | static_cast<unsigned char>(c);
  return value;
}

bool has_control_character(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 && c != '\n'; });
}

bool has_white_space(std::string_view text) {
  // Unicode's White_Space beyond the control characters, in UTF-8.
  constexpr std::array<std::string_view, 20> spaces = {" ",
                                                       "\n",
                                                       "\xc2\x85",
                                                       "\xc2\xa0",
                                                       "\xe1\x9a\x80",
                                                       "\xe2\x80\x80",
                                                       "\xe2\x80\x81",
                                                       "\xe2\x80\x82",
                                                       "\xe2\x80\x83",
                                                       "\xe2\x80\x84",
                                                       "\xe2\x80\x85",
                                                       "\xe2\x80\x86",
                                                       "\xe2\x80\x87",
                                                       "\xe2\x80\x88",
                                                       "\xe2\x80\x89",
                                                       "\xe2\x80\x8a",
                                                       "\xe2\x80\xa8",
                                                       "\xe2\x80\xa9",
                                                       "\xe2\x80\xaf",
                                                       "\xe2\x81\x9f"};
  constexpr std::string_view ideographic = "\xe3\x80\x80";
  auto holds = [text](std::string_view space) { return text.find(space) != text.npos; };
  return holds(ideographic) || std::any_of(spaces.begin(), spaces.end(), holds);
}

// Both texts of keys end in `<name>+<id>+<base64 of type, 32 bytes>`.
struct KeyText {
  std::string_view name;
  std::uint32_t id;
  SignatureType type;
  Hash bytes;
};

std::optional<KeyText> parse_key_text(std::string_view text) {
  std::size_t first = text.find('+');
  std::size_t second = first == text.npos ? text.npos : text.find('+', first + 1);
  if (second == text.npos) return std::nullopt;
  std::string_view name = text.substr(0, first);
  auto id = core::from_hex(text.substr(first + 1, second - first - 1));
  auto bytes = core::from_base64(text.substr(second + 1));
  if (!is_key_name(name) || !id || id->size() != 4 || !bytes || bytes->empty()) return std::nullopt;
  auto type = static_cast<SignatureType>((*bytes)[0]);
  if (type != SignatureType::ed25519 && type != SignatureType::cosignature) return std::nullopt;
  auto key = Hash::from_bytes(std::string_view(*bytes).substr(1));
  if (!key) return std::nullopt;
  return KeyText{name, static_cast<std::uint32_t>(from_big_endian(*id)), type, *key};
}

std::string format_key_text(const VerifierKey& key, const Hash& bytes) {
  std::string typed(1, static_cast<char>(key.type));
  typed += bytes.view();
  return key.name + "+" + core::to_hex(big_endian(key.id, 4)) + "+" + core::to_base64(typed);
}

std::optional<SignatureLine> parse_signature_line(std::string_view line) {
  if (!line.starts_with(dash)) return std::nullopt;
  line.remove_prefix(dash.size());
  std::size_t space = line.find(' ');
  if (space == line.npos || !is_key_name(line.substr(0, space))) return std::nullopt;
  auto bytes = core::from_base64(line.substr(space + 1));
  if (!bytes || bytes->size() < 5) return std::nullopt;
  auto id = static_cast<std::uint32_t>(from_big_endian(std::string_view(*bytes).substr(0, 4)));
  return SignatureLine{std::string(line.substr(0, space)), id, bytes->substr(4)};
}

bool is_by(const VerifierKey& key, const SignatureLine& line) {
  return key.id == line.id && key.name == line.name;
}

std::optional<VerifiedSignature> verified(const SignatureLine& line,
                                          const std::string& text,
                                          const VerifierKey& key) {
  if (key.type == SignatureType::ed25519) {
    if (!core::signature_verifies(key.public_key, text, line.signature)) return std::nullopt;
    return VerifiedSignature{key, line, std::nullopt};
  }
  if (line.signature.size() < 8) return std::nullopt;
  std::uint64_t time = from_big_endian(std::string_view(line.signature).substr(0, 8));
  std::string_view signature = std::string_view(line.signature).substr(8);
  if (time > time_max) return std::nullopt;
  if (!core::signature_verifies(key.public_key, cosigned_bytes(text, time), signature))
    return std::nullopt;
  return VerifiedSignature{key, line, time};
}

}  // namespace

bool is_key_name(std::string_view name) {
  return !name.empty() && name.find('+') == name.npos && core::is_valid_utf8(name) &&
         !has_control_character(name) && !has_white_space(name);
}

std::uint32_t key_id(std::string_view name, SignatureType type, const Hash& public_key) {
  std::string head(name);
  head += '\n';
  head += static_cast<char>(type);
  Hash hash = core::sha256(head, public_key.view());
  return static_cast<std::uint32_t>(from_big_endian(hash.view().substr(0, 4)));
}

Result<VerifierKey> parse_vkey(std::string_view text) {
  auto key = parse_key_text(text);
  if (!key || key_id(key->name, key->type, key->bytes) != key->id) {
    return Error{Refusal::malformed, "vkey.malformed",
                 "The verifier key is not <name>+<id>+<base64 of an Ed25519 key of type 1 or 4>, "
                 "or its id is not the key's."};
  }
  return VerifierKey{std::string(key->name), key->id, key->type, key->bytes};
}

std::string format_vkey(const VerifierKey& key) { return format_key_text(key, key.public_key); }

NoteSigner::NoteSigner(std::string name, const core::SigningKey& key, SignatureType type)
    : verifier_{std::move(name), 0, type, key.public_key()}, key_(key) {
  TALLY_ASSERT(is_key_name(verifier_.name));
  verifier_.id = key_id(verifier_.name, type, verifier_.public_key);
}

Result<NoteSigner> parse_signing_key(std::string_view text) {
  Error malformed{Refusal::malformed, "signing_key.malformed",
                  "The signing key is not PRIVATE+KEY+<name>+<id>+<base64 of an Ed25519 seed of "
                  "type 1>, or its id is not the key's."};
  if (!text.starts_with(signing_key_prefix)) return malformed;
  auto key = parse_key_text(text.substr(signing_key_prefix.size()));
  if (!key || key->type != SignatureType::ed25519) return malformed;
  NoteSigner signer(std::string(key->name), core::SigningKey::from_seed(key->bytes));
  if (signer.verifier().id != key->id) return malformed;
  return signer;
}

std::string format_signing_key(const NoteSigner& signer) {
  TALLY_ASSERT(signer.verifier().type == SignatureType::ed25519);
  return std::string(signing_key_prefix) + format_key_text(signer.verifier(), signer.key().seed());
}

bool is_note_text(std::string_view text) {
  return text.ends_with('\n') && core::is_valid_utf8(text) && !has_control_character(text);
}

std::string format_signature_line(const SignatureLine& line) {
  std::string text(dash);
  text += line.name + " ";
  core::append_base64(text, big_endian(line.id, 4) + line.signature);
  return text + "\n";
}

std::string format_note(const Note& note) {
  std::string text = note.text + "\n";
  for (const SignatureLine& line : note.signatures) text += format_signature_line(line);
  return text;
}

Result<Note> parse_note(std::string_view bytes) {
  if (bytes.size() > note_bytes_max) return malformed_note("it is longer than 1,000,000 bytes");
  if (!is_note_text(bytes))
    return malformed_note("it is no UTF-8 text in lines, or holds control characters");
  // The text may hold empty lines itself, so the last one counts.
  std::size_t split = bytes.rfind("\n\n");
  if (split == bytes.npos) return malformed_note("no empty line ends its text");
  Note note{std::string(bytes.substr(0, split + 1)), {}};
  std::string_view rest = bytes.substr(split + 2);
  while (auto line = take_line(rest)) {
    if (note.signatures.size() == note_signatures_max)
      return malformed_note("it bears more than 100 signatures");
    auto signature = parse_signature_line(*line);
    if (!signature) {
      return malformed_note("line " + std::to_string(note.signatures.size() + 1) +
                            " after its text is no signature");
    }
    note.signatures.push_back(*std::move(signature));
  }
  if (note.signatures.empty()) return malformed_note("it bears no signature");
  return note;
}

std::string sign_note(std::string_view text, const NoteSigner& signer) {
  return format_note({std::string(text), {sign_line(text, signer)}});
}

SignatureLine sign_line(std::string_view text, const NoteSigner& signer) {
  const VerifierKey& key = signer.verifier();
  TALLY_ASSERT(key.type == SignatureType::ed25519 && is_note_text(text));
  return {key.name, key.id, signer.key().sign(text)};
}

SignatureLine cosign(std::string_view text, const NoteSigner& witness, std::uint64_t time) {
  const VerifierKey& key = witness.verifier();
  TALLY_ASSERT(key.type == SignatureType::cosignature && is_note_text(text) && time <= time_max);
  std::string signature = witness.key().sign(cosigned_bytes(text, time));
  return {key.name, key.id, big_endian(time, 8) + signature};
}

std::string cosigned_bytes(std::string_view text, std::uint64_t time) {
  std::string bytes = "cosignature/v1\ntime " + std::to_string(time) + "\n";
  return bytes.append(text);
}

Result<std::vector<VerifiedSignature>> verify_note(const Note& note,
                                                   std::span<const VerifierKey> keys) {
  std::vector<VerifiedSignature> signatures;
  for (const SignatureLine& line : note.signatures) {
    // Two keys may share name and id, which are short; then one of them must have signed.
    bool is_known = false;
    bool is_good = false;
    for (const VerifierKey& key : keys) {
      if (!is_by(key, line)) continue;
      is_known = true;
      auto signature = verified(line, note.text, key);
      if (!signature) continue;
      is_good = true;
      bool is_repeated = std::any_of(signatures.begin(), signatures.end(),
                                     [&](const auto& earlier) { return earlier.key == key; });
      if (!is_repeated) signatures.push_back(*std::move(signature));
    }
    if (is_known && !is_good) {
      return Error{Refusal::invalid, "note.bad_signature",
                   "The signature under the name " + line.name + " is not by that key."};
    }
  }
  if (signatures.empty()) {
    return Error{Refusal::invalid, "note.unknown_signers",
                 "The note bears no signature by a key that is accepted here."};
  }
  return signatures;
}

}  // namespace tally::ledger
