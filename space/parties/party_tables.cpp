#include "space/parties/party_tables.h"

#include "space/erasure/erasure.h"
#include "space/erasure/names.h"
#include "space/rows.h"

namespace tally::space {
namespace {

using core::Hash;
using core::Instant;
using core::sql::Blob;
using core::sql::Cursor;
using core::sql::Session;
using core::sql::Tx;

struct Reads {
  core::sql::Connection& db;
  core::sql::Statement party{db, R"(
    select id, key_id, public_key, state, roles, document, registered_at from party where id = ?1
  )"};
  core::sql::Statement party_view{db, R"(
    select p.id, p.key_id, p.public_key, p.state, p.roles, p.registered_at, r.name
      from party p left join party_registration r on r.party = p.id
     where p.id = ?1
  )"};
  core::sql::Statement parties{db, R"(
    select p.id, p.key_id, p.public_key, p.state, p.roles, p.registered_at, r.name
      from party p left join party_registration r on r.party = p.id
     where p.id > ?1
     order by p.id
     limit ?2
  )"};
  core::sql::Statement pending{db, R"(
    select count(*) from (select 1 from party where state = 'pending' limit ?1) as waiting
  )"};
  core::sql::Statement key{db, R"(
    select 1 from party where key_id = ?1 union all select 1 from added_key where key_id = ?1
  )"};
  core::sql::Statement actor{db, R"(
    select id, party, scopes, expires_at, state from actor where id = ?1
  )"};
  core::sql::Statement actor_view{db, R"(
    select a.id, a.party, a.scopes, a.expires_at, a.state, t.name
      from actor a left join actor_token t on t.actor = a.id
     where a.id = ?1
  )"};
  core::sql::Statement actors{db, R"(
    select a.id, a.party, a.scopes, a.expires_at, a.state, t.name
      from actor a left join actor_token t on t.actor = a.id
     where a.party = ?1 and a.id > ?2
     order by a.id
     limit ?3
  )"};
  core::sql::Statement actor_by_token{db, R"(
    select a.id, a.party, a.scopes, a.expires_at, a.state
      from actor_token t join actor a on a.id = t.actor
     where t.token_hash = ?1
  )"};
  core::sql::Statement nonce{db, "select 1 from token_nonce where party = ?1 and nonce = ?2"};
};

struct Writes {
  core::sql::Connection& db;
  core::sql::Statement register_party{db, R"(
    insert into party (id, key_id, public_key, state, roles, document, registered_at)
    values (?1, ?2, ?3, 'pending', '', ?4, ?5)
  )"};
  core::sql::Statement approve_party{db, R"(
    update party set state = 'approved', roles = ?2 where id = ?1 and state = 'pending'
  )"};
  core::sql::Statement add_actor{db, R"(
    insert into actor (id, party, scopes, expires_at, state, added_at)
    values (?1, ?2, ?3, ?4, 'active', ?5)
  )"};
  core::sql::Statement revoke_actor{db, R"(
    update actor set state = 'revoked' where id = ?1 and state = 'active'
  )"};
  core::sql::Statement keep_registration{db, R"(
    insert into party_registration (party, name, document, signature) values (?1, ?2, ?3, ?4)
  )"};
  core::sql::Statement keep_token{db, R"(
    insert into actor_token (token_hash, actor, name) values (?1, ?2, ?3)
  )"};
  core::sql::Statement keep_nonce{db, R"(
    insert into token_nonce (party, nonce, at) values (?1, ?2, ?3)
  )"};
};

Party read_party(const Cursor& row) {
  Party party;
  party.id = row.id<PartyId>(0);
  party.key = row.id<KeyId>(1);
  party.public_key = row.hash(2);
  party.state = read_name<PartyState>(row, 3);
  party.roles = row.id<RoleSet>(4);
  party.document = row.hash(5);
  party.registered_at = row.instant(6);
  return party;
}

PartyView read_party_view(const Cursor& row) {
  PartyView view;
  view.id = row.id<PartyId>(0);
  view.key = row.id<KeyId>(1);
  view.public_key = row.hash(2);
  view.state = read_name<PartyState>(row, 3);
  view.roles = row.id<RoleSet>(4).list();
  view.registered_at = row.instant(5);
  view.name = row.optional_text(6).value_or("");
  return view;
}

Actor read_actor(const Cursor& row) {
  Actor actor;
  actor.id = row.id<ActorId>(0);
  actor.party = row.id<PartyId>(1);
  actor.scopes = row.id<ScopeSet>(2);
  actor.expires_at = row.instant(3);
  actor.state = read_name<ActorState>(row, 4);
  return actor;
}

ActorView read_actor_view(const Cursor& row) {
  Actor actor = read_actor(row);
  ActorView view;
  view.expires_at = actor.expires_at;
  view.id = actor.id;
  view.name = row.optional_text(5).value_or("");
  view.party = actor.party;
  view.scopes = actor.scopes.list();
  view.state = actor.state;
  return view;
}

void require_one(std::int64_t rows) {
  if (rows != 1) throw core::Broken("an event does not fit the tables of parties");
}

}  // namespace

std::optional<Party> find_party(Session& session, const PartyId& id) {
  return read_one(session.use<Reads>().party(id), read_party);
}

std::optional<PartyView> find_party_view(Session& session, const PartyId& id) {
  return read_one(session.use<Reads>().party_view(id), read_party_view);
}

std::vector<PartyView> list_parties(Session& session, std::string_view after, std::uint64_t limit) {
  return read_all(session.use<Reads>().parties(after, limit), read_party_view);
}

bool is_key_taken(Session& session, const KeyId& key) {
  return session.use<Reads>().key(key).next();
}

std::uint64_t count_pending(Session& session, std::uint64_t limit) {
  auto row = session.use<Reads>().pending(limit);
  row.next();
  return row.natural(0);
}

std::optional<Actor> find_actor(Session& session, const ActorId& id) {
  return read_one(session.use<Reads>().actor(id), read_actor);
}

std::optional<ActorView> find_actor_view(Session& session, const ActorId& id) {
  return read_one(session.use<Reads>().actor_view(id), read_actor_view);
}

std::vector<ActorView> list_actors(Session& session,
                                   const PartyId& party,
                                   std::string_view after,
                                   std::uint64_t limit) {
  return read_all(session.use<Reads>().actors(party, after, limit), read_actor_view);
}

std::optional<Actor> find_actor_by_token(Session& session, const Hash& token_hash) {
  return read_one(session.use<Reads>().actor_by_token(token_hash), read_actor);
}

bool is_nonce_used(Session& session, const PartyId& party, std::string_view nonce) {
  return session.use<Reads>().nonce(party, nonce).next();
}

void apply(Tx& tx, const PartyRegistered& event, Instant at) {
  auto document = Hash::from_hex(event.document);
  TALLY_ASSERT(document.has_value());
  tx.use<Writes>().register_party(event.party, event.key, event.public_key, *document, at).run();
}

void apply(Tx& tx, const PartyApproved& event) {
  require_one(tx.use<Writes>().approve_party(event.party, RoleSet(event.roles)).run());
}

void apply(Tx& tx, const ActorAdded& event, Instant at) {
  tx.use<Writes>()
      .add_actor(event.actor, event.party, ScopeSet(event.scopes), event.expires_at, at)
      .run();
}

void apply(Tx& tx, const ActorRevoked& event) {
  require_one(tx.use<Writes>().revoke_actor(event.actor).run());
}

void keep_registration(Tx& tx,
                       core::ShredKeys& keys,
                       core::Random& random,
                       const Registration& registration) {
  const PartyDocument& document = registration.document;
  std::string subject = party_subject(document.id);
  tx.use<Writes>()
      .keep_registration(document.id, seal_name(keys, random, subject, document.name),
                         seal_name(keys, random, subject, core::canonical(document)),
                         Blob{registration.signature.bytes()})
      .run();
}

void keep_token(Tx& tx,
                const ActorId& actor,
                std::string_view sealed_name,
                const Hash& token_hash) {
  tx.use<Writes>().keep_token(token_hash, actor, sealed_name).run();
}

void keep_nonce(Tx& tx, const PartyId& party, std::string_view nonce, Instant at) {
  tx.use<Writes>().keep_nonce(party, nonce, at).run();
}

}  // namespace tally::space
