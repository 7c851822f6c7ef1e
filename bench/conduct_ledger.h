// A database whose conduct can be audited: a space with parties, a dataset and contracts, and uses of
// them, as a server would have written it, but made in bulk.
#pragma once

#include <cstdint>
#include <string>

#include "ledger/note.h"

namespace tally::bench {

// About `entries` entries, all but some dozens of them uses of 64 contracts in turn.
void make_conduct_ledger(const std::string& path,
                         const ledger::NoteSigner& log,
                         std::uint64_t entries);

}  // namespace tally::bench
