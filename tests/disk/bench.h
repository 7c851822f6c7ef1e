// Where disks are put and processes are started on them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include "disk/judge.h"
#include "support/temp_dir.h"

namespace tally::test {

// In the log, so that it is moved into the database now and then.
inline constexpr int bench_checkpoint_pages = 60;

// Sanitizers are slow: they look at some of the moments, the plain build at each.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr std::size_t bench_stride = 23;
#else
inline constexpr std::size_t bench_stride = 1;
#endif

class Bench {
 public:
  // An empty directory; the one before is gone.
  std::string fresh() {
    std::filesystem::remove_all(path());
    std::filesystem::create_directory(path());
    return path();
  }

 private:
  std::string path() const { return dir_.path() + "/disk"; }

  TempDir dir_;
};

using Findings = std::vector<std::string>;

inline std::string words_of(const Findings& findings) {
  std::string words;
  for (const auto& finding : findings) words += finding + "; ";
  return words;
}

// What is wrong when a process starts on the disk, given what was said before.
inline Findings examine(FaultyDisk& disk, const std::vector<Said>& said, std::size_t until) {
  try {
    Site site(disk, 3, bench_checkpoint_pages);
    auto findings = judge(site, said, until);
    site.kill();
    return findings;
  } catch (const std::exception& broken) {
    return {std::string("it does not start: ") + broken.what()};
  }
}

// The same after a loss of power.
inline Findings examine_after_power_loss(Bench& bench,
                                         const DiskState& state,
                                         Survival survival,
                                         std::mt19937_64& random,
                                         const std::vector<Said>& said,
                                         std::size_t until = SIZE_MAX) {
  FaultyDisk disk(bench.fresh(), DiskState(state.after_power_loss(survival, random)));
  return examine(disk, said, until);
}

}  // namespace tally::test
