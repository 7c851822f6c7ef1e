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
#include "ledger/policy.h"
#include "ledger/proof.h"
#include "ledger/source.h"

namespace tally::api {

struct HeldReceipt {
  std::string file;
  ledger::VerifiedReceipt receipt;
};

// Each a .tlog-proof or a .cose file that the key signed. Refusals: those of core::read_file,
// verify_receipt and verify_cose_receipt, with the file in the message.
core::Result<std::vector<HeldReceipt>> read_receipts(const std::vector<std::string>& files,
                                                     const ledger::VerifierKey& key);

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

// Precondition for both: the structural audit found this source right, with this head.
//
//   ledger.forked          the receipt's checkpoint is none of this ledger's
//   receipt.not_in_ledger  the ledger has another entry in its place, or has not come so far
void compare_receipts(ledger::LedgerSource& source,
                      const ledger::TreeHead& head,
                      std::span<const HeldReceipt> receipts,
                      OutsideReport& report);

// The checkpoint that is shown: signed by the audited log, under the policy's quorum, and one of this
// ledger's. Findings: checkpoint.not_published, the refusals of open_witnessed (policy.quorum_missed),
// policy.other_log, ledger.forked.
void judge_quorum(ledger::LedgerSource& source,
                  const ledger::TreeHead& head,
                  const std::optional<std::string>& checkpoint,
                  const ledger::Policy& policy,
                  const ledger::VerifierKey& log_key,
                  OutsideReport& report);

}  // namespace tally::api
