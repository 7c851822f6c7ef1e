// The tables of parties and datasets, from the ledger again.
//
// Read in order into empty tables, the entries give the projection tables back as they were; what is
// private or a document is not in the ledger and stays empty.
#pragma once

#include <string_view>

#include "core/json.h"
#include "core/result.h"
#include "core/sql/session.h"
#include "space/datasets/dataset_tables.h"

namespace tally::space {

// Folds an entry into the tables by the same apply() that its change used. False: a kind that does not
// touch them. Throws Broken when the body is not what its kind says, or does not fit the tables.
bool replay_entry(core::sql::Tx& tx,
                  std::string_view kind,
                  const core::Json& body,
                  const Recorded& where);

}  // namespace tally::space
