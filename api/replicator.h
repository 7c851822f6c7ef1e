// A server's replica that does not lag: each batch is on another disk before anybody is answered.
//
// A thread of its own writes the replica, so that a disk that hangs costs its answers and never the
// writer. While the replica is away:
//   refuse  what the batch at hand changed is stored and not answered (503 replica.unconfirmed: ask again
//           with the same key), and nothing more is changed (503 replica.away)
//   go_on   answers go out after `wait_ms`; what the replica lacks is counted (metrics) and copied later
// It is tried again, and takes what it lacks from the ledger's own database.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>

#include "api/replica_store.h"
#include "core/sql/session.h"
#include "ledger/ledger.h"

namespace tally::api {

class Replicator : public ledger::Follower {
 public:
  struct Options {
    std::filesystem::path directory;
    std::int64_t wait_ms = 2'000;  // for the replica, before it counts as away
    bool goes_on = false;
    std::int64_t retry_ms = 500;
    std::int64_t start_wait_ms = 60'000;  // a replica that is new takes the whole ledger first
  };

  // `database` is the ledger's own.
  Replicator(std::string database, Options options);
  ~Replicator() override;

  // Brings the replica up to `head`, before anything is appended or said; once. `log_keys` are all that
  // the log ever had and those that it is to have: the replica may have stopped long ago. Refusals:
  //   replica.ledger_behind  it holds more than the ledger, which is an older copy
  //   replica.ledger_forked  it holds another history
  //   replica.other_log      it holds another log
  //   replica.away           it cannot be written; not where the server goes on without it
  core::Result<core::Done> start(const ledger::SignedHead& head, const ledger::LogKeys& log_keys);

  std::optional<core::Error> hand_over(const ledger::SignedHead& head,
                                       const Entries& entries) override;
  std::optional<core::Error> closed() const override;

  // In the text format of Prometheus.
  std::string metrics() const;

 private:
  struct Reader;

  void loop(const std::stop_token& stop);
  core::Result<core::Done> copy(const ledger::SignedHead& head, const Entries& entries);
  core::Result<core::Done> open(const ledger::SignedHead& head);
  core::Result<core::Done> compare(const ledger::SignedHead& head);
  core::Result<core::Done> add_stored(std::uint64_t size);
  core::Result<core::Done> add(std::uint64_t first_seq,
                               const std::vector<std::string_view>& entries);
  void note_copied(std::uint64_t size);
  void note_failed(const core::Error& why);
  Reader& reader();

  const std::string database_;
  const Options options_;

  // The thread's alone.
  std::unique_ptr<ReplicaStore> store_;
  std::unique_ptr<Reader> reader_;

  mutable std::mutex mutex_;
  std::condition_variable_any work_;
  std::condition_variable done_;
  // Guarded by mutex_.
  std::optional<ledger::LogKeys> log_keys_;
  ledger::SignedHead target_;
  Entries entries_;  // the last under target_
  std::uint64_t held_ = 0;
  std::uint64_t failures_ = 0;
  bool is_away_ = false;
  std::optional<core::Error> never_;  // why this replica and this ledger do not belong together

  std::jthread thread_;  // last
};

}  // namespace tally::api
