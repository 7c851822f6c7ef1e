// The keys of a party as evidence shows them: from its registration on, each one let in by one before it.
//
// Which registration is shown, whoever made the file chose. A pin is what its reader knows of a party
// from elsewhere; under a pin, only pinned keys count, and those that they let in.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "core/result.h"
#include "space/parties/party.h"
#include "space/parties/party_key.h"
#include "space/signing.h"

namespace tally::space {

// "pty_..=<64 hex of the public key>" or "pty_..=key_..". A key id is 64 bits of a hash, so the public key
// pins more firmly.
struct PartyPin {
  PartyId party;
  std::variant<core::Hash, KeyId> key;

  static std::optional<PartyPin> parse(std::string_view text);
  bool is_of(const KeyId& id, const core::Hash& public_key) const;
};

struct ShownKey {
  KeyId id;
  core::Hash public_key;
  std::uint64_t entry = 0;               // that registered or added it
  std::optional<std::uint64_t> retired;  // the entry that retired it
  bool has_signed = false;               // something about the contract
  bool is_pinned = false;                // pinned, or let in by one that is
};

class ShownKeys {
 public:
  // Refusals, of all: evidence.wrong_key (not what the entries before allow: a key under another's id, or
  // known before, or more than a party may have), evidence.wrong_signature (not by a key that was the
  // party's there, nor by the new one), evidence.foreign_entry (in another's name).
  core::Result<core::Done> take(const PartyRegistered& event,
                                std::string_view by,
                                std::uint64_t entry,
                                const std::vector<PartyPin>& pins);
  core::Result<core::Done> take(const PartyKeyAdded& event,
                                std::string_view by,
                                std::uint64_t entry,
                                std::string_view origin,
                                const std::vector<PartyPin>& pins);
  core::Result<core::Done> take(const PartyKeyRetired& event,
                                std::string_view by,
                                std::uint64_t entry,
                                std::string_view origin);

  // Notes that the key signed. Refusals: evidence.wrong_signature, evidence.wrong_party_key (it is
  // neither pinned nor let in by one that is).
  core::Result<core::Done> check(const SignedStatement& statement, const Signature& signature);
  // The pins fit to a key that is shown, or there is none. Refusal: evidence.wrong_party_key.
  core::Result<core::Done> check_pins() const;

  const std::optional<PartyId>& party() const { return party_; }
  const std::vector<ShownKey>& list() const { return keys_; }
  bool holds(const KeyId& id) const;

 private:
  std::uint64_t count_valid() const;
  ShownKey* find(const KeyId& id);
  ShownKey* find_valid(const KeyId& id);

  std::optional<PartyId> party_;
  std::vector<ShownKey> keys_;
  bool has_pins_ = false;
};

}  // namespace tally::space
