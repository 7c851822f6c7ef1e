// `tallystick verify EVIDENCE`: the evidence of a contract, checked offline.
#pragma once

#include <cstdint>
#include <string>

#include "api/cli/cli.h"
#include "core/result.h"
#include "space/evidence/evidence_check.h"

namespace tally::api {

// The file's first bytes are those of evidence (space/evidence/evidence.h).
bool is_evidence(const std::string& path);

// Prints what the file shows, and what it cannot; answers exit_done, or exit_partly when it holds entries of
// kinds that this program does not know. Refusals: those of space::EvidenceCheck; file.unreadable;
// evidence.stale_attestation too when the attestation stands before entry `attested_from`.
core::Result<int> verify_evidence(const std::string& path,
                                  space::EvidenceCheck& check,
                                  std::uint64_t attested_from,
                                  bool json,
                                  Terminal& terminal);

}  // namespace tally::api
