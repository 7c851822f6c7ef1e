// Receipts of entries, in either of their two formats, and who may ask for which.
#pragma once

#include <string_view>

#include "api/router.h"
#include "api/services.h"

namespace tally::api {

//   GET /v1/ledger/entries/{seq}/receipt   the receipt of any entry   a token
//
// An entry is shown to the actor that wrote it; to an actor of a party that it concerns, with the scope
// that reads such things (contracts:read for what happens under a contract, and so on); and to whoever
// has ledger:read. Any other is 404 "entry.not_found", as one that is not there.
void add_receipt_routes(Router& router, Services& services);

// What a route declares that answers with receipt_reply.
RouteOptions receipt_options(std::string_view scope);

// A `.tlog-proof` file; or, when asked by `?format=cose` or `Accept: application/cose`, a `.cose` file
// (ledger/cose.h). The query wins. Invalid "request.invalid_parameter" for another format.
// With `?cosigned=true` a `.tlog-proof` in the published tree, whose checkpoint bears its cosignatures:
// unavailable "receipt.not_cosigned_yet" until the entry is under one, conflict "receipt.no_witnesses"
// where the ledger has none.
core::Result<Reply> receipt_reply(const Request& request,
                                  Services& services,
                                  const ledger::Receipt& receipt,
                                  std::string_view file_name);

}  // namespace tally::api
