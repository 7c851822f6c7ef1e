// The keys of parties as they stand (space/parties/party_key.h): the tables read, and events folded
// into them.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/sql/session.h"
#include "space/parties/party_key.h"

namespace tally::space {

// Whoever's it is, valid or retired.
std::optional<PartyKey> find_key(core::sql::Session& session, const KeyId& id);
// In the order in which they became keys of the party.
std::vector<PartyKey> list_keys(core::sql::Session& session, const PartyId& party);
KeyFacts key_facts(core::sql::Session& session, const PartyId& party, const KeyId& wanted);

// The key under which a party signs here and now. Refusals (forbidden): signature.wrong_key (not a
// key of this party), key.retired.
core::Result<PartyKey> find_valid_key(core::sql::Session& session,
                                      const PartyId& party,
                                      const KeyId& id);

// The entries up to `last` that added or retired a key of one of the two.
std::vector<std::uint64_t> list_key_entries(core::sql::Session& session,
                                            const PartyId& one,
                                            const PartyId& other,
                                            std::uint64_t last);

// Projection tables alone.
void apply(core::sql::Tx& tx, const PartyKeyAdded& event, const Recorded& where);
void apply(core::sql::Tx& tx, const PartyKeyRetired& event, const Recorded& where);

}  // namespace tally::space
