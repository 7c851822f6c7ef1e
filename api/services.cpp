#include "api/services.h"

namespace tally::api {

Services::Services(ledger::Journal& journal_to_use,
                   const core::Clock& clock,
                   const core::Hash& master,
                   const core::SigningKey& operator_key,
                   const std::string& secret)
    : journal(journal_to_use),
      publication(std::make_unique<ledger::SignedPublication>(journal.ledger)),
      authenticator(journal.readers, clock),
      parties(journal),
      keys(journal),
      actors(journal, authenticator),
      content(*core::SealKey::from_bytes(master.view()), journal.shred_keys, journal.random),
      datasets(journal),
      uploads(journal, content),
      contracts(journal),
      uses(journal, contracts, content, operator_key, secret),
      erasures(journal, content, contracts, authenticator),
      projects(journal),
      intake(journal),
      items(journal),
      queue(journal),
      answers(journal),
      releases(journal, uploads) {}

void Services::reap() {
  // Three rows a lease, within the 1,000 that a command may touch.
  constexpr std::int64_t at_once = 300;
  while (true) {
    auto ended = queue.reap(at_once);
    if (!ended || *ended < at_once) return;
  }
}

}  // namespace tally::api
