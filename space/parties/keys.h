// The keys of the parties: added, retired, listed (space/parties/party_key.h).
#pragma once

#include <string_view>
#include <vector>

#include "core/result.h"
#include "core/signature.h"
#include "core/sql/session.h"
#include "ledger/journal.h"
#include "space/once.h"
#include "space/parties/party_key.h"
#include "space/parties/principal.h"

namespace tally::space {

// The answer of a change: {"key":{..}}.
struct KeyAnswer {
  KeyView key;

  static constexpr auto fields = core::FieldList{core::field("key", &KeyAnswer::key)};
};

struct KeyList {
  std::vector<KeyView> keys;

  static constexpr auto fields = core::FieldList{core::field("keys", &KeyList::keys)};
};

// The key by which a server knows its operator's party, valid or retired. Refusal: party.not_operator.
core::Result<PartyKey> find_operators_key(core::sql::Session& session, const KeyId& id);

class Keys {
 public:
  explicit Keys(ledger::Journal& journal) : journal_(journal) {}

  // Needs no token: the signatures say who asks. The same document again gets the first answer again,
  // as long as the key that signed is valid. Refusals, in this order: request.invalid (the document
  // names another party), party.not_found, party.is_operator (conflict: the server signs grants
  // with its key, and exchanges it itself), those of find_valid_key, those of check_addition, party.erased,
  // those of decide_addition.
  core::Result<Change> add(const PartyId& party, const KeyAddition& addition);

  // Needs no token either. Refusals, in this order: request.invalid (the document names another party
  // or key), party.not_found, party.is_operator, those of find_valid_key, those of check_retirement,
  // key.not_found (404: not a key of this party), those of decide_retirement.
  core::Result<Change> retire(const PartyId& party,
                              const KeyId& key,
                              const KeyRetirement& retirement);

  // By the operator, for a party that cannot sign. Refusals, in this order: scope.missing,
  // idempotency_key.reused, party.not_found, party.is_operator, key.not_found, those of
  // decide_revocation.
  core::Result<Change> revoke(const Principal& by,
                              const PartyId& party,
                              const KeyId& key,
                              std::string_view once);

  // The operator's own keys, by the server that holds them, at start (api/rotation.h): grants are
  // signed with them, so no request exchanges them. Done before: nothing is appended, `repeated` is
  // set, and there is no receipt. Refusals: party.not_operator (conflict: `now` or `key` is no key of the
  // operator's party), those of find_valid_key, of decide_addition and decide_retirement.
  core::Result<Change> add_operators(const core::SigningKey& now, const core::SigningKey& next);
  core::Result<Change> retire_operators(const KeyId& key, const core::SigningKey& by);

  // In the order in which they were added, for whoever sees the party (Parties::find). Refusals:
  // scope.missing, party.not_found.
  core::Result<KeyList> list(const Principal& by, const PartyId& party);

 private:
  core::Result<Change> apply_added(core::sql::Tx& tx, const KeyAddition& addition);
  core::Result<Change> apply_retired(core::sql::Tx& tx, const KeyRetirement& retirement);

  ledger::Journal& journal_;
};

}  // namespace tally::space
