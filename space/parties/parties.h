// The parties of the space: registration, approval, and what one may see of another.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/result.h"
#include "ledger/journal.h"
#include "space/once.h"
#include "space/page.h"
#include "space/parties/party.h"
#include "space/parties/principal.h"

namespace tally::space {

// The answer of a change: {"party":{..}}.
struct PartyAnswer {
  PartyView party;

  static constexpr auto fields = core::FieldList{core::field("party", &PartyAnswer::party)};
};

class Parties {
 public:
  explicit Parties(ledger::Journal& journal) : journal_(journal) {}

  // Needs no token: the signature shows that the key is the caller's. The same document again gets
  // the first answer again. Refusals, in this order: those of check_signature, decide_registration.
  core::Result<Change> register_party(const Registration& registration);

  // Refusals, in this order: scope.missing, idempotency_key.reused, party.not_found, those of
  // decide_approval.
  core::Result<Change> approve(const Principal& by,
                               const PartyId& id,
                               const Approval& approval,
                               std::string_view key);

  // Everyone sees who is approved; who is not, the operator and they themselves. Refusals:
  // scope.missing, party.not_found.
  core::Result<PartyView> find(const Principal& by, const PartyId& id);

  // All parties, for the operator, in the order of ids behind `cursor`. Refusal: scope.missing.
  core::Result<Page<PartyView>> list(const Principal& by,
                                     std::string_view cursor,
                                     std::uint64_t limit);

 private:
  core::Result<Change> apply_registration(core::sql::Tx& tx, const Registration& registration);
  core::Result<Change> apply_approval(core::sql::Tx& tx,
                                      const Principal& by,
                                      const PartyId& id,
                                      const Approval& approval);

  ledger::Journal& journal_;
};

}  // namespace tally::space
