#include "space/parties/actors.h"

#include "core/hash.h"
#include "core/json.h"
#include "space/erasure/erasure.h"
#include "space/erasure/names.h"
#include "space/event.h"
#include "space/parties/key_tables.h"
#include "space/parties/party_tables.h"
#include "space/parties/token.h"

namespace tally::space {
namespace {

using core::Error;
using core::Hash;
using core::Refusal;
using core::Result;
using core::sql::Session;
using core::sql::Tx;

Change answer(Session& session, const ActorId& id, ledger::ReceiptPtr receipt) {
  auto view = find_actor_view(session, id);
  TALLY_ASSERT(view.has_value());
  return {core::canonical(ActorAnswer{*std::move(view)}), std::move(receipt)};
}

ActorView revealed(core::ShredKeys& keys, ActorView view) {
  view.name = reveal_name(keys, actor_subject(view.id), view.name);
  return view;
}

Result<Change> revealed(core::ShredKeys& keys, Result<Change> change) {
  if (!change) return change;
  auto answer = core::decode<ActorAnswer>(*core::parse_json(change->body));
  TALLY_ASSERT(answer);
  change->body = core::canonical(ActorAnswer{revealed(keys, std::move(answer->actor))});
  return change;
}

Error other_party() {
  return {Refusal::invalid,
          "request.invalid",
          "the document is not about this party",
          {{"/document/party", "not_allowed", "must be the party in the path"}}};
}

// Asked again where the change is decided: who was revoked a moment ago leaves no new token behind.
Result<core::Done> require_active(Session& session, const Principal& by) {
  auto caller = find_actor(session, by.actor);
  if (caller && caller->state == ActorState::active) return core::Done{};
  return Error{Refusal::unauthenticated, "token.revoked", "this token was revoked"};
}

Error actor_not_found(const ActorId& id) {
  return {Refusal::not_found, "actor.not_found", "there is no actor " + id.text()};
}

}  // namespace

ActorDraw Actors::draw() {
  auto now = journal_.ledger.now();
  return {ActorId::make(now, journal_.random), journal_.ledger.draw_salt(), now};
}

Result<GrantedToken> Actors::request_token(const PartyId& id, const TokenRequest& request) {
  if (request.document.party != id) return other_party();
  auto key = journal_.readers.read([&](Session& session) -> Result<PartyKey> {
    if (find_party(session, id)) return find_valid_key(session, id, request.key);
    return Error{Refusal::not_found, "party.not_found", "there is no party " + id.text()};
  });
  if (!key) return key.error();
  // Before the writer, which has better to do; there it is only asked whether the key is valid still.
  Hash digest = core::sha256(core::canonical(request.document));
  SignedStatement statement{SignedVerb::token, journal_.ledger.origin(), id, request.key, digest};
  auto checked = check_signature(statement, key->public_key, request.signature);
  if (!checked) return checked.error();

  std::string token = draw_token(journal_.random);
  auto change =
      journal_.writer.run([&](Tx& tx) { return apply_token(tx, request, token_hash(token)); });
  if (!change) return change.error();
  return GrantedToken{*revealed(journal_.shred_keys, std::move(change)), std::move(token)};
}

Result<Change> Actors::apply_token(Tx& tx, const TokenRequest& request, const Hash& hash) {
  const TokenRequestDocument& document = request.document;
  auto party = find_party(tx, document.party);
  TALLY_ASSERT(party.has_value());
  if (auto key = find_valid_key(tx, party->id, request.key); !key) return key.error();
  if (auto erased = find_erasure(tx, party_subject(party->id)))
    return party_erased(party->id, *erased);
  ActorDraw drawn = draw();
  auto now = drawn.now;
  bool nonce_is_used = is_nonce_used(tx, party->id, document.nonce);
  auto event = decide_token(*party, document, nonce_is_used, std::move(drawn));
  if (!event) return event.error();
  keep_nonce(tx, party->id, document.nonce, now);
  return apply_added(tx, *event, party->id.text(), document.actor_name, hash);
}

Result<Change> Actors::apply_added(
    Tx& tx, const ActorAdded& event, std::string_view by, std::string_view name, const Hash& hash) {
  auto receipt = append_event(journal_.ledger, tx, by, event);
  apply(tx, event, journal_.ledger.now());
  keep_token(tx, event.actor,
             seal_name(journal_.shred_keys, journal_.random, actor_subject(event.actor), name),
             hash);
  return answer(tx, event.actor, std::move(receipt));
}

Result<GrantedToken> Actors::add(const Principal& by,
                                 const NewActor& wanted,
                                 std::string_view key) {
  auto permitted = require(by, Scope::actors_write);
  if (!permitted) return permitted.error();
  std::string token = draw_token(journal_.random);
  auto change = run_once(
      journal_, {by.party.text(), "POST /v1/actors", std::string(key), core::canonical(wanted)},
      [&](Tx& tx) -> Result<Change> {
        auto stands = require_active(tx, by);
        if (!stands) return stands.error();
        auto event = decide_new_actor(by, wanted, draw());
        if (!event) return event.error();
        return apply_added(tx, *event, by.actor.text(), wanted.name, token_hash(token));
      });
  change = revealed(journal_.shred_keys, std::move(change));
  if (!change) return change.error();
  if (change->repeated) return GrantedToken{*std::move(change), std::nullopt};
  return GrantedToken{*std::move(change), std::move(token)};
}

Result<Change> Actors::revoke(const Principal& by, const ActorId& id, std::string_view key) {
  auto permitted = require(by, Scope::actors_write);
  if (!permitted) return permitted.error();
  auto change = run_once(
      journal_, {by.party.text(), "POST /v1/actors/{id}/revoke", std::string(key), id.text()},
      [&](Tx& tx) { return apply_revoked(tx, by, id); });
  authenticator_.forget();
  return revealed(journal_.shred_keys, std::move(change));
}

Result<Change> Actors::apply_revoked(Tx& tx, const Principal& by, const ActorId& id) {
  auto actor = find_actor(tx, id);
  if (!actor) return actor_not_found(id);
  if (actor->party != by.party && !by.has(Scope::parties_approve)) return actor_not_found(id);
  auto event = decide_revocation(*actor, journal_.ledger.draw_salt());
  if (!event) return event.error();
  auto receipt = append_event(journal_.ledger, tx, by.actor.text(), *event);
  apply(tx, *event);
  return answer(tx, id, std::move(receipt));
}

Result<Page<ActorView>> Actors::list(const Principal& by,
                                     std::string_view cursor,
                                     std::uint64_t limit) {
  auto permitted = require(by, Scope::actors_write);
  if (!permitted) return permitted.error();
  auto found = journal_.readers.read(
      [&](Session& session) { return list_actors(session, by.party, cursor, limit + 1); });
  auto page = cut_page(std::move(found), limit);
  for (auto& actor : page.items) actor = revealed(journal_.shred_keys, std::move(actor));
  return page;
}

}  // namespace tally::space
