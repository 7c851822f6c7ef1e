// The Merkle tree (RFC 6962) over the lines of one chunk, so that each line can be proved alone: the
// ledger entry holds the root, the line and its path stay with whoever may see them.
#pragma once

#include <cstdint>
#include <span>

#include "core/bytes.h"
#include "ledger/merkle_tree.h"

namespace tally::labeling {

inline constexpr std::size_t chunk_lines_max = 1'000;

// From leaf hashes (ledger::hash_leaf of each line), at most chunk_lines_max.
core::Hash root_of_lines(std::span<const core::Hash> leaves);
// Precondition: index < leaves.size().
ledger::InclusionProof prove_line(std::span<const core::Hash> leaves, std::uint64_t index);

}  // namespace tally::labeling
