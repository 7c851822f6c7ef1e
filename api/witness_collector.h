// Collects cosignatures for the log, beside everything else: no request and no batch waits for a witness.
//
// In rounds: the newest signed checkpoint goes to all witnesses at once, each in a thread of its own with
// one request in flight. When the quorum is there (and the quick ones of the others had a moment more),
// the checkpoint with its cosignatures is stored and published; the next round begins `interval_ms` after
// the last one did, with whatever was signed meanwhile. A round without a quorum gives way to a newer
// checkpoint after its time. Lines of cosignature that come late are added as long as the round lasts.
//
// A witness that fails is asked again after a pause that doubles, with jitter. Whatever it sends is bounded
// in bytes and time, and counts only as a signature that verifies over the very checkpoint, by the key of
// the policy.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "api/witness_client.h"
#include "ledger/journal.h"
#include "ledger/witnessed.h"

namespace tally::api {

class WitnessCollector {
 public:
  struct Options {
    std::int64_t interval_ms = 1'000;
    std::int64_t timeout_ms = 5'000;     // of a request
    std::int64_t grace_ms = 200;         // for the others, once there is a quorum
    std::int64_t pause_min_ms = 500;     // after a failure
    std::int64_t pause_max_ms = 60'000;  // after many
    std::int64_t refresh_ms = 600'000;   // newer times for a checkpoint that stays the newest
  };

  // All must outlive the collector. Witnesses without a URL are not asked.
  WitnessCollector(ledger::Policy policy,
                   ledger::Journal& journal,
                   ledger::WitnessedPublication& publication,
                   Options options);
  ~WitnessCollector();
  WitnessCollector(const WitnessCollector&) = delete;
  WitnessCollector& operator=(const WitnessCollector&) = delete;

  // In the text format of Prometheus.
  std::string metrics() const;

 private:
  class Rounds;
  std::unique_ptr<Rounds> rounds_;
};

}  // namespace tally::api
