#include "api/routes/all.h"

#include "api/routes/contracts.h"
#include "api/routes/datasets.h"
#include "api/routes/evidence.h"
#include "api/routes/ledger.h"
#include "api/routes/parties.h"
#include "api/routes/projects.h"
#include "api/routes/receipts.h"
#include "api/routes/tasks.h"

namespace tally::api {

void add_all_routes(Router& router, Services& services, Metrics& metrics) {
  add_operation_routes(router, services, metrics);
  add_party_routes(router, services);
  add_dataset_routes(router, services);
  add_contract_routes(router, services);
  add_evidence_routes(router, services);
  add_ledger_routes(router, services.journal.readers, *services.publication);
  add_receipt_routes(router, services);
  add_project_routes(router, services);
  add_task_routes(router, services);
}

}  // namespace tally::api
