// The keys of a party: values and decisions.
//
//   valid --retire--> retired
//
// A party registers with one key. Another one is added under two signatures (verb add-key) over one
// document: by a key that is valid, which lets it in, and by the new key, which shows that it is
// held. From that entry on both are valid, until one is retired (verb retire-key) by a key that is
// valid. The entries hold the signatures and all that the documents say, so that whoever has the
// entries can check them.
//
// A signature is judged by the place of the ledger at which it was used. What a key signed while it
// was valid stays signed; from its retirement on it signs nothing more. A key that was retired never
// comes back, and no key serves two parties.
//
// The last valid key cannot be retired by its party, which could never sign again. The operator can
// retire any key of another party, also the last one: that is what is left when a key was stolen and
// its owner cannot sign. It can add none.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/mapping.h"
#include "core/result.h"
#include "space/datasets/dataset_tables.h"
#include "space/format.h"
#include "space/ids.h"
#include "space/parties/party.h"
#include "space/signing.h"

namespace tally::space {

inline constexpr std::uint64_t valid_keys_max = 8;    // of a party, at one time
inline constexpr std::uint64_t party_keys_max = 256;  // of a party, ever

enum class KeyState : std::uint8_t { valid, retired };
constexpr auto enum_names(KeyState) {
  using Name = std::pair<KeyState, std::string_view>;
  return std::array{Name{KeyState::valid, "valid"}, Name{KeyState::retired, "retired"}};
}

struct PartyKey {
  KeyId id;
  PartyId party;
  core::Hash public_key;
  core::Instant added_at;
  std::optional<std::uint64_t> added_under;  // none: the party registered with it
  std::optional<Recorded> retired;
};

// What both signatures of an addition are over.
struct KeyDocument {
  Format<"tallystick/key/v1"> format;
  PartyId party;
  core::Hash public_key;

  static constexpr auto fields = core::FieldList{
      core::field("format", &KeyDocument::format), core::field("party", &KeyDocument::party),
      core::field("public_key", &KeyDocument::public_key)};
};

struct KeyAddition {
  KeyDocument document;
  KeyId key;             // that lets the new one in
  Signature possession;  // by the new key
  Signature signature;   // by `key`

  static constexpr auto fields = core::FieldList{
      core::field("document", &KeyAddition::document), core::field("key", &KeyAddition::key),
      core::field("possession", &KeyAddition::possession),
      core::field("signature", &KeyAddition::signature)};
};

struct KeyRetirementDocument {
  Format<"tallystick/key-retirement/v1"> format;
  KeyId key;
  PartyId party;

  static constexpr auto fields =
      core::FieldList{core::field("format", &KeyRetirementDocument::format),
                      core::field("key", &KeyRetirementDocument::key),
                      core::field("party", &KeyRetirementDocument::party)};
};

struct KeyRetirement {
  KeyRetirementDocument document;
  KeyId key;  // that signs; it may be the one that is retired
  Signature signature;

  static constexpr auto fields = core::FieldList{
      core::field("document", &KeyRetirement::document), core::field("key", &KeyRetirement::key),
      core::field("signature", &KeyRetirement::signature)};
};

struct PartyKeyAdded {
  static constexpr std::string_view kind = "party.key_added/1";

  KeyId key;
  PartyId party;
  Signature possession;
  core::Hash public_key;
  std::string salt;
  Signature signature;
  KeyId signer;

  static constexpr auto fields =
      core::FieldList{core::field("key", &PartyKeyAdded::key),
                      core::field("party", &PartyKeyAdded::party),
                      core::field("possession", &PartyKeyAdded::possession),
                      core::field("public_key", &PartyKeyAdded::public_key),
                      core::field("salt", &PartyKeyAdded::salt, core::matches_hex(32)),
                      core::field("signature", &PartyKeyAdded::signature),
                      core::field("signer", &PartyKeyAdded::signer)};
};

// Without signature and signer: by the operator.
struct PartyKeyRetired {
  static constexpr std::string_view kind = "party.key_retired/1";

  KeyId key;
  PartyId party;
  std::string salt;
  std::optional<Signature> signature;
  std::optional<KeyId> signer;

  static constexpr auto fields = core::FieldList{
      core::field("key", &PartyKeyRetired::key), core::field("party", &PartyKeyRetired::party),
      core::field("salt", &PartyKeyRetired::salt, core::matches_hex(32)),
      core::field("signature", &PartyKeyRetired::signature),
      core::field("signer", &PartyKeyRetired::signer)};
};

// A key as the parties of the space see it.
struct KeyView {
  core::Instant added_at;
  std::optional<std::uint64_t> added_under;
  KeyId id;
  PartyId party;
  core::Hash public_key;
  std::optional<core::Instant> retired_at;
  std::optional<std::uint64_t> retired_under;
  KeyState state = KeyState::valid;

  static constexpr auto fields =
      core::FieldList{core::field("added_at", &KeyView::added_at),
                      core::field("added_under", &KeyView::added_under),
                      core::field("id", &KeyView::id),
                      core::field("party", &KeyView::party),
                      core::field("public_key", &KeyView::public_key),
                      core::field("retired_at", &KeyView::retired_at),
                      core::field("retired_under", &KeyView::retired_under),
                      core::field("state", &KeyView::state)};
};
KeyView view_of(const PartyKey& key);

struct KeyFacts {
  bool key_is_taken = false;  // by any party, or retired
  std::uint64_t valid = 0;    // keys of the party
  std::uint64_t all = 0;
};

// Refusals, in this order: party.not_approved (forbidden), key.in_use (conflict), key.too_many
// (conflict). The signatures are checked by check_addition.
core::Result<PartyKeyAdded> decide_addition(const Party& party,
                                            const KeyAddition& addition,
                                            const KeyFacts& facts,
                                            std::string salt);

// `valid`: keys of the party. Refusals, in this order: key.retired_before (conflict), key.last (conflict).
core::Result<PartyKeyRetired> decide_retirement(const PartyKey& key,
                                                const KeyRetirement& retirement,
                                                std::uint64_t valid,
                                                std::string salt);
// By the operator. Refusal: key.retired_before.
core::Result<PartyKeyRetired> decide_revocation(const PartyKey& key, std::string salt);

// What an entry says, checked with nothing else: `signer` is the public key of the key that it
// names, which the caller found valid. Refusals (forbidden), in this order: signature.wrong_key,
// signature.invalid (not by the signer), key.not_possessed (not by the new key).
core::Result<core::Done> check_addition(std::string_view origin,
                                        const PartyKeyAdded& event,
                                        const core::Hash& signer);
// Precondition: it has a signer. Refusals: signature.wrong_key, signature.invalid.
core::Result<core::Done> check_retirement(std::string_view origin,
                                          const PartyKeyRetired& event,
                                          const core::Hash& signer);

}  // namespace tally::space
