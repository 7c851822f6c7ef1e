// Keys of members, added and retired as a party would sign for it.
#pragma once

#include <string>

#include "core/hash.h"
#include "space/parties/keys.h"
#include "support/space/temp_space.h"

namespace tally::test {

struct Rotation {
  TempSpace& space;

  static space::KeyId id(const Member& member) { return space::KeyId::of(member.key.public_key()); }
  // The same member, with another key.
  Member with_key(Member member, const std::string& name) const {
    member.key = core::SigningKey::from_seed(core::sha256(member.party.text() + " " + name));
    return member;
  }
  // The party of the first, the key of the second.
  Member with_party(Member member, const Member& other) const {
    member.key = other.key;
    return member;
  }

  space::KeyAddition addition(const Member& by, const Member& held) const {
    space::KeyAddition addition;
    addition.document.party = by.party;
    addition.document.public_key = held.key.public_key();
    addition.key = id(by);
    addition.possession =
        space.sign(space::SignedVerb::add_key, by.party, held.key, addition.document);
    addition.signature =
        space.sign(space::SignedVerb::add_key, by.party, by.key, addition.document);
    return addition;
  }
  space::KeyRetirement retirement(const Member& by, const Member& held) const {
    space::KeyRetirement retirement;
    retirement.document.party = by.party;
    retirement.document.key = id(held);
    retirement.key = id(by);
    retirement.signature =
        space.sign(space::SignedVerb::retire_key, by.party, by.key, retirement.document);
    return retirement;
  }
};

}  // namespace tally::test
