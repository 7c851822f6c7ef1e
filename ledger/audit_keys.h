// Which of the keys that an auditor was given may sign a checkpoint, and which have to: as the entries say
// that add and retire keys of the log (ledger/log_keys.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/auditor.h"
#include "ledger/log_keys.h"

namespace tally::ledger {

class AuditKeys {
 public:
  explicit AuditKeys(const LogKeys& given) : given_(given) {}

  // An entry that adds or retires a key. Of those that were not given nothing is kept.
  void note(std::string_view entry);
  const std::vector<KeyChange>& retired() const { return retired_; }

  // A key that was retired speaks for nothing behind its retirement: checkpoint.key_retired.
  std::optional<Finding> judge_retired(const std::string& note, std::uint64_t signed_size) const;
  // Each key that was let in has to have signed, as whoever has but the old one could make a second
  // history that goes on from the addition: checkpoint.key_did_not_sign.
  std::optional<Finding> judge_added(const std::string& note, std::uint64_t signed_size) const;

 private:
  LogKeys given_;
  std::vector<KeyChange> added_;    // each key once
  std::vector<KeyChange> retired_;  // each key once
};

}  // namespace tally::ledger
