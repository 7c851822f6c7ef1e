#include "space/parties/party.h"

#include "space/commitment.h"

namespace tally::space {

using core::Error;
using core::Refusal;
using core::Result;

Result<PartyRegistered> decide_registration(const PartyDocument& document,
                                            const RegistrationFacts& facts,
                                            std::string salt) {
  if (facts.id_is_taken) {
    return Error{Refusal::conflict, "party.exists",
                 "another document is registered under " + document.id.text()};
  }
  if (facts.key_is_taken) {
    return Error{Refusal::conflict, "key.in_use",
                 "this key belongs to another party; a key serves one party only"};
  }
  if (facts.pending >= pending_parties_max) {
    return Error{Refusal::exhausted, "party.too_many_pending",
                 "too many parties wait for the operator's approval; try again later"};
  }
  PartyRegistered event;
  event.document = commitment(salt, core::canonical(document));
  event.key = KeyId::of(document.public_key);
  event.party = document.id;
  event.public_key = document.public_key;
  event.salt = std::move(salt);
  return event;
}

Result<PartyApproved> decide_approval(const Party& party,
                                      const Approval& approval,
                                      std::string salt) {
  RoleSet roles(approval.roles);
  if (roles.has(Role::operator_)) {
    return Error{Refusal::invalid,
                 "role.not_grantable",
                 "a space has one operator, made by init",
                 {{"/roles", "not_allowed", "the role operator cannot be granted"}}};
  }
  if (party.state != PartyState::pending) {
    return Error{Refusal::conflict, "party.not_pending",
                 party.id.text() + " is approved already, as " + party.roles.text()};
  }
  return PartyApproved{party.id, roles.list(), std::move(salt)};
}

}  // namespace tally::space
