// The log's own keys, in the hands of the operator or of a thief.
#include "api/cheats/cheater.h"

namespace tally::test {

std::vector<Cheat> log_key_cheats() {
  return {
      {"a key of the log is added that no key of it signed for", conduct, "log.key_not_let_in",
       [](Cheater& cheater) {
         auto added = cheater.next_key_added();
         added.signature = added.possession;
         cheater.add(added, "system");
         cheater.publish();
       }},
      {"a key of the log is added that did not sign for itself", conduct, "log.key_not_possessed",
       [](Cheater& cheater) {
         auto added = cheater.next_key_added();
         added.possession = added.signature;
         cheater.add(added, "system");
         cheater.publish();
       }},
      {"a key of the log is retired by an actor", conduct, "entry.wrong_author",
       [](Cheater& cheater) {
         cheater.add(cheater.next_key_added(), "system");
         cheater.add(ledger::LogKeyRetired{ledger::format_vkey(cheater.next_log_key.verifier()),
                                           std::string(32, '0')},
                     honest().space.operator_principal.actor.text());
         cheater.publish();
       }},
      {"the table of the log's keys does not know of an exchange", conduct, "projection.differs",
       [](Cheater& cheater) {
         cheater.exchange_log_key();
         cheater.run("delete from log_key_retired");
       }},
      {"the last key of the log is retired, and signs on", chain, "checkpoint.key_retired",
       [](Cheater& cheater) {
         cheater.add(ledger::LogKeyRetired{ledger::format_vkey(cheater.log_key.verifier()),
                                           std::string(32, '0')},
                     "system");
         cheater.publish();
       }},
      {"a key of the log that was retired signs on", chain, "checkpoint.key_retired",
       [](Cheater& cheater) {
         cheater.exchange_log_key();
         cheater.add_use(honest().labeled, {{"purpose", "labeling"}, {"limit", 5}});
         cheater.entries.back().by = honest().team.principal.actor.text();
         cheater.sign_with({cheater.log_key});
         cheater.publish();
       }},
      {"a second history without the exchange of the log's key is signed with the old one",
       {"conduct", "receipts", "witnesses"},
       "ledger.key_not_named",
       [](Cheater& cheater) {
         auto before = cheater.entries;
         cheater.exchange_log_key();
         cheater.entries = before;
         cheater.sign_with({cheater.log_key});
         cheater.publish();
       }},
      {"a key in force leaves the signing of the log to another", chain,
       "checkpoint.key_did_not_sign",
       [](Cheater& cheater) {
         cheater.add(cheater.next_key_added(), "system");
         cheater.sign_with({cheater.next_log_key});
         cheater.publish();
       }},
      {"the log's new key is retired under the old one, which the log itself had retired",
       {"chain", "receipts", "witnesses"},
       "checkpoint.newer_key_retired",
       [](Cheater& cheater) {
         cheater.exchange_log_key();
         cheater.entries.pop_back();
         cheater.add(ledger::LogKeyRetired{ledger::format_vkey(cheater.next_log_key.verifier()),
                                           std::string(32, '0')},
                     "system");
         cheater.sign_with({cheater.log_key});
         cheater.publish();
       }},
  };
}

}  // namespace tally::test
