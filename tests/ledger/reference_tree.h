// RFC 6962 section 2.1 word for word, slow on purpose: the oracle for ledger/merkle_tree.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/hash.h"
#include "ledger/merkle_tree.h"

namespace tally::ledger::test {

class ReferenceTree : public SubtreeReader {
 public:
  void append(const Hash& leaf) { leaves_.push_back(leaf); }
  void shrink_to(std::uint64_t size) {
    leaves_.resize(size);
    nodes_.clear();
  }
  std::uint64_t size() const { return leaves_.size(); }
  const Hash& leaf(std::uint64_t index) const { return leaves_.at(index); }

  Hash root(std::uint64_t size) const { return mth(0, size); }
  std::vector<Hash> path(std::uint64_t index, std::uint64_t size) const {
    return path(index, 0, size);
  }
  std::vector<Hash> proof(std::uint64_t old_size, std::uint64_t size) const {
    return subproof(old_size, 0, size, true);
  }
  Hash subtree(unsigned level, std::uint64_t index) const override {
    return mth(index << level, (index + 1) << level);
  }

 private:
  static std::uint64_t split(std::uint64_t n) {
    std::uint64_t k = 1;
    while (k * 2 < n) k *= 2;
    return k;
  }
  Hash mth(std::uint64_t begin, std::uint64_t end) const {
    if (begin == end) return core::sha256("");
    if (end - begin == 1) return leaves_.at(begin);
    auto [known, is_new] = nodes_.try_emplace({begin, end});
    if (is_new) known->second = inner(begin, end);
    return known->second;
  }
  Hash inner(std::uint64_t begin, std::uint64_t end) const {
    std::uint64_t k = split(end - begin);
    Hash left = mth(begin, begin + k);
    Hash right = mth(begin + k, end);
    std::string bytes("\x01");
    bytes += left.view();
    bytes += right.view();
    return core::sha256(bytes);
  }
  std::vector<Hash> path(std::uint64_t m, std::uint64_t begin, std::uint64_t end) const {
    if (end - begin == 1) return {};
    std::uint64_t k = split(end - begin);
    bool is_left = m < k;
    auto hashes = is_left ? path(m, begin, begin + k) : path(m - k, begin + k, end);
    hashes.push_back(is_left ? mth(begin + k, end) : mth(begin, begin + k));
    return hashes;
  }
  std::vector<Hash> subproof(std::uint64_t m,
                             std::uint64_t begin,
                             std::uint64_t end,
                             bool is_known) const {
    if (m == end - begin) return is_known ? std::vector<Hash>{} : std::vector{mth(begin, end)};
    std::uint64_t k = split(end - begin);
    bool is_left = m <= k;
    auto hashes =
        is_left ? subproof(m, begin, begin + k, is_known) : subproof(m - k, begin + k, end, false);
    hashes.push_back(is_left ? mth(begin + k, end) : mth(begin, begin + k));
    return hashes;
  }

  std::vector<Hash> leaves_;
  mutable std::map<std::pair<std::uint64_t, std::uint64_t>, Hash> nodes_;
};

// The tree whose leaf i is the single byte i, as in the accumulated vectors.
inline ReferenceTree tree_of_bytes(unsigned size) {
  ReferenceTree tree;
  for (unsigned i = 0; i < size; ++i) tree.append(hash_leaf(std::string(1, static_cast<char>(i))));
  return tree;
}

inline Hash hash_from_hex(std::string_view hex) { return Hash::from_hex(hex).value(); }
inline Hash hash_from_base64(std::string_view text) {
  return Hash::from_bytes(core::from_base64(text).value()).value();
}

}  // namespace tally::ledger::test
