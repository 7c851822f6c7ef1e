#include "core/shred_keys.h"

#include <filesystem>
#include <fstream>
#include <iterator>

#include <doctest/doctest.h>

#include "core/result.h"
#include "core/sql/sqlite/sqlite.h"
#include "support/temp_dir.h"

using namespace tally;
using namespace tally::core;

namespace {

struct Shelf {
  test::TempDir dir;
  SeededRandom random{7};
  std::optional<ShredKeys> keys;

  Shelf() { open(); }
  void open() {
    keys.reset();
    keys.emplace(sql::sqlite::open_key_store(dir.file("subjects.db")), random, 2);
  }
  bool is_on_disk(std::string_view bytes) {
    for (const auto& file : std::filesystem::directory_iterator(dir.path())) {
      std::ifstream stream(file.path(), std::ios::binary);
      std::string content{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
      if (content.find(bytes) != std::string::npos) return true;
    }
    return false;
  }
};

}  // namespace

TEST_CASE("shred keys: a subject has one key, which stays over restarts") {
  Shelf shelf;
  std::string first(shelf.keys->draw("party/a").bytes());
  CHECK(shelf.keys->draw("party/a").bytes() == first);
  CHECK(shelf.keys->draw("party/b").bytes() != first);
  CHECK_FALSE(shelf.keys->find("party/c"));
  CHECK_FALSE(shelf.keys->is_shredded("party/c"));
  shelf.open();
  CHECK(shelf.keys->find("party/a")->bytes() == first);
}

TEST_CASE("shred keys: a shredded key is nowhere on the disk, and does not come back") {
  Shelf shelf;
  std::string lost(shelf.keys->draw("party/a").bytes());
  std::string kept(shelf.keys->draw("party/b").bytes());
  REQUIRE(shelf.is_on_disk(lost));
  shelf.keys->shred("party/a");
  shelf.keys->shred("party/a");
  CHECK_FALSE(shelf.is_on_disk(lost));
  CHECK(shelf.is_on_disk(kept));
  CHECK_FALSE(shelf.keys->find("party/a"));
  CHECK(shelf.keys->is_shredded("party/a"));
  CHECK_THROWS_AS(shelf.keys->draw("party/a"), Broken);
  shelf.open();
  CHECK_THROWS_AS(shelf.keys->draw("party/a"), Broken);
  CHECK(shelf.keys->find("party/b")->bytes() == kept);
}

TEST_CASE("shred keys: what never had a key can be shredded, and gets none afterwards") {
  Shelf shelf;
  shelf.keys->shred("content/x/1");
  CHECK(shelf.keys->is_shredded("content/x/1"));
  CHECK_THROWS_AS(shelf.keys->draw("content/x/1"), Broken);
}

TEST_CASE("shred keys: the file is its owner's alone") {
  Shelf shelf;
  using std::filesystem::perms;
  auto mode = std::filesystem::status(shelf.dir.file("subjects.db")).permissions();
  CHECK((mode & (perms::group_all | perms::others_all)) == perms::none);
}
