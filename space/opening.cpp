#include "space/opening.h"

#include "core/hash.h"
#include "space/erasure/erasure.h"
#include "space/erasure/names.h"
#include "space/event.h"
#include "space/parties/party_tables.h"
#include "space/parties/token.h"

namespace tally::space {
namespace {

using core::Error;
using core::Instant;
using core::Refusal;
using core::Result;
using core::SigningKey;
using core::sql::Tx;
using ledger::Journal;

constexpr std::string_view system_author = "system";

Registration sign_registration(std::string_view origin,
                               PartyId id,
                               std::string_view name,
                               std::string nonce,
                               const SigningKey& key) {
  Registration registration;
  registration.document.id = id;
  registration.document.name = name;
  registration.document.nonce = std::move(nonce);
  registration.document.public_key = key.public_key();
  registration.key = KeyId::of(key.public_key());
  core::Hash digest = core::sha256(core::canonical(registration.document));
  registration.signature =
      sign({SignedVerb::registration, std::string(origin), id, registration.key, digest}, key);
  return registration;
}

void append_opening(Journal& journal, Tx& tx, const SigningKey& operator_key) {
  LedgerOpened event;
  event.log_key = journal.ledger.log_vkey();
  event.operator_key = operator_key.public_key();
  event.origin = journal.ledger.origin();
  event.salt = journal.ledger.draw_salt();
  event.suite = "ed25519-sha256";
  append_event(journal.ledger, tx, system_author, event);
}

void add_operator_party(Journal& journal, Tx& tx, const Registration& registration) {
  PartyId id = registration.document.id;
  Instant now = journal.ledger.now();
  auto registered =
      decide_registration(registration.document, RegistrationFacts{}, journal.ledger.draw_salt());
  TALLY_ASSERT(registered);
  append_event(journal.ledger, tx, id.text(), *registered);
  apply(tx, *registered, now);
  keep_registration(tx, journal.shred_keys, journal.random, registration);
  PartyApproved approved{id, {Role::operator_}, journal.ledger.draw_salt()};
  append_event(journal.ledger, tx, system_author, approved);
  apply(tx, approved);
}

OpenedSpace add_operator_actor(Journal& journal,
                               Tx& tx,
                               PartyId party,
                               std::int64_t lifetime_seconds) {
  Instant now = journal.ledger.now();
  OpenedSpace opened;
  opened.principal.actor = ActorId::make(now, journal.random);
  opened.principal.party = party;
  opened.principal.scopes = scopes_of(RoleSet{Role::operator_});
  opened.principal.expires_at = {now.unix_ms + lifetime_seconds * 1000};
  opened.token = draw_token(journal.random);
  ActorAdded event;
  event.actor = opened.principal.actor;
  event.expires_at = opened.principal.expires_at.unix_ms;
  event.party = party;
  event.salt = journal.ledger.draw_salt();
  event.scopes = opened.principal.scopes.list();
  append_event(journal.ledger, tx, system_author, event);
  apply(tx, event, now);
  keep_token(tx, event.actor,
             seal_name(journal.shred_keys, journal.random, actor_subject(event.actor), "operator"),
             token_hash(opened.token));
  return opened;
}

}  // namespace

Result<OpenedSpace> open_space(Journal& journal,
                               const SigningKey& operator_key,
                               std::string_view operator_name,
                               std::int64_t token_lifetime_seconds) {
  return journal.writer.run([&](Tx& tx) -> Result<OpenedSpace> {
    if (journal.ledger.size() != 0) {
      return Error{Refusal::conflict, "space.opened", "this ledger has been opened already"};
    }
    append_opening(journal, tx, operator_key);
    PartyId id = PartyId::make(journal.ledger.now(), journal.random);
    add_operator_party(journal, tx,
                       sign_registration(journal.ledger.origin(), id, operator_name,
                                         journal.random.salt(), operator_key));
    return add_operator_actor(journal, tx, id, token_lifetime_seconds);
  });
}

}  // namespace tally::space
