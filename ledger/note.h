// Signed notes (C2SP signed-note): a text, an empty line, and a line for each signature:
//
//   <text, one or more lines>
//   <empty line>
//   — <key name> <base64 of key id in 4 bytes, signature>
//
// Two types of signature are known: Ed25519 over the text (01), and the cosignature/v1 of a witness
// (04), which is over a time too. Reading is strict, so that a signature has one spelling.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/bytes.h"
#include "core/result.h"
#include "core/signature.h"

namespace tally::ledger {

constexpr std::size_t note_bytes_max = 1'000'000;
constexpr std::size_t note_signatures_max = 100;

enum class SignatureType : std::uint8_t { ed25519 = 1, cosignature = 4 };

// Who may sign. Its text, the vkey, is `<name>+<id, 8 hex digits>+<base64 of type, public key>`.
struct VerifierKey {
  std::string name;
  std::uint32_t id = 0;  // the first bytes of SHA-256(name, newline, type, public key)
  SignatureType type = SignatureType::ed25519;
  core::Hash public_key;

  bool operator==(const VerifierKey&) const = default;
};

// Not empty, UTF-8, without white space, control characters and `+`.
bool is_key_name(std::string_view name);
std::uint32_t key_id(std::string_view name, SignatureType type, const core::Hash& public_key);
// Refuses with `vkey.malformed`, also when the id is not the key's.
core::Result<VerifierKey> parse_vkey(std::string_view text);
std::string format_vkey(const VerifierKey& key);

// A private key under a name. Precondition: is_key_name(name).
class NoteSigner {
 public:
  NoteSigner(std::string name,
             const core::SigningKey& key,
             SignatureType type = SignatureType::ed25519);

  const VerifierKey& verifier() const { return verifier_; }
  const core::SigningKey& key() const { return key_; }

 private:
  VerifierKey verifier_;
  core::SigningKey key_;
};

// Go's text of a private key of type 01: `PRIVATE+KEY+<name>+<id>+<base64 of 01, seed>`.
// Refuses with `signing_key.malformed`; no message repeats the key.
core::Result<NoteSigner> parse_signing_key(std::string_view text);
std::string format_signing_key(const NoteSigner& signer);

struct SignatureLine {
  std::string name;
  std::uint32_t id = 0;
  std::string signature;  // what follows the id; of a cosignature: time in 8 bytes, Ed25519

  bool operator==(const SignatureLine&) const = default;
};

struct Note {
  std::string text;  // ends in a newline
  std::vector<SignatureLine> signatures;

  bool operator==(const Note&) const = default;
};

// UTF-8, ends in a newline, and no other control character.
bool is_note_text(std::string_view text);
std::string format_signature_line(const SignatureLine& line);
std::string format_note(const Note& note);
// Refuses with `note.malformed`.
core::Result<Note> parse_note(std::string_view bytes);

// The note of `text` with one signature of type 01. Precondition: is_note_text(text).
std::string sign_note(std::string_view text, const NoteSigner& signer);
// The line that sign_note puts under the text, for a note that holds others.
SignatureLine sign_line(std::string_view text, const NoteSigner& signer);
// The signature of type 04 under `text`, for a note that holds others. `time` is POSIX seconds.
SignatureLine cosign(std::string_view text, const NoteSigner& witness, std::uint64_t time);
// What a cosignature is over.
std::string cosigned_bytes(std::string_view text, std::uint64_t time);

struct VerifiedSignature {
  VerifierKey key;
  SignatureLine line;
  std::optional<std::uint64_t> time;  // of a cosignature
};

// The signatures by `keys`, each key once, in the note's order. Signatures by others are ignored.
// Refuses with `note.bad_signature` if one that bears a key's name and id is not by that key, and
// with `note.unknown_signers` if none of the keys signed.
core::Result<std::vector<VerifiedSignature>> verify_note(const Note& note,
                                                         std::span<const VerifierKey> keys);

}  // namespace tally::ledger
