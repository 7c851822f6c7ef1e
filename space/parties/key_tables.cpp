#include "space/parties/key_tables.h"

#include <algorithm>

#include "space/parties/party_tables.h"
#include "space/rows.h"

namespace tally::space {
namespace {

using core::Error;
using core::Refusal;
using core::Result;
using core::sql::Cursor;
using core::sql::Session;
using core::sql::Tx;

// The key of a registration stands before those that were added: -1.
struct Reads {
  core::sql::Connection& db;
  core::sql::Statement key{db, R"(
    select k.key_id, k.id, k.public_key, k.registered_at, -1, r.seq, r.at
      from party k left join retired_key r on r.key_id = k.key_id
     where k.key_id = ?1
    union all
    select k.key_id, k.party, k.public_key, k.at, k.seq, r.seq, r.at
      from added_key k left join retired_key r on r.key_id = k.key_id
     where k.key_id = ?1
  )"};
  core::sql::Statement keys{db, R"(
    select k.key_id, k.id, k.public_key, k.registered_at, -1 as place, r.seq, r.at
      from party k left join retired_key r on r.key_id = k.key_id
     where k.id = ?1
    union all
    select k.key_id, k.party, k.public_key, k.at, k.seq as place, r.seq, r.at
      from added_key k left join retired_key r on r.key_id = k.key_id
     where k.party = ?1
     order by place
  )"};
  core::sql::Statement entries{db, R"(
    select seq from added_key where party in (?1, ?2) and seq <= ?3
    union all
    select seq from retired_key where party in (?1, ?2) and seq <= ?3
    order by seq
  )"};
};

struct Writes {
  core::sql::Connection& db;
  core::sql::Statement add{db, R"(
    insert into added_key (key_id, party, public_key, seq, at) values (?1, ?2, ?3, ?4, ?5)
  )"};
  core::sql::Statement retire{db, R"(
    insert into retired_key (key_id, party, seq, at) values (?1, ?2, ?3, ?4)
  )"};
};

PartyKey read_key(const Cursor& row) {
  PartyKey key;
  key.id = row.id<KeyId>(0);
  key.party = row.id<PartyId>(1);
  key.public_key = row.hash(2);
  key.added_at = row.instant(3);
  if (row.integer(4) >= 0) key.added_under = row.natural(4);
  if (!row.is_null(5)) key.retired = Recorded{row.natural(5), row.instant(6)};
  return key;
}

}  // namespace

std::optional<PartyKey> find_key(Session& session, const KeyId& id) {
  return read_one(session.use<Reads>().key(id), read_key);
}

std::vector<PartyKey> list_keys(Session& session, const PartyId& party) {
  return read_all(session.use<Reads>().keys(party), read_key);
}

KeyFacts key_facts(Session& session, const PartyId& party, const KeyId& wanted) {
  auto keys = list_keys(session, party);
  auto valid = std::ranges::count_if(keys, [](const PartyKey& key) { return !key.retired; });
  return {is_key_taken(session, wanted), static_cast<std::uint64_t>(valid), keys.size()};
}

Result<PartyKey> find_valid_key(Session& session, const PartyId& party, const KeyId& id) {
  auto key = find_key(session, id);
  if (!key || key->party != party) {
    return Error{Refusal::forbidden, "signature.wrong_key",
                 "`key` does not name a key of this party"};
  }
  if (key->retired) {
    return Error{Refusal::forbidden, "key.retired",
                 id.text() + " was retired under entry " + std::to_string(key->retired->seq) +
                     ", and signs nothing more"};
  }
  return *std::move(key);
}

std::vector<std::uint64_t> list_key_entries(Session& session,
                                            const PartyId& one,
                                            const PartyId& other,
                                            std::uint64_t last) {
  return read_all(session.use<Reads>().entries(one, other, last),
                  [](const Cursor& row) { return row.natural(0); });
}

void apply(Tx& tx, const PartyKeyAdded& event, const Recorded& where) {
  tx.use<Writes>().add(event.key, event.party, event.public_key, where.seq, where.at).run();
}

void apply(Tx& tx, const PartyKeyRetired& event, const Recorded& where) {
  tx.use<Writes>().retire(event.key, event.party, where.seq, where.at).run();
}

}  // namespace tally::space
