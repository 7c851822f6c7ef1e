// The entries of labeling, replayed and judged (ledger/conduct.h): projects under an active contract,
// chunks that add up, and every label under a lease.
#pragma once

#include <memory>

#include "ledger/conduct.h"
#include "space/replay.h"

namespace tally::labeling {

// `space` is what space::register_replayers gave for the same replayers.
void register_replayers(ledger::Replayers& replayers,
                        const std::shared_ptr<space::SpaceReplay>& space);

}  // namespace tally::labeling
