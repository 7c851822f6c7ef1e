#include "support/disk/disk_state.h"

#include <doctest/doctest.h>

using namespace tally::test;
using Kind = DiskOp::Kind;

namespace {

constexpr const char* name = "a";

struct Fixture {
  DiskState state{Files{{name, std::string(1024, 'o')}}};
  std::mt19937_64 random{1};

  void write(std::uint64_t at, std::string bytes) {
    state.apply({Kind::write, name, at, std::move(bytes)});
  }
  void apply(Kind kind, std::uint64_t at = 0) { state.apply({kind, name, at, {}}); }
  std::string after(Survival survival) {
    auto files = state.after_power_loss(survival, random);
    return files.contains(name) ? files.at(name) : "gone";
  }
  std::set<std::string> all_after(Survival survival) {
    std::set<std::string> seen;
    for (int i = 0; i < 200; ++i) seen.insert(after(survival));
    return seen;
  }
};

}  // namespace

TEST_CASE("disk: what was not synced may be lost, what was synced never is") {
  Fixture f;
  f.write(0, "new");
  CHECK(f.state.cached().at(name).starts_with("newo"));
  CHECK(f.after(Survival::none) == std::string(1024, 'o'));
  CHECK(f.after(Survival::all) == f.state.cached().at(name));
  f.apply(Kind::sync);
  for (int i = 0; i < survivals; ++i) {
    CHECK(f.after(static_cast<Survival>(i)) == f.state.cached().at(name));
  }
}

TEST_CASE("disk: writes survive in any order, and torn") {
  Fixture f;
  f.write(0, std::string(512, 'x'));
  f.write(512, std::string(512, 'y'));
  auto only_second = std::string(512, 'o') + std::string(512, 'y');
  auto only_first = std::string(512, 'x') + std::string(512, 'o');
  for (auto survival : {Survival::some, Survival::sectors}) {
    auto seen = f.all_after(survival);
    CHECK(seen.contains(only_second));
    CHECK(seen.contains(only_first));
  }
  CHECK(f.all_after(Survival::last).contains(only_second));
  bool torn = false;
  for (const auto& bytes : f.all_after(Survival::prefix))
    torn = torn || bytes.find("xo") % 512 != 511;
  CHECK(torn);
  CHECK_FALSE(f.all_after(Survival::prefix).contains(only_second));
}

TEST_CASE("disk: a sector may be as it was between two writes") {
  Fixture f;
  f.write(0, "1111");
  f.write(0, "2222");
  std::set<std::string> heads;
  for (const auto& bytes : f.all_after(Survival::sectors)) heads.insert(bytes.substr(0, 4));
  for (const char* head : {"oooo", "1111", "2222"}) CHECK(heads.contains(head));
}

TEST_CASE("disk: a size that was not synced may be the old one or the new one") {
  Fixture f;
  f.apply(Kind::resize, 0);
  std::set<std::size_t> sizes;
  for (const auto& bytes : f.all_after(Survival::sectors)) sizes.insert(bytes.size());
  CHECK(sizes == std::set<std::size_t>{0, 1024});
}

TEST_CASE("disk: a file is there for certain once its directory was synced") {
  Fixture f;
  DiskState empty;
  std::mt19937_64 random(1);
  empty.apply({Kind::create, "b", 0, {}});
  empty.apply({Kind::write, "b", 0, "x"});
  empty.apply({Kind::sync, "b", 0, {}});
  CHECK(empty.after_power_loss(Survival::none, random).empty());
  empty.apply({Kind::sync_directory, "", 0, {}});
  CHECK(empty.after_power_loss(Survival::none, random).at("b") == "x");
  empty.apply({Kind::remove, "b", 0, {}});
  CHECK(empty.cached().empty());
  CHECK(empty.after_power_loss(Survival::none, random).at("b") == "x");
}

TEST_CASE("disk: what a failed sync lost is read back, and no later sync writes it") {
  Fixture f;
  f.write(0, "lost");
  f.apply(Kind::failed_sync);
  f.apply(Kind::sync);
  CHECK(f.state.cached().at(name).starts_with("lost"));
  CHECK(f.after(Survival::none) == std::string(1024, 'o'));
  f.write(100, "x");  // the page is dirty again
  f.apply(Kind::sync);
  CHECK(f.after(Survival::none).starts_with("lost"));
}
