// Every route of the server, by noun.
#pragma once

#include "api/metrics.h"
#include "api/router.h"
#include "api/services.h"

namespace tally::api {

void add_all_routes(Router& router, Services& services, Metrics& metrics);

//   GET  /healthz                it answers                       open
//   GET  /metrics                Prometheus text                  open: counts alone
//   POST /v1/clock/acknowledge   take the wall clock's word again clock:acknowledge
void add_operation_routes(Router& router, Services& services, Metrics& metrics);

}  // namespace tally::api
