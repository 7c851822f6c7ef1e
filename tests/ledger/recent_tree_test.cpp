#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include "ledger/merkle_tree.h"
#include "ledger/reference_tree.h"

using namespace tally::ledger;
using namespace tally::ledger::test;

namespace {

Hash leaf_of(std::uint64_t i, std::uint64_t branch = 0) {
  return hash_leaf(std::to_string(branch) + "/" + std::to_string(i));
}

// A RecentTree that sits beside its leaves, all of them, and compares itself with their tree.
struct Watched {
  RecentTree recent;
  ReferenceTree tree;

  void append(const Hash& leaf) {
    recent.append(leaf);
    tree.append(leaf);
  }
  void rewind(const RecentTree::Mark& mark) {
    recent.rewind(mark);
    tree.shrink_to(recent.size());
  }
  // How many leaves it could prove.
  std::uint64_t compare() {
    REQUIRE(recent.size() == tree.size());
    REQUIRE(recent.root() == tree.root(tree.size()));
    REQUIRE(recent.edge() == edge_of(tree, tree.size()));
    recent.seal();
    REQUIRE(recent.head() == TreeHead{tree.size(), tree.root(tree.size())});
    std::uint64_t proved = 0;
    for (std::uint64_t i = 0; i < tree.size(); ++i) {
      if (!recent.holds(i)) continue;
      ++proved;
      REQUIRE(recent.prove_inclusion(i).path == tree.path(i, tree.size()));
    }
    for (unsigned level = 0; level < 8; ++level) {
      for (std::uint64_t i = 0; i < (tree.size() >> level) + 2; ++i) {
        auto node = recent.find_node(level, i);
        if (node) REQUIRE(*node == tree.subtree(level, i));
      }
    }
    return proved;
  }
};

}  // namespace

TEST_CASE("recent tree: proves each of its last leaves at every size") {
  for (std::uint64_t window : {1U, 2U, 3U, 8U, 13U, 64U, 4096U}) {
    Watched tree{RecentTree(window), {}};
    CHECK(tree.compare() == 0);
    for (std::uint64_t n = 1; n <= 130; ++n) {
      tree.append(leaf_of(n));
      REQUIRE(tree.compare() == std::min(n, window));
    }
  }
}

TEST_CASE("recent tree: resumes at every size and proves what comes after") {
  for (std::uint64_t start = 0; start <= 70; ++start) {
    Watched old{RecentTree(), {}};
    for (std::uint64_t i = 0; i < start; ++i) old.append(leaf_of(i));
    Watched tree{RecentTree::resume(old.tree, start, 16), old.tree};
    CHECK(tree.compare() == 0);
    for (std::uint64_t i = 0; i < 40; ++i) {
      tree.append(leaf_of(start + i));
      REQUIRE(tree.compare() == std::min<std::uint64_t>(i + 1, 16));
    }
  }
}

TEST_CASE("recent tree: a rewind restores size, root and the proofs of what stays") {
  for (std::uint64_t size : {0U, 1U, 2U, 7U, 31U, 32U, 33U, 64U, 100U}) {
    for (std::uint64_t dropped : {0U, 1U, 2U, 5U, 15U, 16U, 17U, 40U, 100U}) {
      Watched tree{RecentTree(16), {}};
      for (std::uint64_t i = 0; i < size; ++i) tree.append(leaf_of(i));
      auto mark = tree.recent.mark();
      for (std::uint64_t i = 0; i < dropped; ++i) tree.append(leaf_of(i, 1));
      tree.rewind(mark);
      std::uint64_t proved = tree.compare();
      CHECK(proved == (dropped < 16 ? std::min<std::uint64_t>(size, 16) : 0));
      for (std::uint64_t i = 0; i < 40; ++i) {
        tree.append(leaf_of(i, 2));
        proved = tree.compare();
      }
      CHECK(proved == 16);
    }
  }
}

TEST_CASE("recent tree: any run of appends and nested rewinds equals the tree of what stayed") {
  CHECK(rc::check("appends, marks and rewinds", [] {
    Watched tree{RecentTree(*rc::gen::inRange<std::uint64_t>(1, 20)), {}};
    std::vector<RecentTree::Mark> marks;
    auto steps = *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 40));
    std::uint64_t branch = 0;
    for (int step : steps) {
      if (step < 5) {
        marks.push_back(tree.recent.mark());
      } else if (step < 10 && !marks.empty()) {
        tree.rewind(marks.back());
        if (step < 8) marks.pop_back();
        ++branch;
      } else {
        for (int i = 0; i < step - 10; ++i) tree.append(leaf_of(tree.recent.size(), branch));
      }
      tree.compare();
    }
  }));
}

TEST_CASE("recent tree: sealing again changes nothing, appending unseals") {
  RecentTree tree;
  tree.append(leaf_of(0));
  tree.append(leaf_of(1));
  tree.append(leaf_of(2));
  tree.seal();
  auto proof = tree.prove_inclusion(0);
  tree.seal();
  CHECK(tree.prove_inclusion(0) == proof);
  CHECK(verifies(proof, leaf_of(0), tree.root()));
  tree.append(leaf_of(3));
  tree.seal();
  CHECK(verifies(tree.prove_inclusion(0), leaf_of(0), tree.root()));
  CHECK(tree.prove_inclusion(0).size == 4);
  RecentTree copy = tree;
  copy.append(leaf_of(4));
  CHECK(tree.size() == 4);
}
