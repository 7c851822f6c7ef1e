// What the ledger's tables hold, read back: entries, tiles, checkpoint. Any session.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/sql/session.h"

namespace tally::ledger {

std::optional<std::string> read_entry(core::sql::Session& session, std::uint64_t seq);

// The bundle as stored: entries behind their lengths. The last one may hold fewer than 256.
std::optional<std::string> read_bundle(core::sql::Session& session, std::uint64_t bundle);

// The entries after the last complete bundle of a ledger of `size` entries. Throws Broken when they
// are not size % 256.
std::string read_tail(core::sql::Session& session, std::uint64_t size);

// The tile as stored, as wide as it is now.
std::optional<std::string> read_tile(core::sql::Session& session,
                                     unsigned level,
                                     std::uint64_t tile);

}  // namespace tally::ledger
