// `tallystick verify BUNDLE`: the evidence of a contract, checked offline.
#pragma once

#include <string>

#include "api/cli/cli.h"
#include "core/result.h"
#include "ledger/note.h"

namespace tally::api {

// The file's first bytes are those of evidence (space/evidence/evidence.h).
bool is_evidence(const std::string& path);

// Prints what the file shows. Refusals: those of space::EvidenceCheck; file.unreadable;
// evidence.stale_attestation too when the attestation stands before entry `attested_from`.
core::Result<core::Done> verify_evidence(const std::string& path,
                                         const ledger::VerifierKey& key,
                                         std::uint64_t attested_from,
                                         bool json,
                                         Terminal& terminal);

}  // namespace tally::api
