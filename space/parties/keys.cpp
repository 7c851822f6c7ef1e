#include "space/parties/keys.h"

#include "core/hash.h"
#include "core/json.h"
#include "space/erasure/erasure.h"
#include "space/event.h"
#include "space/parties/key_tables.h"
#include "space/parties/party_tables.h"

namespace tally::space {
namespace {

using core::Done;
using core::Error;
using core::Json;
using core::Refusal;
using core::Result;
using core::sql::Session;
using core::sql::Tx;

Error party_not_found(const PartyId& id) {
  return {Refusal::not_found, "party.not_found", "there is no party " + id.text()};
}

Error key_not_found(const KeyId& id) {
  return {Refusal::not_found, "key.not_found", "the party has no key " + id.text()};
}

Error other_document(const char* pointer, const char* due) {
  return {Refusal::invalid,
          "request.invalid",
          "the document is not about what the path names",
          {{pointer, "not_allowed", due}}};
}

Result<Party> find_rotating(Session& session, const PartyId& id) {
  auto party = find_party(session, id);
  if (!party) return party_not_found(id);
  if (!party->roles.has(Role::operator_)) return *std::move(party);
  return Error{Refusal::conflict, "party.is_operator",
               "the server signs grants with the operator's key; `tallystick rotate operator` "
               "exchanges it"};
}

// The public key under which `id` signs now, for the signature to be checked before the writer.
Result<core::Hash> find_signer(ledger::Journal& journal, const PartyId& party, const KeyId& id) {
  return journal.readers.read([&](Session& session) -> Result<core::Hash> {
    if (auto found = find_rotating(session, party); !found) return found.error();
    auto key = find_valid_key(session, party, id);
    if (!key) return key.error();
    return key->public_key;
  });
}

KeyId id_of(const core::SigningKey& key) { return KeyId::of(key.public_key()); }

Change answer(Session& session, const KeyId& id, ledger::ReceiptPtr receipt) {
  auto key = find_key(session, id);
  TALLY_ASSERT(key.has_value());
  return {core::canonical(KeyAnswer{view_of(*key)}), std::move(receipt)};
}

Change answer_again(Session& session, const KeyId& id) {
  Change change = answer(session, id, nullptr);
  change.repeated = true;
  return change;
}

template <class Event>
Change record(ledger::Journal& journal, Tx& tx, std::string_view by, const Event& event) {
  auto receipt = append_event(journal.ledger, tx, by, event);
  apply(tx, event, Recorded{receipt->seq, journal.ledger.now()});
  return answer(tx, event.key, std::move(receipt));
}

}  // namespace

Result<PartyKey> find_operators_key(Session& session, const KeyId& id) {
  auto found = find_key(session, id);
  auto party = found ? find_party(session, found->party) : std::nullopt;
  if (party && party->roles.has(Role::operator_)) return *std::move(found);
  return Error{Refusal::conflict, "party.not_operator",
               id.text() + " is no key of this ledger's operator"};
}

Result<Change> Keys::add(const PartyId& party, const KeyAddition& addition) {
  const KeyDocument& document = addition.document;
  if (document.party != party)
    return other_document("/document/party", "must be the party in the path");
  auto signer = find_signer(journal_, party, addition.key);
  if (!signer) return signer.error();
  PartyKeyAdded said{.key = KeyId::of(document.public_key),
                     .party = party,
                     .possession = addition.possession,
                     .public_key = document.public_key,
                     .salt = {},
                     .signature = addition.signature,
                     .signer = addition.key};
  if (auto checked = check_addition(journal_.ledger.origin(), said, *signer); !checked)
    return checked.error();
  std::string request = core::canonical(document);
  return run_once(
      journal_,
      {party.text(), "POST /v1/parties/{id}/keys", core::to_hex(core::sha256(request)), request},
      [&](Tx& tx) { return apply_added(tx, addition); });
}

Result<Change> Keys::apply_added(Tx& tx, const KeyAddition& addition) {
  const PartyId& id = addition.document.party;
  if (auto signer = find_valid_key(tx, id, addition.key); !signer) return signer.error();
  if (auto erased = find_erasure(tx, party_subject(id))) return party_erased(id, *erased);
  auto facts = key_facts(tx, id, KeyId::of(addition.document.public_key));
  auto event = decide_addition(*find_party(tx, id), addition, facts, journal_.ledger.draw_salt());
  if (!event) return event.error();
  return record(journal_, tx, id.text(), *event);
}

Result<Change> Keys::retire(const PartyId& party,
                            const KeyId& key,
                            const KeyRetirement& retirement) {
  const KeyRetirementDocument& document = retirement.document;
  if (document.party != party)
    return other_document("/document/party", "must be the party in the path");
  if (document.key != key) return other_document("/document/key", "must be the key in the path");
  auto signer = find_signer(journal_, party, retirement.key);
  if (!signer) return signer.error();
  PartyKeyRetired said{.key = key,
                       .party = party,
                       .salt = {},
                       .signature = retirement.signature,
                       .signer = retirement.key};
  if (auto checked = check_retirement(journal_.ledger.origin(), said, *signer); !checked)
    return checked.error();
  std::string request = core::canonical(document);
  return run_once(journal_,
                  {party.text(), "POST /v1/parties/{id}/keys/{key}/retirement",
                   core::to_hex(core::sha256(request)), request},
                  [&](Tx& tx) { return apply_retired(tx, retirement); });
}

Result<Change> Keys::apply_retired(Tx& tx, const KeyRetirement& retirement) {
  const PartyId& id = retirement.document.party;
  if (auto signer = find_valid_key(tx, id, retirement.key); !signer) return signer.error();
  auto key = find_key(tx, retirement.document.key);
  if (!key || key->party != id) return key_not_found(retirement.document.key);
  auto event = decide_retirement(*key, retirement, key_facts(tx, id, key->id).valid,
                                 journal_.ledger.draw_salt());
  if (!event) return event.error();
  return record(journal_, tx, id.text(), *event);
}

Result<Change> Keys::revoke(const Principal& by,
                            const PartyId& party,
                            const KeyId& key,
                            std::string_view once) {
  auto permitted = require(by, Scope::parties_approve);
  if (!permitted) return permitted.error();
  Json request = Json::object({{"key", key.text()}, {"party", party.text()}});
  return run_once(journal_,
                  {by.party.text(), "POST /v1/parties/{id}/keys/{key}/revocation",
                   std::string(once), core::canonical(request)},
                  [&](Tx& tx) -> Result<Change> {
                    if (auto found = find_rotating(tx, party); !found) return found.error();
                    auto there = find_key(tx, key);
                    if (!there || there->party != party) return key_not_found(key);
                    auto event = decide_revocation(*there, journal_.ledger.draw_salt());
                    if (!event) return event.error();
                    return record(journal_, tx, by.actor.text(), *event);
                  });
}

Result<Change> Keys::add_operators(const core::SigningKey& now, const core::SigningKey& next) {
  return journal_.writer.run([&](Tx& tx) -> Result<Change> {
    auto key = find_operators_key(tx, id_of(now));
    if (!key) return key.error();
    auto there = find_key(tx, id_of(next));
    if (there && there->party == key->party) return answer_again(tx, there->id);
    KeyAddition addition;
    addition.document.party = key->party;
    addition.document.public_key = next.public_key();
    addition.key = key->id;
    SignedStatement statement{SignedVerb::add_key, journal_.ledger.origin(), key->party, key->id,
                              core::sha256(core::canonical(addition.document))};
    addition.signature = sign(statement, now);
    statement.key = id_of(next);
    addition.possession = sign(statement, next);
    return apply_added(tx, addition);
  });
}

Result<Change> Keys::retire_operators(const KeyId& id, const core::SigningKey& by) {
  return journal_.writer.run([&](Tx& tx) -> Result<Change> {
    auto key = find_operators_key(tx, id);
    if (!key) return key.error();
    if (key->retired) return answer_again(tx, key->id);
    KeyRetirement retirement;
    retirement.document.key = key->id;
    retirement.document.party = key->party;
    retirement.key = id_of(by);
    retirement.signature =
        sign({SignedVerb::retire_key, journal_.ledger.origin(), key->party, retirement.key,
              core::sha256(core::canonical(retirement.document))},
             by);
    return apply_retired(tx, retirement);
  });
}

Result<KeyList> Keys::list(const Principal& by, const PartyId& id) {
  auto permitted = require(by, Scope::parties_read);
  if (!permitted) return permitted.error();
  return journal_.readers.read([&](Session& session) -> Result<KeyList> {
    auto party = find_party(session, id);
    bool is_visible = party && (party->state == PartyState::approved || id == by.party ||
                                by.has(Scope::parties_approve));
    if (!is_visible) return party_not_found(id);
    KeyList list;
    for (const PartyKey& key : list_keys(session, id)) list.keys.push_back(view_of(key));
    return list;
  });
}

}  // namespace tally::space
