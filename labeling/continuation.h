// What is private about labeling, after a ledger was continued (space/continuation/continuation.h).
#pragma once

#include "core/sql/session.h"

namespace tally::labeling {

// Moves what hung on the places of the old log's entries. Of what the entries say and the database lost:
// a project that is not known gets no title and no classes, and a task for which an answer was given whose
// value is lost is left in doubt, so that nobody is asked for it twice.
void settle_continued(core::sql::Tx& tx);

}  // namespace tally::labeling
