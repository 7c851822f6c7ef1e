// A space, its parties and actors, and requests as a party would sign them.
#pragma once

#include <string>

#include <doctest/doctest.h>

#include "core/json.h"
#include "space/parties/actors.h"
#include "space/parties/parties.h"
#include "support/space/temp_space.h"

namespace tally::test {

struct People {
  TempSpace space;
  space::Parties parties{space.journal()};
  space::Actors actors{space.journal(), space.authenticator()};

  space::Registration registration(const std::string& name) {
    auto key = core::SigningKey::from_seed(core::sha256("key of " + name));
    space::Registration registration;
    registration.document.id = space::PartyId::make(space.clock.now(), space.random);
    registration.document.name = name;
    registration.document.nonce = space.random.salt();
    registration.document.public_key = key.public_key();
    registration.key = space::KeyId::of(key.public_key());
    sign(registration, key);
    return registration;
  }
  void sign(space::Registration& registration, const core::SigningKey& key) {
    const auto& document = registration.document;
    registration.signature =
        space.sign(space::SignedVerb::registration, document.id, key, document);
  }

  space::TokenRequest token_request(const Member& member) {
    space::TokenRequest request;
    request.document.party = member.party;
    request.document.actor_name = "someone";
    request.document.issued_at = space::SignedTime(space.clock.now());
    request.document.nonce = space.random.salt();
    request.document.expires_in_seconds = 3600;
    request.key = space::KeyId::of(member.key.public_key());
    sign(request, member.key);
    return request;
  }
  void sign(space::TokenRequest& request, const core::SigningKey& key) {
    request.signature =
        space.sign(space::SignedVerb::token, request.document.party, key, request.document);
  }
};

template <class T>
std::string code_of(const core::Result<T>& result) {
  REQUIRE(!result);
  return result.error().code;
}

template <class Answer>
Answer answer_of(const space::Change& change) {
  auto json = core::parse_json(change.body);
  REQUIRE(json);
  auto answer = core::decode<Answer>(*json);
  REQUIRE(answer);
  return *answer;
}

}  // namespace tally::test
