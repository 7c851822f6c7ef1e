// Routes under /ledger: the ledger as C2SP tlog-tiles, for witnesses, auditors and caches.
#pragma once

#include "api/router.h"
#include "ledger/journal.h"

namespace tally::api {

//   GET /ledger/checkpoint                the newest signed checkpoint   open, never cached unasked
//   GET /ledger/tile/<L>/<N>[.p/<W>]      hashes                         open
//   GET /ledger/tile/entries/<N>[.p/<W>]  entries                        ledger:read
//
// Only what the newest signed checkpoint implies is there; any other path that is well-formed is 404
// "tile.not_there", one that is not 400 "tile.malformed_path". Full tiles never change and may be
// cached for ever. All carry an ETag; HEAD is answered too.
void add_ledger_routes(Router& router, ledger::Journal& journal);

}  // namespace tally::api
