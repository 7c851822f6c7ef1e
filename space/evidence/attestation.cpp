#include "space/evidence/attestation.h"

#include "space/contracts/contract_tables.h"

namespace tally::space {

core::Result<Change> attest(ledger::Journal& journal,
                            const Principal& caller,
                            const Once& once,
                            const ContractId& id) {
  bool is_operator = caller.has(Scope::parties_approve);
  if (!is_operator) {
    auto permitted = require(caller, Scope::contracts_write);
    if (!permitted) return permitted.error();
  }
  return run_once(journal, once, [&](core::sql::Tx& tx) -> core::Result<Change> {
    auto contract = is_operator ? find_contract(tx, id) : find_visible(tx, id, caller.party);
    if (!contract) return contract_not_found();
    auto receipt = append_contract_entry(tx, journal.ledger, caller.actor.text(), *contract,
                                         ContractAttested{.contract = id,
                                                          .party = caller.party,
                                                          .salt = journal.ledger.draw_salt(),
                                                          .uses = contract->uses});
    AttestationView view{
        .contract = id, .entries = contract->seq + 1, .seq = receipt->seq, .uses = contract->uses};
    return Change{core::canonical(AttestationAnswer{view}), receipt};
  });
}

}  // namespace tally::space
