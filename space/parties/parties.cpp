#include "space/parties/parties.h"

#include "core/hash.h"
#include "core/json.h"
#include "space/erasure/erasure.h"
#include "space/erasure/names.h"
#include "space/event.h"
#include "space/parties/party_tables.h"

namespace tally::space {
namespace {

using core::Error;
using core::Json;
using core::Refusal;
using core::Result;
using core::sql::Session;
using core::sql::Tx;

Error not_found(const PartyId& id) {
  return {Refusal::not_found, "party.not_found", "there is no party " + id.text()};
}

// Its name is sealed, also where the answer is kept for repetitions.
Change answer(Session& session, const PartyId& id, ledger::ReceiptPtr receipt) {
  auto view = find_party_view(session, id);
  TALLY_ASSERT(view.has_value());
  return {core::canonical(PartyAnswer{*std::move(view)}), std::move(receipt)};
}

PartyView revealed(core::ShredKeys& keys, PartyView view) {
  view.name = reveal_name(keys, party_subject(view.id), view.name);
  return view;
}

Result<Change> revealed(core::ShredKeys& keys, Result<Change> change) {
  if (!change) return change;
  auto answer = core::decode<PartyAnswer>(*core::parse_json(change->body));
  TALLY_ASSERT(answer);
  change->body = core::canonical(PartyAnswer{revealed(keys, std::move(answer->party))});
  return change;
}

}  // namespace

Result<Change> Parties::register_party(const Registration& registration) {
  const PartyDocument& document = registration.document;
  std::string canonical = core::canonical(document);
  core::Hash digest = core::sha256(canonical);
  SignedStatement statement{SignedVerb::registration, journal_.ledger.origin(), document.id,
                            registration.key, digest};
  auto checked = check_signature(statement, document.public_key, registration.signature);
  if (!checked) return checked.error();
  // The document is its own key: repeated, it is answered again; another one is another request.
  return revealed(
      journal_.shred_keys,
      run_once(journal_, {document.id.text(), "POST /v1/parties", core::to_hex(digest), canonical},
               [&](Tx& tx) { return apply_registration(tx, registration); }));
}

Result<Change> Parties::apply_registration(Tx& tx, const Registration& registration) {
  const PartyDocument& document = registration.document;
  RegistrationFacts facts{find_party(tx, document.id).has_value(),
                          is_key_taken(tx, KeyId::of(document.public_key)),
                          count_pending(tx, pending_parties_max)};
  auto event = decide_registration(document, facts, journal_.ledger.draw_salt());
  if (!event) return event.error();
  auto receipt = append_event(journal_.ledger, tx, document.id.text(), *event);
  apply(tx, *event, journal_.ledger.now());
  keep_registration(tx, journal_.shred_keys, journal_.random, registration);
  return answer(tx, document.id, std::move(receipt));
}

Result<Change> Parties::approve(const Principal& by,
                                const PartyId& id,
                                const Approval& approval,
                                std::string_view key) {
  auto permitted = require(by, Scope::parties_approve);
  if (!permitted) return permitted.error();
  Json request = Json::object({{"approval", core::encode(approval)}, {"party", id.text()}});
  return revealed(journal_.shred_keys,
                  run_once(journal_,
                           {by.party.text(), "POST /v1/parties/{id}/approve", std::string(key),
                            core::canonical(request)},
                           [&](Tx& tx) { return apply_approval(tx, by, id, approval); }));
}

Result<Change> Parties::apply_approval(Tx& tx,
                                       const Principal& by,
                                       const PartyId& id,
                                       const Approval& approval) {
  auto party = find_party(tx, id);
  if (!party) return not_found(id);
  if (auto erased = find_erasure(tx, party_subject(id))) return party_erased(id, *erased);
  auto event = decide_approval(*party, approval, journal_.ledger.draw_salt());
  if (!event) return event.error();
  auto receipt = append_event(journal_.ledger, tx, by.actor.text(), *event);
  apply(tx, *event);
  return answer(tx, id, std::move(receipt));
}

Result<PartyView> Parties::find(const Principal& by, const PartyId& id) {
  auto permitted = require(by, Scope::parties_read);
  if (!permitted) return permitted.error();
  auto view = journal_.readers.read([&](Session& session) { return find_party_view(session, id); });
  if (!view) return not_found(id);
  bool is_visible =
      view->state == PartyState::approved || view->id == by.party || by.has(Scope::parties_approve);
  if (!is_visible) return not_found(id);
  return revealed(journal_.shred_keys, *std::move(view));
}

Result<Page<PartyView>> Parties::list(const Principal& by,
                                      std::string_view cursor,
                                      std::uint64_t limit) {
  auto permitted = require(by, Scope::parties_approve);
  if (!permitted) return permitted.error();
  auto found = journal_.readers.read(
      [&](Session& session) { return list_parties(session, cursor, limit + 1); });
  auto page = cut_page(std::move(found), limit);
  for (auto& party : page.items) party = revealed(journal_.shred_keys, std::move(party));
  return page;
}

}  // namespace tally::space
