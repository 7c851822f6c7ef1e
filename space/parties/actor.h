// Actors: who holds a token. Values and decisions.
//
//   active --revoke--> revoked        (and none acts after `expires_at`)
//
// A party gets its first token by a request that it signs; who holds a token may add further actors
// of the party, such as its annotators, who have no keys. No actor may do more than its party, nor
// than the actor that added it, nor for longer.
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
#include "space/format.h"
#include "space/ids.h"
#include "space/parties/party.h"
#include "space/parties/principal.h"
#include "space/parties/roles.h"
#include "space/signing.h"

namespace tally::space {

inline constexpr std::int64_t token_lifetime_seconds_max = 366 * 24 * 3600;
// How far the time of a signed token request may lie from the ledger's.
inline constexpr std::int64_t token_request_age_ms_max = 5 * 60 * 1000;

enum class ActorState : std::uint8_t { active, revoked };
constexpr auto enum_names(ActorState) {
  using Name = std::pair<ActorState, std::string_view>;
  return std::array{Name{ActorState::active, "active"}, Name{ActorState::revoked, "revoked"}};
}

struct Actor {
  ActorId id;
  PartyId party;
  ScopeSet scopes;
  core::Instant expires_at;
  ActorState state = ActorState::active;
};

struct TokenRequestDocument {
  Format<"tallystick/token-request/v1"> format;
  PartyId party;
  std::string actor_name;
  std::optional<std::vector<Scope>> scopes;  // all that the party's roles permit
  SignedTime issued_at;
  std::string nonce;
  std::int64_t expires_in_seconds = 0;

  static constexpr auto fields = core::FieldList{
      core::field("format", &TokenRequestDocument::format),
      core::field("party", &TokenRequestDocument::party),
      core::field("actor_name", &TokenRequestDocument::actor_name, core::length(1, 200)),
      core::field("scopes", &TokenRequestDocument::scopes, core::length(1, 32)),
      core::field("issued_at", &TokenRequestDocument::issued_at),
      core::field("nonce", &TokenRequestDocument::nonce, core::matches_hex(32)),
      core::field("expires_in_seconds",
                  &TokenRequestDocument::expires_in_seconds,
                  core::range(1, token_lifetime_seconds_max))};
};

// The document, and the party's signature (verb token).
struct TokenRequest {
  TokenRequestDocument document;
  KeyId key;
  Signature signature;

  static constexpr auto fields = core::FieldList{
      core::field("document", &TokenRequest::document), core::field("key", &TokenRequest::key),
      core::field("signature", &TokenRequest::signature)};
};

struct NewActor {
  std::string name;
  std::vector<Scope> scopes;
  std::int64_t expires_in_seconds = 0;

  static constexpr auto fields =
      core::FieldList{core::field("name", &NewActor::name, core::length(1, 200)),
                      core::field("scopes", &NewActor::scopes, core::length(1, 32)),
                      core::field("expires_in_seconds",
                                  &NewActor::expires_in_seconds,
                                  core::range(1, token_lifetime_seconds_max))};
};

struct ActorView {
  core::Instant expires_at;
  ActorId id;
  std::string name;
  PartyId party;
  std::vector<Scope> scopes;
  ActorState state = ActorState::active;

  static constexpr auto fields = core::FieldList{core::field("expires_at", &ActorView::expires_at),
                                                 core::field("id", &ActorView::id),
                                                 core::field("name", &ActorView::name),
                                                 core::field("party", &ActorView::party),
                                                 core::field("scopes", &ActorView::scopes),
                                                 core::field("state", &ActorView::state)};
};

struct ActorAdded {
  static constexpr std::string_view kind = "actor.added/1";

  ActorId actor;
  std::int64_t expires_at = 0;  // Unix milliseconds
  PartyId party;
  std::string salt;
  std::vector<Scope> scopes;

  static constexpr auto fields = core::FieldList{
      core::field("actor", &ActorAdded::actor), core::field("expires_at", &ActorAdded::expires_at),
      core::field("party", &ActorAdded::party),
      core::field("salt", &ActorAdded::salt, core::matches_hex(32)),
      core::field("scopes", &ActorAdded::scopes, core::length(1, 32))};
};

struct ActorRevoked {
  static constexpr std::string_view kind = "actor.revoked/1";

  ActorId actor;
  PartyId party;
  std::string salt;

  static constexpr auto fields = core::FieldList{
      core::field("actor", &ActorRevoked::actor), core::field("party", &ActorRevoked::party),
      core::field("salt", &ActorRevoked::salt, core::matches_hex(32))};
};

// What an actor that is about to be added will be known by, drawn before the decision.
struct ActorDraw {
  ActorId actor;
  std::string salt;
  core::Instant now;
};

// Refusals, in this order: party.not_approved (forbidden), token_request.stale (forbidden: issued
// more than five minutes from now), token_request.repeated (conflict: the nonce was used),
// scope.not_permitted (forbidden: beyond the party's roles).
core::Result<ActorAdded> decide_token(const Party& party,
                                      const TokenRequestDocument& request,
                                      bool nonce_is_used,
                                      ActorDraw draw);

// Ends with the caller's own token at the latest. Refusal: scope.not_permitted (forbidden: beyond the
// caller's own).
core::Result<ActorAdded> decide_new_actor(const Principal& by,
                                          const NewActor& wanted,
                                          ActorDraw draw);

// Refusal: actor.revoked (conflict: it is already).
core::Result<ActorRevoked> decide_revocation(const Actor& actor, std::string salt);

}  // namespace tally::space
