// Routes under /v1/datasets. Each handler translates; it decides nothing. Content goes in here and
// leaves by a use under a contract alone.
#pragma once

#include "api/router.h"
#include "api/services.h"

namespace tally::api {

//   POST /v1/datasets                                    register one             datasets:write
//   GET  /v1/datasets?provider=                          the catalogue            datasets:read
//   GET  /v1/datasets/{id}                               one                      datasets:read
//   POST /v1/datasets/{id}/versions                      announce a version       datasets:write
//   GET  /v1/datasets/{id}/versions                      its versions             datasets:read
//   GET  /v1/datasets/{id}/versions/{version}            one of them              datasets:read
//   PUT  /v1/datasets/{id}/versions/{version}/content    bring what was announced datasets:write
void add_dataset_routes(Router& router, Services& services);

}  // namespace tally::api
