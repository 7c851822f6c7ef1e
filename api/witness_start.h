// Before a log signs or serves: is this the newest of it, or a copy from before?
//
// Each witness is asked to cosign the head once more, "old size" and size being the same. Who holds just
// that head refreshes its word; who holds another size says which (409), and cosigns nothing. Who says
// that it holds less is brought the head with its proof: only a cosignature over this head counts for
// this ledger, and no bare number. What a witness shows of the log besides (its monitoring path) is used
// where the log's own key signed it: then it is proof, and no mere claim.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "ledger/ledger.h"
#include "ledger/policy.h"

namespace tally::api {

enum class Standing : std::uint8_t {
  agrees,     // it cosigned this head just now
  ahead,      // it holds more than the ledger has
  forked,     // it holds another history
  no_answer,  // unreachable, or an answer that says nothing
};

struct WitnessStanding {
  std::size_t witness = 0;  // in the policy
  Standing standing = Standing::no_answer;
  std::uint64_t size = 0;  // that it holds
  bool is_proved = false;  // by a checkpoint that the log signed
  std::string words;
};

// The policy of the server's own witnesses. Refusals: those of read_policy_file, and
//   witness.policy_without_log   it does not name this log, so nobody could verify by it
//   witness.unreachable_quorum   the witnesses that have a URL do not make its quorum
core::Result<ledger::Policy> read_server_policy(const std::string& path,
                                                const ledger::LogKeys& log_keys);

// How many witnesses must agree before the server starts.
enum class WitnessesAtStart : std::uint8_t { quorum, any, none };
std::optional<WitnessesAtStart> parse_witnesses_at_start(std::string_view text);

// Asks all at once; returns after at most four times `timeout_ms`. `tiles` are the ledger's, up to the head.
std::vector<WitnessStanding> ask_witnesses(const ledger::Policy& policy,
                                           const ledger::LogKeys& log_keys,
                                           const ledger::SignedHead& head,
                                           const ledger::SubtreeReader& tiles,
                                           std::int64_t timeout_ms);

// Pure. Refusals, the first that applies:
//   witness.ledger_forked     a witness holds another history
//   witness.ledger_behind     a witness holds more
//   witness.too_few_answers   not as many agree as are needed; worth another try
core::Result<core::Done> judge_standings(const ledger::Policy& policy,
                                         const std::vector<WitnessStanding>& standings,
                                         std::uint64_t size,
                                         WitnessesAtStart needed);

// Asks and judges, again each second for `wait_s` seconds while too few answer.
core::Result<core::Done> check_witnesses(const ledger::Policy& policy,
                                         const ledger::LogKeys& log_keys,
                                         const ledger::SignedHead& head,
                                         const ledger::SubtreeReader& tiles,
                                         WitnessesAtStart needed,
                                         std::int64_t timeout_ms,
                                         std::int64_t wait_s);

}  // namespace tally::api
