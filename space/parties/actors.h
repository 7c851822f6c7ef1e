// Actors: tokens given, actors added, actors revoked.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/result.h"
#include "ledger/journal.h"
#include "space/once.h"
#include "space/page.h"
#include "space/parties/actor.h"
#include "space/parties/authenticator.h"
#include "space/parties/principal.h"

namespace tally::space {

// The answer of a change: {"actor":{..}}.
struct ActorAnswer {
  ActorView actor;

  static constexpr auto fields = core::FieldList{core::field("actor", &ActorAnswer::actor)};
};

// A token is said once, when it is made. A repeated request gets the answer without it.
struct GrantedToken {
  Change change;
  std::optional<std::string> token;
};

class Actors {
 public:
  Actors(ledger::Journal& journal, Authenticator& authenticator)
      : journal_(journal), authenticator_(authenticator) {}

  // Needs no token: `party` signed the request, whose nonce serves once. Refusals, in this order:
  // request.invalid (the document names another party), party.not_found, those of find_valid_key,
  // those of check_signature, decide_token.
  core::Result<GrantedToken> request_token(const PartyId& party, const TokenRequest& request);

  // An actor of the caller's own party. Refusals, in this order: scope.missing,
  // idempotency_key.reused, token.revoked, those of decide_new_actor.
  core::Result<GrantedToken> add(const Principal& by, const NewActor& wanted, std::string_view key);

  // An actor of the caller's own party; the operator revokes any. When this returns, the token is
  // dead. Refusals, in this order: scope.missing, idempotency_key.reused, actor.not_found (also for
  // those of other parties), those of decide_revocation.
  core::Result<Change> revoke(const Principal& by, const ActorId& id, std::string_view key);

  // The actors of the caller's party, in the order of ids behind `cursor`. Refusal: scope.missing.
  core::Result<Page<ActorView>> list(const Principal& by,
                                     std::string_view cursor,
                                     std::uint64_t limit);

 private:
  core::Result<Change> apply_token(core::sql::Tx& tx,
                                   const TokenRequest& request,
                                   const core::Hash& token_hash);
  core::Result<Change> apply_added(core::sql::Tx& tx,
                                   const ActorAdded& event,
                                   std::string_view by,
                                   std::string_view name,
                                   const core::Hash& token_hash);
  core::Result<Change> apply_revoked(core::sql::Tx& tx, const Principal& by, const ActorId& id);
  ActorDraw draw();

  ledger::Journal& journal_;
  Authenticator& authenticator_;
};

}  // namespace tally::space
