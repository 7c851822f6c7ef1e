// What a database says beside the ledger, held against the commitments in the entries.
#pragma once

#include <string>
#include <string_view>

#include "core/sql/session.h"
#include "ledger/conduct.h"

namespace tally::space {

// Whether this value under this salt is what was committed to (32 bytes).
bool opens(std::string_view salt, std::string_view value, std::string_view commitment);

// A finding about a row, with the contract that it belongs to, if any.
ledger::ConductFinding about_row(std::string code,
                                 const std::string& row,
                                 const std::string& contract,
                                 const std::string& words,
                                 std::string expected = "",
                                 std::string found = "");

// The replay keeps what a manifest's entry commits to, and the salt that stands there. Version 0 is
// the dataset's own manifest.
void note_manifest(ledger::Replay& replay,
                   std::string_view dataset,
                   std::uint64_t version,
                   std::string_view salt,
                   std::string_view commitment_hex);

// The manifests of datasets and versions. Findings: opening.differs; opening.missing, as no entry
// erases them.
void check_manifests(ledger::Replay& replay, core::sql::Session& database);

extern const core::sql::Sql manifest_tables;

}  // namespace tally::space
