#include "space/parties/parties.h"

#include "core/hash.h"
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

Change answer(Session& session, const PartyId& id, ledger::ReceiptPtr receipt) {
  auto view = find_party_view(session, id);
  TALLY_ASSERT(view.has_value());
  return {core::canonical(PartyAnswer{*std::move(view)}), std::move(receipt)};
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
  return run_once(journal_,
                  {document.id.text(), "POST /v1/parties", core::to_hex(digest), canonical},
                  [&](Tx& tx) { return apply_registration(tx, registration); });
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
  keep_registration(tx, registration);
  return answer(tx, document.id, std::move(receipt));
}

Result<Change> Parties::approve(const Principal& by,
                                const PartyId& id,
                                const Approval& approval,
                                std::string_view key) {
  auto permitted = require(by, Scope::parties_approve);
  if (!permitted) return permitted.error();
  Json request = Json::object({{"approval", core::encode(approval)}, {"party", id.text()}});
  return run_once(journal_,
                  {by.party.text(), "POST /v1/parties/{id}/approve", std::string(key),
                   core::canonical(request)},
                  [&](Tx& tx) { return apply_approval(tx, by, id, approval); });
}

Result<Change> Parties::apply_approval(Tx& tx,
                                       const Principal& by,
                                       const PartyId& id,
                                       const Approval& approval) {
  auto party = find_party(tx, id);
  if (!party) return not_found(id);
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
  return *std::move(view);
}

Result<Page<PartyView>> Parties::list(const Principal& by,
                                      std::string_view cursor,
                                      std::uint64_t limit) {
  auto permitted = require(by, Scope::parties_approve);
  if (!permitted) return permitted.error();
  auto found = journal_.readers.read(
      [&](Session& session) { return list_parties(session, cursor, limit + 1); });
  return cut_page(std::move(found), limit);
}

}  // namespace tally::space
