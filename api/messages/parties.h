// The messages of /v1/parties and /v1/actors.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/mapping.h"
#include "space/parties/actor.h"
#include "space/parties/party.h"
#include "space/parties/party_key.h"

namespace tally::api {

using RegisterPartyBody = space::Registration;
using ApprovePartyBody = space::Approval;
using RequestTokenBody = space::TokenRequest;
using AddActorBody = space::NewActor;
using AddKeyBody = space::KeyAddition;
using RetireKeyBody = space::KeyRetirement;

struct PartyBody {
  space::PartyView party;

  static constexpr auto fields = core::FieldList{core::field("party", &PartyBody::party)};
};

struct PartyListBody {
  std::optional<std::string> next_cursor;
  std::vector<space::PartyView> parties;

  static constexpr auto fields =
      core::FieldList{core::field("next_cursor", &PartyListBody::next_cursor),
                      core::field("parties", &PartyListBody::parties)};
};

// The token is said once: the same request again is answered without it.
struct GrantedTokenBody {
  space::ActorView actor;
  std::optional<std::string> token;

  static constexpr auto fields = core::FieldList{core::field("actor", &GrantedTokenBody::actor),
                                                 core::field("token", &GrantedTokenBody::token)};
};

struct ActorListBody {
  std::vector<space::ActorView> actors;
  std::optional<std::string> next_cursor;

  static constexpr auto fields =
      core::FieldList{core::field("actors", &ActorListBody::actors),
                      core::field("next_cursor", &ActorListBody::next_cursor)};
};

}  // namespace tally::api
