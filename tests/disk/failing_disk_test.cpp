#include <chrono>
#include <functional>
#include <optional>
#include <thread>

#include <doctest/doctest.h>

#include "disk/bench.h"

using namespace tally;
using namespace tally::test;

namespace {

// A space that is ready for its first use, stopped in order.
struct Prepared {
  Script script{1};
  Files files;

  Prepared() {
    Bench bench;
    FaultyDisk disk(bench.fresh());
    Site site(disk, 2, bench_checkpoint_pages);
    script.prepare(site);
    site.stop();
    REQUIRE(script.surprises().empty());
    files = disk.state().cached();
  }
};

const Prepared& prepared() {
  static const Prepared made;
  return made;
}

std::optional<Site::End> await_end(Site& site) {
  for (int i = 0; i < 5'000 && !site.end(); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  return site.end();
}

// Once the writer has ended, nothing is taken and nothing is signed.
void check_end(Site& site, Script script, Findings& findings) {
  auto end = await_end(site);
  if (!end) {
    findings.push_back("the disk failed and the writer goes on");
    return;
  }
  try {
    script.run(site);
    findings.push_back("the writer has ended and takes commands");
  } catch (const Ended& ended) {
    if (ended.what() != std::string("writer.stopped")) findings.push_back(ended.what());
  }
  if (site.published() != end->published) findings.push_back("signed after the end");
}

struct Experiment {
  Bench bench;
  std::mt19937_64 random{1};
  FaultPlan plan;
  bool restarts = true;
  bool was_hit = false;
  Findings findings;

  void add(const Findings& more, const std::string& where) {
    for (const auto& finding : more) findings.push_back(where + ": " + finding);
  }

  // The life of a process whose disk fails at one operation; then of the one after it.
  void run() {
    FaultyDisk disk(bench.fresh(), DiskState(prepared().files));
    disk.fail(plan);
    Script script = prepared().script.again();
    live(disk, script);
    was_hit = disk.has_failed();
    if (!was_hit) return;
    auto said = prepared().script.said();
    for (Said& each : said) each.op = 0;
    said.insert(said.end(), script.said().begin(), script.said().end());
    auto survival = static_cast<Survival>(random() % survivals);
    add(examine_after_power_loss(bench, disk.state(), survival, random, said), "power loss");
    if (restarts) restart(disk, said);
  }

  void live(FaultyDisk& disk, Script& script) {
    std::unique_ptr<Site> site;
    try {
      site = std::make_unique<Site>(disk, 3, bench_checkpoint_pages);
      script.run(*site);
    } catch (const std::exception& ended) {
      if (!disk.has_failed()) findings.push_back(std::string("ended: ") + ended.what());
    }
    if (site == nullptr) return;
    if (disk.has_failed()) {
      check_end(*site, script, findings);
      site->kill();
    } else {
      site->stop();
    }
    add(script.surprises(), "answers");
  }

  // It reads what the page cache holds, synced or not; and then the power fails after all.
  void restart(const FaultyDisk& before, std::vector<Said> said) {
    for (Said& each : said) each.op = 0;
    FaultyDisk disk(bench.fresh(), before.state());
    Script script = prepared().script.again();
    try {
      Site site(disk, 4, bench_checkpoint_pages);
      add(judge(site, said, 0), "restart");
      script.run(site);
      add(judge_end(site, script), "restart");
      site.kill();
    } catch (const std::exception& broken) {
      findings.push_back(std::string("restart: ") + broken.what());
    }
    said.insert(said.end(), script.said().begin(), script.said().end());
    auto ops = disk.ops();
    DiskState state = disk.start();
    std::size_t until = random() % (ops.size() + 1);
    for (std::size_t op = 0; op < until; ++op) state.apply(ops[op]);
    add(examine_after_power_loss(bench, state, Survival::none, random, said, until),
        "power loss after the restart");
  }
};

// Fails at each operation in turn, until the life is over before the fault comes. How often.
std::size_t fail_everywhere(const std::function<FaultPlan(std::size_t)>& plan,
                            std::size_t restarts) {
  for (std::size_t at = 0;; at += bench_stride) {
    Experiment experiment;
    experiment.random.seed(at);
    experiment.plan = plan(at);
    experiment.restarts = at % restarts == 0;
    experiment.run();
    INFO("operation ", at, ": ", words_of(experiment.findings));
    REQUIRE(experiment.findings.empty());
    if (!experiment.was_hit) return at;
  }
}

}  // namespace

TEST_CASE(
    "failing disk: an I/O error at any operation ends the writer, and the restart tells the "
    "truth") {
  auto plan = [](std::size_t at) { return FaultPlan{.at = at, .fault = Fault::io_error}; };
  auto operations = fail_everywhere(plan, 3);
  MESSAGE(operations, " operations, each failed once");
  CHECK(operations > 400);
}

TEST_CASE("failing disk: a disk that is full, or tears a write, from any operation on") {
  auto plan = [](std::size_t at) {
    return FaultPlan{.at = at, .fault = at % 2 == 0 ? Fault::full : Fault::torn, .lasting = true};
  };
  CHECK(fail_everywhere(plan, 3) > 400);
}

TEST_CASE("failing disk: any sync that fails and takes its pages for clean") {
  auto plan = [](std::size_t at) {
    return FaultPlan{.at = at, .fault = Fault::lost, .syncs_only = true};
  };
  CHECK(fail_everywhere(plan, 1) > 15);
}
