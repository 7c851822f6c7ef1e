// Parties and actors as they stand: the tables read, and events folded into them.
//
// apply() writes projection tables alone, so that a replay of the ledger through it gives them back;
// the keep_ functions file what the ledger does not hold.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/random.h"
#include "core/shred_keys.h"
#include "core/sql/session.h"
#include "space/parties/actor.h"
#include "space/parties/party.h"

namespace tally::space {

std::optional<Party> find_party(core::sql::Session& session, const PartyId& id);
// As others see it, its name as stored (reveal_name).
std::optional<PartyView> find_party_view(core::sql::Session& session, const PartyId& id);
// In the order of ids, those behind `after` (empty: from the first), at most `limit`.
std::vector<PartyView> list_parties(core::sql::Session& session,
                                    std::string_view after,
                                    std::uint64_t limit);
// By any party, now or before.
bool is_key_taken(core::sql::Session& session, const KeyId& key);
// Parties that wait for approval; counts up to `limit`.
std::uint64_t count_pending(core::sql::Session& session, std::uint64_t limit);

std::optional<Actor> find_actor(core::sql::Session& session, const ActorId& id);
std::optional<ActorView> find_actor_view(core::sql::Session& session, const ActorId& id);
std::vector<ActorView> list_actors(core::sql::Session& session,
                                   const PartyId& party,
                                   std::string_view after,
                                   std::uint64_t limit);
std::optional<Actor> find_actor_by_token(core::sql::Session& session, const core::Hash& token_hash);
bool is_nonce_used(core::sql::Session& session, const PartyId& party, std::string_view nonce);

void apply(core::sql::Tx& tx, const PartyRegistered& event, core::Instant at);
void apply(core::sql::Tx& tx, const PartyApproved& event);
void apply(core::sql::Tx& tx, const ActorAdded& event, core::Instant at);
void apply(core::sql::Tx& tx, const ActorRevoked& event);

// Name and document are sealed (space/erasure/names.h).
void keep_registration(core::sql::Tx& tx,
                       core::ShredKeys& keys,
                       core::Random& random,
                       const Registration& registration);
// `sealed_name`: of seal_name, for actor_subject.
void keep_token(core::sql::Tx& tx,
                const ActorId& actor,
                std::string_view sealed_name,
                const core::Hash& token_hash);
void keep_nonce(core::sql::Tx& tx, const PartyId& party, std::string_view nonce, core::Instant at);

}  // namespace tally::space
