// The product as a process over a disk that a test can break: the real store and the real services.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "api/data_dir.h"
#include "api/services.h"
#include "api/store.h"
#include "core/random.h"
#include "core/time.h"
#include "support/disk/faulty_disk.h"

namespace tally::test {

inline constexpr const char* site_origin = "disk.example/log";

// The same in every run.
api::ServerKeys site_keys();
ledger::VerifierKey site_log_key();

// From its construction to its destruction the process runs. Throws core::Broken when it cannot start.
class Site {
 public:
  Site(FaultyDisk& disk, std::uint64_t seed, int checkpoint_pages);

  api::Services& services() { return *services_; }
  ledger::Journal& journal() { return store_->journal(); }
  FaultyDisk& disk() { return disk_; }
  core::ManualClock& clock() { return clock_; }
  core::Random& random() { return random_; }

  std::string published() { return *journal().ledger.signed_head().note; }

  // Set once the writer has called for the process's end.
  struct End {
    std::string reason;
    std::string published;
  };
  std::optional<End> end();

  // The process is killed: nothing of what it still does reaches the disk.
  void kill();
  // The process stops in order.
  void stop();
  ~Site() { is_gone_ = true; }
  Site(const Site&) = delete;
  Site& operator=(const Site&) = delete;

 private:
  FaultyDisk& disk_;
  core::ManualClock clock_{{1'795'000'000'000}};
  core::SeededRandom random_;
  std::atomic<bool> is_gone_{false};
  std::mutex mutex_;
  std::optional<End> end_;
  std::unique_ptr<api::Store> store_;
  std::unique_ptr<api::Services> services_;
};

}  // namespace tally::test
