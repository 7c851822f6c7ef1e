#include <set>

#include <doctest/doctest.h>

#include "core/hash.h"
#include "disk/bench.h"

using namespace tally;
using namespace tally::test;

namespace {

// A life of the space from the making of its database to its end in order.
struct Recording {
  Script script{1};
  std::vector<DiskOp> ops;
  DiskState start;

  Recording() {
    TempDir dir;
    FaultyDisk disk(dir.path());
    Site site(disk, 2, bench_checkpoint_pages);
    script.prepare(site);
    script.run(site);
    REQUIRE(judge_end(site, script) == std::vector<std::string>{});
    site.stop();
    ops = disk.ops();
    start = disk.start();
  }
};

const Recording& recording() {
  static const Recording made;
  return made;
}

std::string digest_of(const Files& files, std::size_t said) {
  std::string all = std::to_string(said);
  for (const auto& [name, bytes] : files) all += name + std::to_string(bytes.size()) + bytes;
  return core::to_hex(core::sha256(all));
}

std::size_t said_before(const Script& script, std::size_t op) {
  std::size_t count = 0;
  for (const Said& each : script.said()) count += each.op <= op ? 1 : 0;
  return count;
}

}  // namespace

TEST_CASE("power loss: whatever the disk keeps at any moment, what was said stays true") {
  const auto& life = recording();
  Bench bench;
  std::mt19937_64 random(1);
  std::set<std::string> seen;
  DiskState state = life.start;
  std::size_t images = 0;
  for (std::size_t op = 0; op <= life.ops.size(); ++op) {
    for (int i = 0; i < survivals && op % bench_stride == 0; ++i) {
      auto files = state.after_power_loss(static_cast<Survival>(i), random);
      if (!seen.insert(digest_of(files, said_before(life.script, op))).second) continue;
      ++images;
      FaultyDisk disk(bench.fresh(), DiskState(files));
      auto findings = examine(disk, life.script.said(), op);
      INFO("operation ", op, " survival ", i, ": ", words_of(findings));
      REQUIRE(findings.empty());
    }
    if (op < life.ops.size()) state.apply(life.ops[op]);
  }
  MESSAGE(life.ops.size(), " operations, ", life.script.said().size(), " answers, ", images,
          " disks");
  CHECK(images > 3'000 / bench_stride);
}

// What the killed process left in the page cache looks durable to the next one.
TEST_CASE("power loss: what a restart signs after a kill outlives a loss of power right after it") {
  const auto& life = recording();
  Bench bench;
  std::mt19937_64 random(2);
  DiskState state = life.start;
  for (std::size_t op = 0; op <= life.ops.size(); ++op) {
    if (op % (5 * bench_stride) == 0 || op == life.ops.size()) {
      FaultyDisk disk(bench.fresh(), state);
      Site site(disk, 4, bench_checkpoint_pages);
      std::vector<Said> said{{0, {}, site.published()}};
      site.kill();
      auto findings = examine_after_power_loss(bench, disk.state(), Survival::none, random, said);
      INFO("operation ", op, ": ", words_of(findings));
      REQUIRE(findings.empty());
      // And while it starts: what was said before the kill.
      DiskState starting = state;
      for (const DiskOp& each : disk.ops()) {
        starting.apply(each);
        if (random() % 8 != 0) continue;
        findings = examine_after_power_loss(bench, starting, Survival::sectors, random,
                                            life.script.said(), op);
        INFO("while it starts: ", words_of(findings));
        REQUIRE(findings.empty());
      }
    }
    if (op < life.ops.size()) state.apply(life.ops[op]);
  }
}

TEST_CASE("power loss: the clients come back and reach the end that they would have reached") {
  const auto& life = recording();
  Bench bench;
  std::mt19937_64 random(3);
  DiskState state = life.start;
  for (std::size_t op = 0; op <= life.ops.size(); ++op) {
    if (op % (16 * bench_stride) == 0) {
      auto survival = static_cast<Survival>(op / (16 * bench_stride) % survivals);
      FaultyDisk disk(bench.fresh(), DiskState(state.after_power_loss(survival, random)));
      Site site(disk, 5, bench_checkpoint_pages);
      Script script = life.script.again();
      script.prepare(site);
      script.run(site);
      auto findings = judge_end(site, script);
      for (const auto& finding : judge(site, life.script.said(), op)) findings.push_back(finding);
      INFO("operation ", op, ": ", words_of(findings));
      REQUIRE(findings.empty());
      site.kill();
    }
    if (op < life.ops.size()) state.apply(life.ops[op]);
  }
}

// Without this nobody would know that the tests above can fail.
TEST_CASE("power loss: with synchronous off, an acknowledged receipt is lost and noticed") {
  Bench bench;
  FaultyDisk disk(bench.fresh());
  Script script(1);
  DiskState before_the_end;
  {
    WeakSync weak;
    Site site(disk, 2, bench_checkpoint_pages);
    weak.switch_off();
    script.prepare(site);
    script.run(site);
    before_the_end = disk.state();
    site.kill();
  }
  std::mt19937_64 random(1);
  auto findings =
      examine_after_power_loss(bench, before_the_end, Survival::none, random, script.said());
  CHECK(words_of(findings).find("acknowledged and lost") != std::string::npos);
  CHECK(words_of(findings).find("signed and lost") != std::string::npos);
}
