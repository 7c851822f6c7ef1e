#include "ledger/merkle_tree.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <string>
#include <utility>

#include "core/assert.h"
#include "core/hash.h"
#include "core/result.h"

namespace tally::ledger {
namespace {

bool bit(std::uint64_t value, unsigned i) { return ((value >> i) & 1) != 0; }

unsigned width_of(std::uint64_t value) { return static_cast<unsigned>(std::bit_width(value)); }

// The place of a path's next hash in RFC 9162's verification: `node` and the tree's last node, both
// at the level reached so far.
struct Climb {
  std::uint64_t node;
  std::uint64_t last;

  bool at_root() const { return last == 0; }
  bool sibling_is_left() const { return bit(node, 0) || node == last; }
  void skip_missing_siblings() {
    while (!bit(node, 0) && node != 0) up();
  }
  void up() {
    node >>= 1;
    last >>= 1;
  }
};

// The largest power of two below `count`, where RFC 6962 splits a tree.
std::uint64_t split_of(std::uint64_t count) { return std::bit_floor(count - 1); }

Hash fold_edge(const std::vector<Hash>& hashes) {
  if (hashes.empty()) return empty_root();
  Hash root = hashes.back();
  for (std::size_t i = hashes.size() - 1; i > 0; --i) root = hash_node(hashes[i - 1], root);
  return root;
}

// The perfect subtrees that make up [start, end), largest first. `start` is aligned to the first.
std::vector<Hash> cover(const SubtreeReader& reader, std::uint64_t start, std::uint64_t end) {
  std::vector<Hash> hashes;
  while (start < end) {
    unsigned level = width_of(end - start) - 1;
    hashes.push_back(reader.subtree(level, start >> level));
    start += std::uint64_t{1} << level;
  }
  return hashes;
}

Hash range_root(const SubtreeReader& reader, std::uint64_t start, std::uint64_t end) {
  return fold_edge(cover(reader, start, end));
}

}  // namespace

Hash hash_leaf(std::string_view entry) {
  constexpr std::string_view prefix("\0", 1);
  return core::sha256(prefix, entry);
}

Hash hash_node(const Hash& left, const Hash& right) {
  // One buffer: handing three parts to the digest costs more than copying 64 bytes.
  std::array<char, 65> bytes;
  bytes[0] = 1;
  std::memcpy(&bytes[1], left.bytes.data(), 32);
  std::memcpy(&bytes[33], right.bytes.data(), 32);
  return core::sha256({bytes.data(), bytes.size()});
}

const Hash& empty_root() {
  static const Hash root = core::sha256("");
  return root;
}

std::optional<Hash> root_of(const InclusionProof& proof, const Hash& leaf) {
  if (proof.index >= proof.size) return std::nullopt;
  Climb at{proof.index, proof.size - 1};
  Hash hash = leaf;
  for (const Hash& sibling : proof.path) {
    if (at.at_root()) return std::nullopt;
    if (at.sibling_is_left()) {
      hash = hash_node(sibling, hash);
      at.skip_missing_siblings();
    } else {
      hash = hash_node(hash, sibling);
    }
    at.up();
  }
  if (!at.at_root()) return std::nullopt;
  return hash;
}

bool verifies(const InclusionProof& proof, const Hash& leaf, const Hash& root) {
  return root_of(proof, leaf) == root;
}

bool verifies(const ConsistencyProof& proof, const Hash& old_root, const Hash& new_root) {
  if (proof.old_size > proof.new_size) return false;
  if (proof.new_size == 0 && new_root != empty_root()) return false;
  if (proof.old_size == 0) return proof.path.empty() && old_root == empty_root();
  if (proof.old_size == proof.new_size) return proof.path.empty() && old_root == new_root;
  if (proof.path.empty()) return false;

  Climb at{proof.old_size - 1, proof.new_size - 1};
  while (bit(at.node, 0)) at.up();
  // The proof begins with the old tree's last full subtree, unless that is the old tree itself.
  bool starts_at_old_root = std::has_single_bit(proof.old_size);
  Hash old_hash = starts_at_old_root ? old_root : proof.path.front();
  Hash new_hash = old_hash;
  for (std::size_t i = starts_at_old_root ? 0 : 1; i < proof.path.size(); ++i) {
    const Hash& sibling = proof.path[i];
    if (at.at_root()) return false;
    if (at.sibling_is_left()) {
      old_hash = hash_node(sibling, old_hash);
      new_hash = hash_node(sibling, new_hash);
      at.skip_missing_siblings();
    } else {
      new_hash = hash_node(new_hash, sibling);
    }
    at.up();
  }
  return at.at_root() && old_hash == old_root && new_hash == new_root;
}

Edge::Edge(std::uint64_t size, std::vector<Hash> hashes) : size_(size), hashes_(std::move(hashes)) {
  auto expected = static_cast<std::size_t>(std::popcount(size));
  if (hashes_.size() != expected) {
    throw core::Broken("the edge of a tree of size " + std::to_string(size) + " has " +
                       std::to_string(hashes_.size()) + " hashes, not " + std::to_string(expected));
  }
}

void Edge::append(const Hash& leaf) {
  Hash node = leaf;
  for (unsigned level = 0; bit(size_, level); ++level) {
    node = hash_node(hashes_.back(), node);
    hashes_.pop_back();
  }
  hashes_.push_back(node);
  ++size_;
}

Hash Edge::root() const { return fold_edge(hashes_); }

InclusionProof prove_inclusion(const SubtreeReader& reader,
                               std::uint64_t index,
                               std::uint64_t size) {
  TALLY_ASSERT(index < size);
  InclusionProof proof{index, size, {}};
  std::uint64_t start = 0;
  std::uint64_t end = size;
  while (end - start > 1) {
    std::uint64_t middle = start + split_of(end - start);
    if (index < middle) {
      proof.path.push_back(range_root(reader, middle, end));
      end = middle;
    } else {
      proof.path.push_back(range_root(reader, start, middle));
      start = middle;
    }
  }
  std::reverse(proof.path.begin(), proof.path.end());
  return proof;
}

ConsistencyProof prove_consistency(const SubtreeReader& reader,
                                   std::uint64_t old_size,
                                   std::uint64_t new_size) {
  TALLY_ASSERT(old_size <= new_size);
  ConsistencyProof proof{old_size, new_size, {}};
  if (old_size == 0) return proof;
  std::uint64_t start = 0;
  std::uint64_t end = new_size;
  while (end != old_size) {
    std::uint64_t middle = start + split_of(end - start);
    if (old_size <= middle) {
      proof.path.push_back(range_root(reader, middle, end));
      end = middle;
    } else {
      proof.path.push_back(range_root(reader, start, middle));
      start = middle;
    }
  }
  // From 0 on it would be the old root, which the verifier has.
  if (start != 0) proof.path.push_back(range_root(reader, start, end));
  std::reverse(proof.path.begin(), proof.path.end());
  return proof;
}

Edge edge_of(const SubtreeReader& reader, std::uint64_t size) {
  return Edge(size, cover(reader, 0, size));
}

Hash root_of(const SubtreeReader& reader, std::uint64_t size) {
  return edge_of(reader, size).root();
}

RecentTree::RecentTree(std::uint64_t window) : RecentTree(Edge(), window) {}

RecentTree::RecentTree(const Edge& edge, std::uint64_t window) : window_(window) {
  TALLY_ASSERT(window > 0 && window <= (std::uint64_t{1} << 32));
  restart(edge);
}

RecentTree RecentTree::resume(const SubtreeReader& reader,
                              std::uint64_t size,
                              std::uint64_t window) {
  return RecentTree(edge_of(reader, size), window);
}

Hash& RecentTree::slot(unsigned level, std::uint64_t index) {
  while (rings_.size() <= level) {
    // Room for the last `window` leaves' nodes and their left siblings, also after up to window - 1
    // more leaves came and were dropped.
    std::uint64_t nodes = ((2 * window_ - 2) >> rings_.size()) + 2;
    rings_.emplace_back(std::bit_ceil(nodes));
  }
  Ring& ring = rings_[level];
  return ring[index & (ring.size() - 1)];
}

const Hash& RecentTree::node(unsigned level, std::uint64_t index) const {
  const Ring& ring = rings_[level];
  return ring[index & (ring.size() - 1)];
}

void RecentTree::restart(const Edge& edge) {
  size_ = size_max_ = restarted_at_ = edge.size();
  is_sealed_ = false;
  auto hash = edge.hashes().rbegin();
  for (unsigned level = 0; level < width_of(size_); ++level) {
    if (bit(size_, level)) slot(level, (size_ >> level) - 1) = *hash++;
  }
}

void RecentTree::append(const Hash& leaf) {
  Hash hash = leaf;
  std::uint64_t index = size_;
  unsigned level = 0;
  slot(level, index) = hash;
  for (; bit(index, 0); index >>= 1) {
    hash = hash_node(node(level, index - 1), hash);
    slot(++level, index >> 1) = hash;
  }
  ++size_;
  size_max_ = std::max(size_max_, size_);
  is_sealed_ = false;
}

void RecentTree::seal() {
  if (is_sealed_) return;
  Hash hash;
  bool is_ragged = false;
  for (unsigned level = 0; level < width_of(size_); ++level) {
    ragged_[level] = hash;
    if (!bit(size_, level)) continue;
    const Hash& left = node(level, (size_ >> level) - 1);
    hash = is_ragged ? hash_node(left, hash) : left;
    is_ragged = true;
  }
  root_ = is_ragged ? hash : empty_root();
  is_sealed_ = true;
}

Hash RecentTree::root() const { return is_sealed_ ? root_ : edge().root(); }

Edge RecentTree::edge() const {
  std::vector<Hash> hashes;
  hashes.reserve(static_cast<std::size_t>(std::popcount(size_)));
  for (unsigned level = width_of(size_); level-- > 0;) {
    if (bit(size_, level)) hashes.push_back(node(level, (size_ >> level) - 1));
  }
  return Edge(size_, std::move(hashes));
}

bool RecentTree::holds(std::uint64_t index) const {
  return index < size_ && index >= restarted_at_ && size_ - index <= window_;
}

InclusionProof RecentTree::prove_inclusion(std::uint64_t index) const {
  TALLY_ASSERT(is_sealed_ && holds(index));
  InclusionProof proof{index, size_, {}};
  unsigned height = width_of(size_ - 1);
  proof.path.reserve(height);
  for (unsigned level = 0; level < height; ++level) {
    std::uint64_t sibling = (index >> level) ^ 1;
    std::uint64_t full = size_ >> level;
    if (sibling < full) {
      proof.path.push_back(node(level, sibling));
    } else if (sibling == full && size_ != full << level) {
      proof.path.push_back(ragged_[level]);
    }
  }
  return proof;
}

std::optional<Hash> RecentTree::find_node(unsigned level, std::uint64_t index) const {
  if (level >= rings_.size() || index >= size_ >> level) return std::nullopt;
  if ((size_max_ >> level) - index > rings_[level].size()) return std::nullopt;
  bool came_later = (index + 1) << level > restarted_at_;
  bool was_on_edge = bit(restarted_at_, level) && index + 1 == restarted_at_ >> level;
  if (!came_later && !was_on_edge) return std::nullopt;
  return node(level, index);
}

void RecentTree::rewind(const Mark& mark) {
  const Edge& edge = mark.edge_;
  TALLY_ASSERT(edge.size() <= size_);
  if (size_max_ - edge.size() >= window_ || edge.size() < restarted_at_) {
    restart(edge);
  } else {
    size_ = edge.size();
    is_sealed_ = false;
  }
}

}  // namespace tally::ledger
