#include "space/parties/party_key.h"

#include "core/hash.h"

namespace tally::space {

using core::Done;
using core::Error;
using core::Hash;
using core::Refusal;
using core::Result;

namespace {

Error retired_before(const PartyKey& key) {
  return {Refusal::conflict, "key.retired_before",
          key.id.text() + " was retired before, under entry " + std::to_string(key.retired->seq)};
}

}  // namespace

KeyView view_of(const PartyKey& key) {
  KeyView view;
  view.added_at = key.added_at;
  view.added_under = key.added_under;
  view.id = key.id;
  view.party = key.party;
  view.public_key = key.public_key;
  if (key.retired) {
    view.retired_at = key.retired->at;
    view.retired_under = key.retired->seq;
    view.state = KeyState::retired;
  }
  return view;
}

Result<PartyKeyAdded> decide_addition(const Party& party,
                                      const KeyAddition& addition,
                                      const KeyFacts& facts,
                                      std::string salt) {
  if (party.state != PartyState::approved) {
    return Error{Refusal::forbidden, "party.not_approved",
                 "the operator has not approved " + party.id.text() + " yet"};
  }
  if (facts.key_is_taken) {
    return Error{Refusal::conflict, "key.in_use",
                 "this key is, or was, a key of a party; a key serves once"};
  }
  if (facts.valid >= valid_keys_max || facts.all >= party_keys_max) {
    return Error{Refusal::conflict, "key.too_many",
                 "a party has at most " + std::to_string(valid_keys_max) +
                     " valid keys at a time, and " + std::to_string(party_keys_max) + " ever"};
  }
  PartyKeyAdded event;
  event.key = KeyId::of(addition.document.public_key);
  event.party = party.id;
  event.possession = addition.possession;
  event.public_key = addition.document.public_key;
  event.salt = std::move(salt);
  event.signature = addition.signature;
  event.signer = addition.key;
  return event;
}

Result<PartyKeyRetired> decide_retirement(const PartyKey& key,
                                          const KeyRetirement& retirement,
                                          std::uint64_t valid,
                                          std::string salt) {
  if (key.retired) return retired_before(key);
  if (valid <= 1) {
    return Error{Refusal::conflict, "key.last",
                 "this is the party's last valid key, without which it could never sign again; add "
                 "another one first"};
  }
  return PartyKeyRetired{key.id, key.party, std::move(salt), retirement.signature, retirement.key};
}

Result<PartyKeyRetired> decide_revocation(const PartyKey& key, std::string salt) {
  if (key.retired) return retired_before(key);
  return PartyKeyRetired{key.id, key.party, std::move(salt), std::nullopt, std::nullopt};
}

Result<Done> check_addition(std::string_view origin,
                            const PartyKeyAdded& event,
                            const Hash& signer) {
  KeyDocument document;
  document.party = event.party;
  document.public_key = event.public_key;
  SignedStatement statement{SignedVerb::add_key, std::string(origin), event.party, event.signer,
                            core::sha256(core::canonical(document))};
  if (auto let_in = check_signature(statement, signer, event.signature); !let_in) return let_in;
  statement.key = event.key;
  if (check_signature(statement, event.public_key, event.possession)) return Done{};
  return Error{Refusal::forbidden, "key.not_possessed",
               "`possession` is not the new key's signature over the document: nothing shows that "
               "the party holds this key"};
}

Result<Done> check_retirement(std::string_view origin,
                              const PartyKeyRetired& event,
                              const Hash& signer) {
  KeyRetirementDocument document;
  document.key = event.key;
  document.party = event.party;
  return check_signature({SignedVerb::retire_key, std::string(origin), event.party, *event.signer,
                          core::sha256(core::canonical(document))},
                         signer, *event.signature);
}

}  // namespace tally::space
