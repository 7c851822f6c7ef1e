// What others hold of a ledger, against the ledger that is audited: the receipts of parties, and the
// cosignatures that a policy asks for. An operator who makes its whole history anew passes the audits
// of what it shows; what was given away before does not fit it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/result.h"
#include "ledger/auditor.h"
#include "ledger/log_keys.h"
#include "ledger/policy.h"
#include "ledger/proof.h"
#include "ledger/source.h"

namespace tally::api {

struct HeldReceipt {
  std::string file;
  std::string bytes;
  ledger::VerifiedReceipt receipt;
};

// Each a .tlog-proof or a .cose file that one of the keys signed. Refusals: those of core::read_file,
// verify_receipt and verify_cose_receipt, with the file in the message.
core::Result<std::vector<HeldReceipt>> read_receipts(const std::vector<std::string>& files,
                                                     const ledger::LogKeys& log_keys);

struct OutsideFinding {
  std::string layer;  // receipts, witnesses
  std::string code;
  std::string place;  // "receipt <file>", "checkpoint"
  std::string words;
  std::string expected;
  std::string found;
};

struct OutsideReport {
  std::size_t receipts = 0;  // that were held against the ledger
  bool has_policy = false;
  std::vector<ledger::VerifiedSignature> cosignatures;
  std::vector<OutsideFinding> findings;
};

// The ledger that is audited, and the keys that the auditor was given.
struct AuditedLog {
  ledger::LedgerSource& source;
  const ledger::AuditReport& structure;  // passed
  const ledger::LogKeys& log_keys;
};

//   ledger.forked          the receipt's checkpoint is none of this ledger's
//   receipt.not_in_ledger  the ledger has another entry in its place, or has not come so far
//   receipt.key_retired    the same, and the receipt is signed only by a key that this ledger retired
//                          before: by whoever has that key, on a second history
void compare_receipts(const AuditedLog& log,
                      std::span<const HeldReceipt> receipts,
                      OutsideReport& report);

// The checkpoint that is shown: signed by the audited log, under the policy's quorum, and one of this
// ledger's. Policy and auditor may know different keys of a log whose key is being exchanged, when each
// has signed. Findings: checkpoint.not_published, the refusals of open_witnessed (policy.quorum_missed),
// policy.other_log, ledger.forked, checkpoint.key_retired (signed by none that is in force).
void judge_quorum(const AuditedLog& log,
                  const std::optional<std::string>& checkpoint,
                  const ledger::Policy& policy,
                  OutsideReport& report);

}  // namespace tally::api
