// Which checkpoint the world may see, and with it which tiles: a tree is public as far as a published
// checkpoint implies it, and no further.
//
// Receipts do not wait for publication: their checkpoints are signed with their batch.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/sql/session.h"
#include "ledger/ledger.h"

namespace tally::ledger {

// Every earlier published checkpoint is consistent with it, and of no greater size.
struct Published {
  std::uint64_t size = 0;
  std::string note;  // signed by the log; the lines of witnesses follow

  bool operator==(const Published&) const = default;
};

class Publication {
 public:
  virtual ~Publication() = default;
  // From any thread. All that it implies is durable.
  virtual Published newest() const = 0;
  // Whether a policy's quorum of witnesses stands under it.
  virtual bool is_witnessed() const { return false; }
};

// Without a witness policy: what the log signed last.
class SignedPublication final : public Publication {
 public:
  explicit SignedPublication(const Ledger& ledger) : ledger_(ledger) {}
  Published newest() const override;

 private:
  const Ledger& ledger_;
};

// What a database says was published, read beside the server that writes it: the checkpoint that was
// stored last; under a witness policy, that with the last quorum. Nothing while there is none.
std::optional<Published> read_published(core::sql::Session& session);

}  // namespace tally::ledger
