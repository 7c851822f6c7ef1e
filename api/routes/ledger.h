// Routes under /ledger: the ledger as C2SP tlog-tiles, for witnesses, auditors and caches.
#pragma once

#include "api/router.h"
#include "core/sql/readers.h"
#include "ledger/publication.h"

namespace tally::api {

//   GET /ledger/checkpoint                the published checkpoint   open, never cached unasked
//   GET /ledger/tile/<L>/<N>[.p/<W>]      hashes                     open
//   GET /ledger/tile/entries/<N>[.p/<W>]  entries                    ledger:read
//
// Only what the published checkpoint implies is there: a full tile, and each width of it that it had
// while it grew; any other path that is well-formed is 404 "tile.not_there", one that is not 400
// "tile.malformed_path". A tile of a width never changes and may be cached for ever. All carry an
// ETag; HEAD is answered too.
void add_ledger_routes(Router& router,
                       core::sql::Readers& readers,
                       const ledger::Publication& publication);

}  // namespace tally::api
