// How the command line tells of cosignatures.
#pragma once

#include <iosfwd>
#include <vector>

#include "core/json.h"
#include "ledger/note.h"

namespace tally::api {

// A line for each.
void print_cosigned(const std::vector<ledger::VerifiedSignature>& cosignatures, std::ostream& out);

// [{"name":"..","time":".."}]
core::Json cosigned_json(const std::vector<ledger::VerifiedSignature>& cosignatures);

}  // namespace tally::api
