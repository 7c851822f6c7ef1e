#include "space/parties/actor.h"

#include <algorithm>

namespace tally::space {
namespace {

using core::Done;
using core::Error;
using core::Instant;
using core::Refusal;
using core::Result;

Result<Done> require_within(ScopeSet wanted, ScopeSet permitted, std::string_view whose) {
  if (permitted.contains(wanted)) return Done{};
  ScopeSet beyond;
  for (Scope scope : wanted.list()) {
    if (!permitted.has(scope)) beyond.add(scope);
  }
  return Error{Refusal::forbidden, "scope.not_permitted",
               "beyond " + std::string(whose) + ": " + beyond.text()};
}

Instant after_seconds(Instant now, std::int64_t seconds) { return {now.unix_ms + seconds * 1000}; }

ActorAdded added(ActorDraw draw, PartyId party, ScopeSet scopes, Instant expires_at) {
  ActorAdded event;
  event.actor = draw.actor;
  event.expires_at = expires_at.unix_ms;
  event.party = party;
  event.salt = std::move(draw.salt);
  event.scopes = scopes.list();
  return event;
}

bool is_fresh(Instant issued_at, Instant now) {
  return std::abs(issued_at.unix_ms - now.unix_ms) <= token_request_age_ms_max;
}

}  // namespace

Result<ActorAdded> decide_token(const Party& party,
                                const TokenRequestDocument& request,
                                bool nonce_is_used,
                                ActorDraw draw) {
  if (party.state != PartyState::approved) {
    return Error{Refusal::forbidden, "party.not_approved",
                 "the operator has not approved " + party.id.text() + " yet"};
  }
  if (!is_fresh(request.issued_at.instant(), draw.now)) {
    return Error{Refusal::forbidden, "token_request.stale",
                 "issued_at must lie within five minutes of " + core::format_time(draw.now)};
  }
  if (nonce_is_used) {
    return Error{Refusal::conflict, "token_request.repeated",
                 "this nonce was used before; sign a request with a new one"};
  }
  ScopeSet permitted = scopes_of(party.roles);
  ScopeSet scopes = request.scopes ? ScopeSet(*request.scopes) : permitted;
  if (auto within = require_within(scopes, permitted, "the party's roles"); !within) {
    return within.error();
  }
  Instant expires_at = after_seconds(draw.now, request.expires_in_seconds);
  return added(std::move(draw), party.id, scopes, expires_at);
}

Result<ActorAdded> decide_new_actor(const Principal& by, const NewActor& wanted, ActorDraw draw) {
  ScopeSet scopes(wanted.scopes);
  if (auto within = require_within(scopes, by.scopes, "the caller's own scopes"); !within) {
    return within.error();
  }
  Instant expires_at = std::min(after_seconds(draw.now, wanted.expires_in_seconds), by.expires_at);
  return added(std::move(draw), by.party, scopes, expires_at);
}

Result<ActorRevoked> decide_revocation(const Actor& actor, std::string salt) {
  if (actor.state == ActorState::revoked) {
    return Error{Refusal::conflict, "actor.revoked", actor.id.text() + " is revoked already"};
  }
  return ActorRevoked{actor.id, actor.party, std::move(salt)};
}

}  // namespace tally::space
