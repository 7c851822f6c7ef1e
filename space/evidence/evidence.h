// Evidence about a contract: one file with all of its entries up to an attestation, each proved to be in
// the log, and with what they rest on. It can be checked offline with the log's public key alone.
//
// A file of lines, each canonical JSON:
//
//   {"checkpoint":"<signed note>","contract":"ctr_..","format":"tallystick/evidence/v1"}
//   {"document":{..}}                       the contract as it was signed; its termination and
//                                           confirmations, each before its entry
//   {"entry":{..},"path":["<64 hex>",..]}   the registrations of both parties: their keys
//   {"entry":{..},"path":["<64 hex>",..]}   the contract's entries, from its offer to the attestation,
//                                           and those that added or retired a key of a party, in the
//                                           ledger's order
//
// `path` is the RFC 6962 inclusion proof of the entry in the tree of the checkpoint; its index is the
// entry's own `seq`.
//
// Written in constant memory. What it proves, and what no part of a ledger can: evidence_check.h,
// docs/evidence.md.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/sql/session.h"
#include "ledger/checkpoint.h"
#include "ledger/tile.h"
#include "space/contracts/contract_tables.h"
#include "space/parties/principal.h"

namespace tally::space {

inline constexpr std::string_view evidence_format = "tallystick/evidence/v1";

// Makes the file piece by piece, each in a snapshot of its own: what was appended before does not
// change. Entries are looked for where the contract lived, in the ledger itself.
class EvidenceWriter {
 public:
  // Refusals: contract.not_found (also for who is no party of it), contract.not_attested (conflict:
  // there is no attestation within the checkpoint), contract.carried (conflict: it, or a party of it, began
  // in a ledger that this one continues).
  static core::Result<EvidenceWriter> open(core::sql::Session& session,
                                           const Principal& caller,
                                           const ContractId& id,
                                           std::string checkpoint_note);

  // The next lines; false when all have been given.
  bool next(core::sql::Session& session, std::string& lines);

 private:
  EvidenceWriter() = default;

  std::string entry_line(const ledger::TileSubtrees& subtrees,
                         std::string_view entry,
                         std::uint64_t seq) const;
  std::string head_lines(core::sql::Session& session);
  void add_entries(core::sql::Session& session, std::uint64_t bundle, std::string& lines);

  ContractRow contract_;
  std::string note_;
  std::uint64_t size_ = 0;                  // of the checkpoint's tree
  std::uint64_t bundle_ = 0;                // the next to look through
  std::uint64_t last_ = 0;                  // the attestation's entry
  std::vector<std::uint64_t> key_entries_;  // of the parties' keys, up to the attestation
  bool has_begun_ = false;
};

}  // namespace tally::space
