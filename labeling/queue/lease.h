// A lease: one seat of one task, for one annotator, for a time. Pure: values in, values out.
//
// Each lease of a task carries a number greater than all before it, its *fence*, and a random
// secret. An answer names both in its lease token; one that is late finds that its lease ran out, or
// that another has been given since.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/result.h"
#include "core/time.h"
#include "labeling/ids.h"
#include "space/ids.h"

namespace tally::labeling {

using core::Instant;

// "<lease id>.<fence>.<32 hex digits>"
struct LeaseToken {
  LeaseId lease;
  std::int64_t fence = 0;
  std::string secret;

  static std::optional<LeaseToken> parse(std::string_view text);
  std::string text() const;
  bool operator==(const LeaseToken&) const = default;
};

struct Lease {
  LeaseToken token;
  TaskId task;
  std::string item;
  space::ActorId annotator;
  std::int64_t seat = 0;
  Instant leased_at;
  Instant leased_until;  // by the ledger's time; from here on it is over

  bool is_live(Instant now) const { return now < leased_until; }
};

// The free seats of a task, as bits: seat n is bit n - 1.
class FreeSeats {
 public:
  explicit FreeSeats(std::int64_t bits) : bits_(bits) {}
  static FreeSeats all(std::int64_t seats) { return FreeSeats((std::int64_t{1} << seats) - 1); }

  std::int64_t bits() const { return bits_; }
  bool is_empty() const { return bits_ == 0; }
  std::int64_t lowest() const;  // precondition: not empty
  void take(std::int64_t seat);
  void give_back(std::int64_t seat);

 private:
  std::int64_t bits_;
};

// Judges the token of an answer. `live` is the lease of that id, if there still is one; `fence` the
// number of the task's newest lease. Refusals in order:
//   conflict   lease.superseded  it ended, and the task has been leased again since
//   conflict   lease.expired     it ended, or its time is over
//   forbidden  lease.not_yours   the secret is wrong, or it is another annotator's
core::Result<core::Done> check_lease(const LeaseToken& token,
                                     const std::optional<Lease>& live,
                                     std::int64_t fence,
                                     const space::ActorId& annotator,
                                     Instant now);

}  // namespace tally::labeling
