// Parties: values and decisions.
//
//   pending --approve--> approved
//
// A party registers itself with a key that it proves to hold; the operator approves it and says what
// it may be. Everything here is a plain value or a pure function.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/mapping.h"
#include "core/result.h"
#include "space/format.h"
#include "space/ids.h"
#include "space/parties/roles.h"
#include "space/signing.h"

namespace tally::space {

enum class PartyState : std::uint8_t { pending, approved };
constexpr auto enum_names(PartyState) {
  using Name = std::pair<PartyState, std::string_view>;
  return std::array{Name{PartyState::pending, "pending"}, Name{PartyState::approved, "approved"}};
}

struct Party {
  PartyId id;
  KeyId key;  // that it registered with; which are valid: space/parties/party_key.h
  core::Hash public_key;
  PartyState state = PartyState::pending;
  RoleSet roles;
  core::Hash document;  // commitment to its registration
  core::Instant registered_at;
};

// What a party says of itself. It chooses its id. The ledger holds a commitment to this document whose
// salt every auditor reads; the nonce, drawn by the party and erased with its name, is what keeps names
// from being tried against it.
struct PartyDocument {
  Format<"tallystick/party/v1"> format;
  PartyId id;
  std::string name;
  std::string nonce;
  core::Hash public_key;

  static constexpr auto fields = core::FieldList{
      core::field("format", &PartyDocument::format), core::field("id", &PartyDocument::id),
      core::field("name", &PartyDocument::name, core::length(1, 200)),
      core::field("nonce", &PartyDocument::nonce, core::matches_hex(32)),
      core::field("public_key", &PartyDocument::public_key)};
};

// The document, and the party's signature (verb register) by the key that the document names.
struct Registration {
  PartyDocument document;
  KeyId key;
  Signature signature;

  static constexpr auto fields = core::FieldList{
      core::field("document", &Registration::document), core::field("key", &Registration::key),
      core::field("signature", &Registration::signature)};
};

struct Approval {
  std::vector<Role> roles;

  static constexpr auto fields =
      core::FieldList{core::field("roles", &Approval::roles, core::length(1, 4))};
};

// A party as the parties of the space see each other. The key is the one that it registered with.
struct PartyView {
  PartyId id;
  KeyId key;
  std::string name;
  core::Hash public_key;
  core::Instant registered_at;
  std::vector<Role> roles;
  PartyState state = PartyState::pending;

  static constexpr auto fields =
      core::FieldList{core::field("id", &PartyView::id),
                      core::field("key", &PartyView::key),
                      core::field("name", &PartyView::name),
                      core::field("public_key", &PartyView::public_key),
                      core::field("registered_at", &PartyView::registered_at),
                      core::field("roles", &PartyView::roles),
                      core::field("state", &PartyView::state)};
};

struct PartyRegistered {
  static constexpr std::string_view kind = "party.registered/1";

  std::string document;  // commitment to the canonical PartyDocument
  KeyId key;
  PartyId party;
  core::Hash public_key;
  std::string salt;

  static constexpr auto fields = core::FieldList{
      core::field("document", &PartyRegistered::document, core::matches_hex(64)),
      core::field("key", &PartyRegistered::key), core::field("party", &PartyRegistered::party),
      core::field("public_key", &PartyRegistered::public_key),
      core::field("salt", &PartyRegistered::salt, core::matches_hex(32))};
};

struct PartyApproved {
  static constexpr std::string_view kind = "party.approved/1";

  PartyId party;
  std::vector<Role> roles;
  std::string salt;

  static constexpr auto fields =
      core::FieldList{core::field("party", &PartyApproved::party),
                      core::field("roles", &PartyApproved::roles, core::length(1, 5)),
                      core::field("salt", &PartyApproved::salt, core::matches_hex(32))};
};

struct RegistrationFacts {
  bool id_is_taken = false;   // by another document
  bool key_is_taken = false;  // by another party
  std::uint64_t pending = 0;  // parties that wait for the operator
};

// Whoever can reach the server can register: this many may wait, the next hears 429.
inline constexpr std::uint64_t pending_parties_max = 1000;

// Refusals, in this order: party.exists, key.in_use (conflict), party.too_many_pending (exhausted).
// That the key signed is checked before, by check_signature.
core::Result<PartyRegistered> decide_registration(const PartyDocument& document,
                                                  const RegistrationFacts& facts,
                                                  std::string salt);

// Refusals, in this order: role.not_grantable (invalid: nobody becomes operator), party.not_pending
// (conflict).
core::Result<PartyApproved> decide_approval(const Party& party,
                                            const Approval& approval,
                                            std::string salt);

}  // namespace tally::space
