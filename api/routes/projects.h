// Routes of labeling projects. Each handler translates; it decides nothing.
#pragma once

#include "api/router.h"
#include "api/services.h"

namespace tally::api {

//   POST /v1/projects                            open one under a contract          projects:write
//   GET  /v1/projects                            the caller's projects              projects:read
//   GET  /v1/projects/{id}                       one, with its counts               projects:read
//   POST /v1/projects/{id}/predictions?model=    import predictions, NDJSON         projects:write
//   POST /v1/projects/{id}/checks                ask people about accepted items    projects:write
//   GET  /v1/projects/{id}/export                every item, NDJSON by item         projects:read
//   GET  /v1/projects/{id}/items/{item}          how one item stands                projects:read
//   GET  /v1/projects/{id}/items/{item}/proof    the lines about it, proved         projects:read
//   GET  /v1/projects/{id}/item?name=            the same two for every name, as    projects:read
//   GET  /v1/projects/{id}/item/proof?name=      a path holds none with a slash     projects:read
//   POST /v1/projects/{id}/releases              a new version of the dataset, by   datasets:write
//                                                its provider
void add_project_routes(Router& router, Services& services);

}  // namespace tally::api
