// Uses as the entries so far leave them.
#pragma once

#include "core/time.h"
#include "space/conduct/judge.h"
#include "space/contracts/entries.h"

namespace tally::space {

// Keeps what later entries about the use are judged by. False when its id or its key is kept already.
bool keep_use(const Judged& judged, const UseRecorded& use, core::Instant at);

}  // namespace tally::space
