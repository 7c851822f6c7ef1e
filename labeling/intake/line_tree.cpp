#include "labeling/intake/line_tree.h"

#include "core/assert.h"

namespace tally::labeling {
namespace {

ledger::RecentTree tree_of(std::span<const core::Hash> leaves) {
  TALLY_ASSERT(leaves.size() <= chunk_lines_max);
  ledger::RecentTree tree(1'024);
  for (const core::Hash& leaf : leaves) tree.append(leaf);
  tree.seal();
  return tree;
}

}  // namespace

core::Hash root_of_lines(std::span<const core::Hash> leaves) {
  ledger::Edge edge;
  for (const core::Hash& leaf : leaves) edge.append(leaf);
  return edge.root();
}

ledger::InclusionProof prove_line(std::span<const core::Hash> leaves, std::uint64_t index) {
  return tree_of(leaves).prove_inclusion(index);
}

}  // namespace tally::labeling
