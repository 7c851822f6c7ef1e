#include "api/services.h"

namespace tally::api {

Services::Services(ledger::Journal& journal_to_use,
                   const core::Clock& clock,
                   const core::Hash& master,
                   const core::SigningKey& operator_key,
                   const std::string& secret)
    : journal(journal_to_use),
      authenticator(journal.readers, clock),
      parties(journal),
      actors(journal, authenticator),
      content(*core::SealKey::from_bytes(master.view()), journal.random),
      datasets(journal),
      uploads(journal, content),
      contracts(journal),
      uses(journal, contracts, content, operator_key, secret) {}

void Services::reap() {}

}  // namespace tally::api
