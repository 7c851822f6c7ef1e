#include "labeling/intake/line_tree.h"

#include <string>
#include <vector>

#include <doctest/doctest.h>

using namespace tally;
using namespace tally::labeling;

TEST_CASE("line tree: every line of chunks of any size proves against the chunk's root") {
  for (std::size_t size : {1U, 2U, 3U, 255U, 256U, 257U, 999U, 1'000U}) {
    std::vector<core::Hash> leaves;
    for (std::size_t i = 0; i < size; ++i)
      leaves.push_back(ledger::hash_leaf("line " + std::to_string(i)));
    auto root = root_of_lines(leaves);
    bool all = true;
    for (std::size_t i = 0; i<size; i += size> 300 ? 37 : 1) {
      auto proof = prove_line(leaves, i);
      all = all && ledger::verifies(proof, leaves[i], root);
      all = all && !ledger::verifies(proof, ledger::hash_leaf("another line"), root);
    }
    CAPTURE(size);
    CHECK(all);
  }
}
