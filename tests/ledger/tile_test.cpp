#include "ledger/tile.h"

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include "core/result.h"
#include "ledger/reference_tree.h"

using namespace tally::ledger;
using namespace tally::ledger::test;

namespace {

// The hash tiles of a tree, as a store would keep them.
struct Tiles {
  std::map<std::pair<unsigned, std::uint64_t>, std::string> bytes;
  int reads = 0;

  explicit Tiles(const SubtreeReader& tree, std::uint64_t size) {
    for (unsigned level = 0; tile_width(level, 0, size) > 0; ++level) {
      for (std::uint64_t n = 0; tile_width(level, n, size) > 0; ++n) {
        for (unsigned i = 0; i < tile_width(level, n, size); ++i)
          bytes[{level, n}] += tree.subtree(level * tile_height, n * 256 + i).view();
      }
    }
  }
  TileSubtrees reader(std::size_t tiles_max = 16) {
    return TileSubtrees(
        [this](unsigned level, std::uint64_t index) {
          ++reads;
          return bytes[{level, index}];
        },
        tiles_max);
  }
};

ReferenceTree tree_of_numbers(std::uint64_t size) {
  ReferenceTree tree;
  for (std::uint64_t i = 0; i < size; ++i) tree.append(hash_leaf(std::to_string(i)));
  return tree;
}

}  // namespace

TEST_CASE("tile: paths are spelled as tlog-tiles has them, and read back") {
  const std::map<std::string, TilePath> paths = {
      {"tile/0/000", {TileKind::hashes, 0, 0, 256}},
      {"tile/0/255", {TileKind::hashes, 0, 255, 256}},
      {"tile/3/999.p/1", {TileKind::hashes, 3, 999, 1}},
      {"tile/0/x001/000", {TileKind::hashes, 0, 1000, 256}},
      {"tile/1/x001/x234/067.p/255", {TileKind::hashes, 1, 1234067, 255}},
      {"tile/entries/000", {TileKind::entries, 0, 0, 256}},
      {"tile/entries/x001/x234/067.p/112", {TileKind::entries, 0, 1234067, 112}},
      {"tile/63/000", {TileKind::hashes, 63, 0, 256}},
      {"tile/0/x036/x028/x797/x018/x963/967",
       {TileKind::hashes, 0, (std::uint64_t{1} << 55) - 1, 256}}};
  for (const auto& [text, path] : paths) {
    CHECK(format_tile_path(path) == text);
    CHECK(parse_tile_path(text) == path);
  }
}

TEST_CASE("tile: any other spelling of a path is refused") {
  for (const char* bad : {"",
                          "tile",
                          "tile/",
                          "tile/0",
                          "tile/0/",
                          "tile/0/0",
                          "tile/0/00",
                          "tile/0/0000",
                          "tile/0/1000",
                          "tile/00/000",
                          "tile/01/000",
                          "tile/64/000",
                          "tile/-1/000",
                          "tile/+1/000",
                          "tile/ 0/000",
                          "tile/0/000/",
                          "/tile/0/000",
                          "tile//000",
                          "tile/0//000",
                          "tile/0/x000",
                          "tile/0/x001",
                          "tile/0/x000/001",
                          "tile/0/001/000",
                          "tile/0/x001/x000",
                          "tile/0/X001/000",
                          "tile/0/x01/000",
                          "tile/0/x001/00",
                          "tile/0/xx01/000",
                          "tile/0/000.p",
                          "tile/0/000.p/",
                          "tile/0/000.p/0",
                          "tile/0/000.p/256",
                          "tile/0/000.p/01",
                          "tile/0/000.p/1/",
                          "tile/0/000.p/x",
                          "tile/0/000.p/1.p/1",
                          "tile/0/000.p/-1",
                          "tile/0/000.p/99999999999999999999",
                          "tile/0/.p/1",
                          "tile/0/000.P/1",
                          "tile/0/00a",
                          "tile/entries",
                          "tile/entries/",
                          "tile/Entries/000",
                          "tile/data/000",
                          "tile/8/0/000",
                          "tile/8/001",
                          "tile/7/001",
                          "tile/6/128",
                          "tile/0/000\n",
                          "tile/0/x036/x028/x797/x018/x963/968",
                          "tile/entries/x036/x028/x797/x018/x963/968",
                          "tile/0/x018/x446/x744/x073/x709/x551/616",
                          "tile/0/x999/x999/x999/x999/x999/x999/x999/999",
                          "tile/0/000?x",
                          "tile/0/%300",
                          "tile/0/..",
                          "tile/../0/000"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_tile_path(bad));
  }
  CHECK_FALSE(parse_tile_path(std::string_view("tile/0/000\0", 11)));
}

TEST_CASE("tile: whatever path still parses after a change is spelled the one way") {
  CHECK(rc::check("one character of a path changed, put in or taken out", [] {
    TilePath path{TileKind::hashes, 0, *rc::gen::inRange<std::uint64_t>(0, 2'000'000),
                  *rc::gen::inRange(1U, 257U)};
    std::string text = format_tile_path(path);
    RC_ASSERT(parse_tile_path(text) == path);
    auto at = *rc::gen::inRange<std::size_t>(0, text.size());
    char letter = *rc::gen::elementOf(std::string("0123456789x/.p"));
    for (const char* put : {"", "_", "__"}) {
      std::string bent = text;
      bent.replace(at, std::string_view(put).size(), 1, letter);
      auto parsed = parse_tile_path(bent);
      if (parsed) RC_ASSERT(format_tile_path(*parsed) == bent);
    }
  }));
}

TEST_CASE("tile: widths follow from the size alone") {
  CHECK(tile_width(0, 272, 70'000) == 256);
  CHECK(tile_width(0, 273, 70'000) == 112);
  CHECK(tile_width(0, 274, 70'000) == 0);
  CHECK(tile_width(1, 0, 70'000) == 256);
  CHECK(tile_width(1, 1, 70'000) == 17);
  CHECK(tile_width(2, 0, 70'000) == 1);
  CHECK(tile_width(3, 0, 70'000) == 0);
  CHECK(tile_width(0, 0, 256) == 256);
  CHECK(tile_width(0, 1, 256) == 0);
  CHECK(tile_width(1, 0, 256) == 1);
  CHECK(tile_width(0, 0, 0) == 0);
  CHECK(tile_width(63, 0, ~std::uint64_t{0}) == 0);
}

TEST_CASE("bundle: entries go in and come out, and lengths that do not add up are refused") {
  using Entries = std::vector<std::string_view>;
  using namespace std::string_literals;
  std::string bundle;
  append_to_bundle(bundle, "one");
  append_to_bundle(bundle, "two");
  append_to_bundle(bundle, "three");
  CHECK(tally::core::to_hex(bundle) == "00036f6e65000374776f00057468726565");
  CHECK(parse_bundle(bundle) == Entries{"one", "two", "three"});
  CHECK(parse_bundle("") == Entries{});
  CHECK(parse_bundle("\0\0\0\1a\0\0"s) == Entries{"", "a", ""});
  CHECK_FALSE(parse_bundle("\1"s));
  CHECK_FALSE(parse_bundle("\0\2a"s));
  for (std::size_t length : {1U, 2U, 3U, 4U, 6U, 9U, 11U, 16U}) {
    CAPTURE(length);
    CHECK_FALSE(parse_bundle(std::string_view(bundle).substr(0, length)));
  }
  std::string longest(entry_bytes_max, 'x');
  std::string wide;
  append_to_bundle(wide, longest);
  CHECK(parse_bundle(wide) == Entries{longest});
  std::string full;
  for (int i = 0; i < 256; ++i) append_to_bundle(full, "x");
  CHECK(parse_bundle(full)->size() == 256);
  append_to_bundle(full, "x");
  CHECK_FALSE(parse_bundle(full));
}

TEST_CASE("tile subtrees: the tree read from its tiles is the tree") {
  auto tree = tree_of_numbers(1100);
  for (std::uint64_t size : {1U, 2U, 3U, 255U, 256U, 257U, 511U, 512U, 700U, 1024U, 1100U}) {
    Tiles tiles(tree, size);
    auto reader = tiles.reader(2);
    CHECK(root_of(reader, size) == tree.root(size));
    for (std::uint64_t i = 0; i < size; i += 37) {
      REQUIRE(prove_inclusion(reader, i, size).path == tree.path(i, size));
      REQUIRE(prove_consistency(reader, i + 1, size).path == tree.proof(i + 1, size));
    }
  }
  Tiles tiles(tree, 1100);
  auto reader = tiles.reader();
  for (std::uint64_t size : {1U, 300U, 1099U}) CHECK(root_of(reader, size) == tree.root(size));
  int reads = tiles.reads;
  CHECK(prove_inclusion(reader, 5, 1099).path == tree.path(5, 1099));
  CHECK(root_of(reader, 1099) == tree.root(1099));
  CHECK(tiles.reads <= reads + 1);
}

TEST_CASE("tile subtrees: a tree of 70,000 leaves spans three levels of tiles") {
  RecentTree recent(70'000);
  for (std::uint64_t i = 0; i < 70'000; ++i) recent.append(hash_leaf(std::to_string(i)));
  struct All : SubtreeReader {
    const RecentTree& tree;
    explicit All(const RecentTree& all) : tree(all) {}
    Hash subtree(unsigned level, std::uint64_t index) const override {
      return tree.find_node(level, index).value();
    }
  } all(recent);
  Tiles tiles(all, 70'000);
  CHECK(tiles.bytes.size() == 274 + 2 + 1);
  auto reader = tiles.reader();
  CHECK(tally::core::to_hex(root_of(reader, 70'000)) ==
        "1a4cdfcb66374a0c0dcbef49acbd4976d13ee864fb3cb241fc943cad04f02f7e");
  recent.seal();
  for (std::uint64_t i = 0; i < 70'000; i += 1999)
    REQUIRE(prove_inclusion(reader, i, 70'000) == recent.prove_inclusion(i));
}

TEST_CASE("tile subtrees: a partial tile is read anew once the tree has outgrown it") {
  auto tree = tree_of_numbers(300);
  Tiles tiles(tree, 10);
  auto reader = tiles.reader();
  CHECK(root_of(reader, 10) == tree.root(10));
  tiles.bytes = Tiles(tree, 300).bytes;
  CHECK(root_of(reader, 10) == tree.root(10));
  CHECK(tiles.reads == 1);
  CHECK(root_of(reader, 300) == tree.root(300));
}

TEST_CASE("tile subtrees: a tile of the wrong length breaks") {
  auto tree = tree_of_numbers(300);
  for (auto bent : {std::string(31, 'x'), std::string(257 * 32, 'x'), std::string()}) {
    Tiles tiles(tree, 300);
    tiles.bytes[{0, 1}] = bent;
    auto reader = tiles.reader();
    CHECK(reader.subtree(0, 255) == tree.leaf(255));
    CHECK_THROWS_AS(root_of(reader, 300), tally::core::Broken);
  }
  Tiles short_by_one(tree, 299);
  auto reader = short_by_one.reader();
  CHECK(root_of(reader, 299) == tree.root(299));
  CHECK_THROWS_AS(root_of(reader, 300), tally::core::Broken);
}
