#include "ledger/merkle_tree.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "core/hash.h"
#include "core/result.h"
#include "ledger/reference_tree.h"

using namespace tally::ledger;
using namespace tally::ledger::test;
using tally::core::to_hex;

namespace {

// The tree of eight leaves of Certificate Transparency's own tests.
const std::vector<std::string> ct_entries = {"",
                                             "00",
                                             "10",
                                             "2021",
                                             "3031",
                                             "40414243",
                                             "5051525354555657",
                                             "606162636465666768696a6b6c6d6e6f"};

ReferenceTree ct_tree() {
  ReferenceTree tree;
  for (const auto& hex : ct_entries) tree.append(hash_leaf(tally::core::from_hex(hex).value()));
  return tree;
}

std::vector<std::string> hex_of(const std::vector<Hash>& hashes) {
  std::vector<std::string> texts;
  for (const Hash& hash : hashes) texts.push_back(to_hex(hash));
  return texts;
}

std::string proof_line(std::uint64_t a, std::uint64_t b, const std::vector<Hash>& path) {
  std::string line = std::to_string(a) + " " + std::to_string(b);
  for (const Hash& hash : path) line += " " + to_hex(hash);
  return line + "\n";
}

template <class Proof>
std::vector<std::vector<Hash>> bent_paths(const Proof& proof, const Hash& root) {
  std::vector<std::vector<Hash>> bent;
  const Hash garbage = hash_leaf("garbage");
  for (const Hash& extra : {garbage, root, Hash{}}) {
    bent.push_back(proof.path);
    bent.back().push_back(extra);
    bent.push_back(proof.path);
    bent.back().insert(bent.back().begin(), extra);
  }
  for (std::size_t i = 0; i < proof.path.size(); ++i) {
    bent.push_back(proof.path);
    bent.back().erase(bent.back().begin() + static_cast<std::ptrdiff_t>(i));
    bent.push_back(proof.path);
    bent.back()[i].bytes[i % 32] ^= 1;
  }
  bent.emplace_back(65, garbage);
  return bent;
}

}  // namespace

TEST_CASE("merkle tree: the basic hashes of RFC 6962") {
  CHECK(to_hex(hash_leaf("")) ==
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
  CHECK(to_hex(hash_leaf("L123456")) ==
        "395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56");
  CHECK(hash_leaf("hello world") ==
        hash_from_base64("TszzRgjTG6xce+z2AG31kAXYKBgQVtCSCE40HmuwBb0="));
  CHECK(to_hex(empty_root()) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  Hash left = hash_leaf("left");
  Hash right = hash_leaf("right");
  std::string bytes = "\x01" + std::string(left.view()) + std::string(right.view());
  CHECK(hash_node(left, right) == tally::core::sha256(bytes));
  CHECK(hash_node(left, right) != hash_node(right, left));
  // The published node hash is of parts that are no hashes: SHA-256(0x01 || "N123" || "N456").
  CHECK(to_hex(tally::core::sha256("\x01N123", "N456")) ==
        "aa217fe888e47007fa15edab33c2b492a722cb106c64667fc2b044444de66bbb");
}

TEST_CASE("merkle tree: leaves and roots of the eight-leaf tree") {
  const std::vector<std::string> leaves = {
      "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
      "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
      "0298d122906dcfc10892cb53a73992fc5b9f493ea4c9badb27b791b4127a7fe7",
      "07506a85fd9dd2f120eb694f86011e5bb4662e5c415a62917033d4a9624487e7",
      "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
      "4271a26be0d8a84f0bd54c8c302e7cb3a3b5d1fa6780a40bcce2873477dab658",
      "b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f",
      "46f6ffadd3d06a09ff3c5860d2755c8b9819db7df44251788c7d8e3180de8eb1"};
  const std::vector<std::string> roots = {
      "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
      "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
      "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
      "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
      "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
      "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
      "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
      "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};
  auto tree = ct_tree();
  Edge edge;
  for (std::uint64_t i = 0; i < 8; ++i) {
    CHECK(to_hex(tree.leaf(i)) == leaves[i]);
    edge.append(tree.leaf(i));
    CHECK(to_hex(edge.root()) == roots[i]);
    CHECK(to_hex(root_of(tree, i + 1)) == roots[i]);
  }
}

TEST_CASE("merkle tree: proofs of the eight-leaf tree") {
  const std::string a = "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7";
  const std::string b = "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e";
  const std::string c = "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4";
  const std::string d = "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b";
  const std::string e = "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0";
  const std::string f = "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7";
  const std::string g = "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125";
  const std::string h = "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d";
  const std::string i = "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a";
  const std::string j = "b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f";
  using Hex = std::vector<std::string>;
  auto tree = ct_tree();
  CHECK(hex_of(prove_inclusion(tree, 0, 8).path) == Hex{a, b, c});
  CHECK(hex_of(prove_inclusion(tree, 5, 8).path) == Hex{d, e, f});
  CHECK(hex_of(prove_inclusion(tree, 2, 3).path) == Hex{g});
  CHECK(hex_of(prove_inclusion(tree, 1, 5).path) == Hex{h, b, d});
  CHECK(hex_of(prove_consistency(tree, 1, 8).path) == Hex{a, b, c});
  CHECK(hex_of(prove_consistency(tree, 6, 8).path) == Hex{i, e, f});
  CHECK(hex_of(prove_consistency(tree, 2, 5).path) == Hex{b, d});
  CHECK(hex_of(prove_consistency(tree, 6, 7).path) == Hex{i, j, f});
}

TEST_CASE("merkle tree: all roots and proofs up to 130 leaves, by their accumulated hashes") {
  auto tree = tree_of_bytes(130);
  std::string roots;
  std::string inclusions;
  std::string consistencies;
  for (std::uint64_t n = 0; n <= 130; ++n) {
    roots += std::to_string(n) + " " + to_hex(root_of(tree, n)) + "\n";
    for (std::uint64_t i = 0; i < n; ++i)
      inclusions += proof_line(i, n, prove_inclusion(tree, i, n).path);
    for (std::uint64_t m = 1; m <= n; ++m)
      consistencies += proof_line(m, n, prove_consistency(tree, m, n).path);
  }
  CHECK(to_hex(tally::core::sha256(roots)) ==
        "9c67f07f906103b6bf201842a50ff0b8c91fca9b3e211334a6b7aa3133165dec");
  CHECK(to_hex(tally::core::sha256(inclusions)) ==
        "893ce6eea61adc33c22c0e3a952498b76dfa3c282e78ac659f6fcc0ea44f9983");
  CHECK(to_hex(tally::core::sha256(consistencies)) ==
        "2498232e1aebe8d1aa8d339d897fc471f4495fe0b8a55ac08f7dae3d88bc4c2a");
}

TEST_CASE("merkle tree: every proof up to 130 leaves equals the definition's, and verifies") {
  auto tree = tree_of_bytes(130);
  Edge edge;
  std::vector<Hash> roots = {tree.root(0)};
  for (std::uint64_t n = 1; n <= 130; ++n) {
    edge.append(tree.leaf(n - 1));
    roots.push_back(tree.root(n));
    REQUIRE(edge.root() == roots[n]);
    REQUIRE(edge == edge_of(tree, n));
    for (std::uint64_t i = 0; i < n; ++i) {
      auto proof = prove_inclusion(tree, i, n);
      REQUIRE(proof.path == tree.path(i, n));
      REQUIRE(verifies(proof, tree.leaf(i), roots[n]));
    }
    for (std::uint64_t m = 1; m <= n; ++m) {
      auto proof = prove_consistency(tree, m, n);
      REQUIRE(proof.path == tree.proof(m, n));
      REQUIRE(verifies(proof, roots[m], roots[n]));
    }
    REQUIRE(verifies(prove_consistency(tree, 0, n), roots[0], roots[n]));
  }
}

TEST_CASE("merkle tree: roots of large trees") {
  const std::map<std::uint64_t, std::string> roots = {
      {1, "db3426e878068d28d269b6c87172322ce5372b65756d0789001d34835f601c03"},
      {2, "cb00989d94a569c0a678ae042b63dcd4625db96440517f37a6eb7976ea24ed4b"},
      {255, "32f85bcaa87d7bcd05728f09e9aeba350ba6a2f733830087f0597682848be5cb"},
      {256, "828515d033c19d8c901f37eccb8aed919667703486f8d2fff1cf7040321c5db1"},
      {257, "1eda049a4351d86f76252bd7ec0b7746ad75b7fa0316ad5f541dbda458a312c4"},
      {1000, "638afa98022925bacfddadb15ef22fd0199c1ac99c2973b6158243d13fce05c2"},
      {65535, "74f13a0e1a75689372efb990cf68c664e44c763d9304844955b2eaff624e8df1"},
      {65536, "f025d06ed804859fd274a1bdacadd6e48ea87634aa91e1edb20143f9498cd02b"},
      {65537, "dc8795a25fd4bd52a0b84f639fd3139ba160824023d188e428eb5db0f3ce221a"},
      {70000, "1a4cdfcb66374a0c0dcbef49acbd4976d13ee864fb3cb241fc943cad04f02f7e"}};
  Edge edge;
  RecentTree recent;
  for (std::uint64_t i = 0; i < 70000; ++i) {
    Hash leaf = hash_leaf(std::to_string(i));
    edge.append(leaf);
    recent.append(leaf);
    auto known = roots.find(i + 1);
    if (known == roots.end()) continue;
    CHECK(to_hex(edge.root()) == known->second);
    recent.seal();
    CHECK(to_hex(recent.root()) == known->second);
  }
}

TEST_CASE("merkle tree: a bent inclusion proof is false") {
  auto tree = tree_of_bytes(130);
  for (std::uint64_t n : {1U, 2U, 3U, 5U, 7U, 8U, 64U, 65U, 100U, 129U}) {
    Hash root = tree.root(n);
    for (std::uint64_t i = 0; i < n; ++i) {
      const auto good = prove_inclusion(tree, i, n);
      const Hash& leaf = tree.leaf(i);
      for (std::uint64_t index : {i ^ 2, i + 1, i - 1, i + n, ~std::uint64_t{0}})
        CHECK_FALSE(verifies(InclusionProof{index, n, good.path}, leaf, root));
      for (std::uint64_t size : {n / 2, n * 2})
        CHECK_FALSE(verifies(InclusionProof{i, size, good.path}, leaf, root));
      CHECK_FALSE(verifies(good, hash_leaf("wrong"), root));
      CHECK_FALSE(verifies(good, leaf, Hash{}));
      CHECK_FALSE(verifies(good, leaf, empty_root()));
      for (const auto& path : bent_paths(good, root))
        CHECK_FALSE(verifies(InclusionProof{i, n, path}, leaf, root));
    }
  }
  CHECK_FALSE(verifies(InclusionProof{0, 0, {}}, Hash{}, empty_root()));
}

TEST_CASE("merkle tree: a bent consistency proof is false") {
  auto tree = tree_of_bytes(130);
  for (std::uint64_t n : {2U, 3U, 5U, 7U, 8U, 64U, 65U, 100U}) {
    Hash new_root = tree.root(n);
    for (std::uint64_t m = 1; m <= n; ++m) {
      const auto good = prove_consistency(tree, m, n);
      Hash old_root = tree.root(m);
      REQUIRE(verifies(good, old_root, new_root));
      CHECK_FALSE(verifies(good, hash_leaf("wrong"), new_root));
      CHECK_FALSE(verifies(good, old_root, hash_leaf("wrong")));
      CHECK_FALSE(verifies(good, empty_root(), new_root));
      CHECK_FALSE(verifies(good, old_root, empty_root()));
      if (m < n) {
        CHECK_FALSE(verifies(good, new_root, old_root));
        CHECK_FALSE(verifies(ConsistencyProof{m, n, {}}, old_root, new_root));
        CHECK_FALSE(verifies(ConsistencyProof{n, m, good.path}, new_root, old_root));
      }
      for (const auto& path : bent_paths(good, new_root))
        CHECK_FALSE(verifies(ConsistencyProof{m, n, path}, old_root, new_root));
    }
  }
}

TEST_CASE("merkle tree: consistency at sizes that are equal, zero or the wrong way round") {
  Hash one = hash_leaf("1");
  Hash two = hash_leaf("2");
  const Hash& none = empty_root();
  CHECK(verifies(ConsistencyProof{0, 0, {}}, none, none));
  CHECK(verifies(ConsistencyProof{1, 1, {}}, one, one));
  CHECK(verifies(ConsistencyProof{0, 1, {}}, none, one));
  CHECK_FALSE(verifies(ConsistencyProof{0, 1, {one}}, none, one));
  CHECK_FALSE(verifies(ConsistencyProof{0, 1, {}}, one, one));
  CHECK_FALSE(verifies(ConsistencyProof{0, 0, {}}, one, two));
  CHECK_FALSE(verifies(ConsistencyProof{0, 0, {}}, one, one));
  CHECK_FALSE(verifies(ConsistencyProof{0, 0, {one}}, none, none));
  CHECK_FALSE(verifies(ConsistencyProof{1, 1, {one}}, one, one));
  CHECK_FALSE(verifies(ConsistencyProof{1, 1, {}}, one, two));
  CHECK_FALSE(verifies(ConsistencyProof{1, 0, {}}, one, none));
  CHECK_FALSE(verifies(ConsistencyProof{2, 1, {one}}, one, two));
  CHECK_FALSE(verifies(ConsistencyProof{1, 2, {}}, one, one));
}

TEST_CASE("edge: resumes where it was, and refuses hashes that do not fit the size") {
  auto tree = tree_of_bytes(40);
  for (std::uint64_t n = 0; n < 40; ++n) {
    Edge edge(n, edge_of(tree, n).hashes());
    CHECK(edge.head() == TreeHead{n, tree.root(n)});
    edge.append(tree.leaf(n));
    CHECK(edge.root() == tree.root(n + 1));
  }
  CHECK_THROWS_AS(Edge(1, {}), tally::core::Broken);
  CHECK_THROWS_AS(Edge(0, {Hash{}}), tally::core::Broken);
  CHECK_THROWS_AS(Edge(6, std::vector<Hash>(3)), tally::core::Broken);
}
