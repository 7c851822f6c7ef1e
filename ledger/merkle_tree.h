// The Merkle tree of RFC 6962 section 2.1 (RFC 9162): roots, inclusion and consistency proofs.
//
// Only arithmetic lives here: no clock, disk or key, so the same code serves the ledger, the auditor
// and whoever checks a receipt offline. Sizes count leaves; indexes start at 0. A perfect subtree is
// named by (level, index): the 2^level leaves that start at index * 2^level.
//
// Proofs and heads are plain values; Edge and RecentTree are for one thread at a time. Proofs that
// come from strangers are judged true or false; a tree that does not fit its size is core::Broken.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "core/bytes.h"

namespace tally::ledger {

using core::Hash;

// SHA-256(0x00 || entry) and SHA-256(0x01 || left || right). The prefixes keep a node from passing
// for a leaf; without them an entry that was never written could be proved.
Hash hash_leaf(std::string_view entry);
Hash hash_node(const Hash& left, const Hash& right);
// The root of the tree without leaves: SHA-256 of nothing.
const Hash& empty_root();

struct TreeHead {
  std::uint64_t size = 0;
  Hash root;

  bool operator==(const TreeHead&) const = default;
};

// The leaf at `index` is in the tree of `size` leaves. The path begins with the leaf's sibling.
struct InclusionProof {
  std::uint64_t index = 0;
  std::uint64_t size = 0;
  std::vector<Hash> path;

  bool operator==(const InclusionProof&) const = default;
};

// The tree of `old_size` leaves is a prefix of the tree of `new_size`: history was only added to.
struct ConsistencyProof {
  std::uint64_t old_size = 0;
  std::uint64_t new_size = 0;
  std::vector<Hash> path;

  bool operator==(const ConsistencyProof&) const = default;
};

// RFC 9162 sections 2.1.3.2 and 2.1.4.2. A malformed proof is false. Everything is consistent with
// the empty tree, by an empty proof, as long as the old root is the empty root.
bool verifies(const InclusionProof& proof, const Hash& leaf, const Hash& root);
bool verifies(const ConsistencyProof& proof, const Hash& old_root, const Hash& new_root);

// The right edge of a growing tree: one hash for each set bit of size(), largest subtree first.
// n appends take n node hashes in all, a root at most log2(n). Copying copies at most 64 hashes.
class Edge {
 public:
  Edge() = default;
  // Resumes. Throws core::Broken unless there is one hash for each set bit of `size`.
  Edge(std::uint64_t size, std::vector<Hash> hashes);

  void append(const Hash& leaf);
  std::uint64_t size() const { return size_; }
  Hash root() const;
  TreeHead head() const { return {size_, root()}; }
  const std::vector<Hash>& hashes() const { return hashes_; }

  bool operator==(const Edge&) const = default;

 private:
  std::uint64_t size_ = 0;
  std::vector<Hash> hashes_;
};

// The root that the path leads to from `leaf`; nothing if it fits no tree of that size.
std::optional<Hash> root_of(const InclusionProof& proof, const Hash& leaf);

// Where proofs find the hashes of perfect subtrees.
class SubtreeReader {
 public:
  virtual ~SubtreeReader() = default;
  virtual Hash subtree(unsigned level, std::uint64_t index) const = 0;
};

// Preconditions: index < size, old_size <= new_size, and the reader knows the tree of that size.
InclusionProof prove_inclusion(const SubtreeReader& reader,
                               std::uint64_t index,
                               std::uint64_t size);
ConsistencyProof prove_consistency(const SubtreeReader& reader,
                                   std::uint64_t old_size,
                                   std::uint64_t new_size);
Edge edge_of(const SubtreeReader& reader, std::uint64_t size);
Hash root_of(const SubtreeReader& reader, std::uint64_t size);

// The newest part of a growing tree, for proofs on the hot path. Each node is hashed once, when its
// last leaf arrives, and kept while it can serve a proof of one of the last `window` leaves.
//
//   RecentTree tree = RecentTree::resume(stored_tiles, stored_size);
//   auto mark = tree.mark();
//   tree.append(leaf);  ...  tree.rewind(mark);   // when the leaves must not be
//   tree.seal();                                  // after a batch, before its proofs
//   tree.prove_inclusion(index);                  // copies about log2(size) hashes, hashes nothing
//
// A window of 4096 takes less than 1 MiB. Leaves from before resume() or before a long rewind (see
// there) are not provable here; holds() tells.
class RecentTree {
 public:
  static constexpr std::uint64_t window_default = 4096;

  explicit RecentTree(std::uint64_t window = window_default);
  explicit RecentTree(const Edge& edge, std::uint64_t window = window_default);
  static RecentTree resume(const SubtreeReader& reader,
                           std::uint64_t size,
                           std::uint64_t window = window_default);

  void append(const Hash& leaf);

  // Hashes the nodes of the right edge that are not full yet, at most log2(size). append() and
  // rewind() unseal; sealing twice costs nothing.
  void seal();

  std::uint64_t size() const { return size_; }
  Hash root() const;  // sealed or not
  TreeHead head() const { return {size_, root()}; }
  Edge edge() const;

  // True if prove_inclusion can prove the leaf: one of the last `window`, appended here.
  bool holds(std::uint64_t index) const;
  // In the tree of size(). Preconditions: sealed, and holds(index).
  InclusionProof prove_inclusion(std::uint64_t index) const;
  // A full node, if it is still here; those that the last `window` leaves completed are.
  std::optional<Hash> find_node(unsigned level, std::uint64_t index) const;

  // A place to return to. A mark is good until a rewind to an older one.
  class Mark {
    friend class RecentTree;
    explicit Mark(Edge edge) : edge_(std::move(edge)) {}
    Edge edge_;
  };
  Mark mark() const { return Mark(edge()); }
  // Drops the leaves appended since the mark. If these were `window` or more, the leaves before the
  // mark are no longer provable here.
  void rewind(const Mark& mark);

 private:
  using Ring = std::vector<Hash>;  // a power of two long; the node `index` at index % length

  Hash& slot(unsigned level, std::uint64_t index);
  const Hash& node(unsigned level, std::uint64_t index) const;
  void restart(const Edge& edge);

  std::uint64_t window_;
  std::uint64_t size_ = 0;
  std::uint64_t size_max_ = 0;  // the largest since restart(): what the rings were written up to
  std::uint64_t restarted_at_ = 0;  // of what came before, the rings hold the edge only
  std::vector<Ring> rings_;         // by level
  bool is_sealed_ = false;
  Hash root_;                      // if sealed, and
  std::array<Hash, 64> ragged_{};  // by level, the last node, if it is not full
};

}  // namespace tally::ledger
