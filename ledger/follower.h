// Who has to hold what a batch added before anybody is told of it: a replica that does not lag.
#pragma once

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "core/result.h"

namespace tally::ledger {

struct Receipt;
struct SignedHead;

// Thrown where somebody asks for the receipt of an entry that the follower does not hold yet: an answer
// of 503, and no fault of the program.
class Withheld : public core::Broken {
 public:
  explicit Withheld(core::Error why) : Broken(why.message), error(std::move(why)) {}
  core::Error error;
};

class Follower {
 public:
  using Entries = std::vector<std::shared_ptr<Receipt>>;

  virtual ~Follower() = default;

  // By the writer's thread, once `head` is durable in the ledger's own database; `entries` are the last
  // under it, and none when a head is offered again that was not taken. Blocks, for a bounded time.
  // Nothing: the follower holds all that is under the head, durably. Else why nobody may be told of it.
  virtual std::optional<core::Error> hand_over(const SignedHead& head, const Entries& entries) = 0;

  // Why nothing may be changed now; nothing when changes are welcome.
  virtual std::optional<core::Error> closed() const = 0;
};

}  // namespace tally::ledger
