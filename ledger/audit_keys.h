// Which of the keys that an auditor was given may sign a checkpoint, and which have to: as the entries say
// that name, add and retire keys of the log (ledger/log_keys.h).
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/auditor.h"
#include "ledger/log_keys.h"

namespace tally::ledger {

class AuditKeys {
 public:
  explicit AuditKeys(const LogKeys& given);

  // Entry 0, or one that adds or retires a key.
  void note(std::string_view entry);
  const std::vector<KeyChange>& retired() const { return retired_; }

  // A key that was retired speaks for nothing behind its retirement: checkpoint.key_retired.
  std::optional<Finding> judge_retired(const std::string& note, std::uint64_t signed_size) const;
  // Each key that is in force has to have signed, as whoever has but one of them could make a second
  // history: checkpoint.key_did_not_sign.
  std::optional<Finding> judge_in_force(const std::string& note, std::uint64_t signed_size) const;
  // Keys that were retired, while no key that follows them signed: checkpoint.newer_key_retired. A
  // retirement bears no signature of the key that it retires, so whoever has an older one can write it,
  // and so does a log that lost the newer key. A key is followed by those that it let in, under its
  // signature, and by those that follow these.
  std::vector<Finding> doubts(const std::string& note, std::uint64_t signed_size) const;

 private:
  struct Line {
    VerifierKey first;               // one that was given
    std::set<std::string> followed;  // vkeys: it, and those that follow it
  };

  void note_opening(std::string_view body);
  void note_addition(std::string_view body, std::uint64_t seq);
  void note_retirement(std::string_view body, std::uint64_t seq);
  void note_once(std::vector<KeyChange>& changes, std::string_view vkey, std::uint64_t seq) const;

  LogKeys given_;
  std::vector<Line> lines_;         // of each key that was given
  std::vector<KeyChange> named_;    // by entry 0 or an addition; each key once
  std::vector<KeyChange> retired_;  // each key once
};

}  // namespace tally::ledger
