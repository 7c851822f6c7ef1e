#include "space/replay.h"

#include <string>

#include "space/parties/party_tables.h"

namespace tally::space {
namespace {

using core::Broken;
using core::Json;
using core::sql::Tx;

template <class Event>
bool replay_as(Tx& tx, std::string_view kind, const Json& body, const Recorded& where) {
  if (kind != Event::kind) return false;
  auto event = core::decode<Event>(body);
  if (!event) {
    throw Broken("entry " + std::to_string(where.seq) + " is no " + std::string(kind) + ": " +
                 event.error().message);
  }
  if constexpr (requires { apply(tx, *event, where); }) {
    apply(tx, *event, where);
  } else if constexpr (requires { apply(tx, *event, where.at); }) {
    apply(tx, *event, where.at);
  } else {
    apply(tx, *event);
  }
  return true;
}

template <class... Events>
bool replay_any(Tx& tx, std::string_view kind, const Json& body, const Recorded& where) {
  return (replay_as<Events>(tx, kind, body, where) || ...);
}

}  // namespace

bool replay_entry(Tx& tx, std::string_view kind, const Json& body, const Recorded& where) {
  return replay_any<PartyRegistered, PartyApproved, ActorAdded, ActorRevoked, DatasetRegistered,
                    VersionRegistered, VersionPublished>(tx, kind, body, where);
}

}  // namespace tally::space
