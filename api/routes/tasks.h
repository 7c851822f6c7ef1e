// Routes of leases and answers. Each handler translates; it decides nothing.
#pragma once

#include "api/router.h"
#include "api/services.h"

namespace tally::api {

//   POST /v1/projects/{id}/leases     take seats of the most uncertain tasks   tasks:work
//   POST /v1/projects/{id}/answers    up to 100 answers, all or none           tasks:work
//   POST /v1/tasks/{id}/answers       one answer                               tasks:work
//   GET  /v1/answers/{id}/receipt     its receipt, a .tlog-proof file          projects:read
//
// Leasing takes no Idempotency-Key: a lease whose answer got lost is handed out again to whoever asks
// with include_held, and otherwise runs out.
void add_task_routes(Router& router, Services& services);

}  // namespace tally::api
