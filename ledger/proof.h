// Proof files (C2SP tlog-proof, `.tlog-proof`): an inclusion proof with its signed checkpoint.
//
//   c2sp.org/tlog-proof@v1
//   extra <base64>
//   index <index>
//   <base64 of each hash of the path, the leaf's sibling first>
//   <empty line>
//   <the checkpoint, a signed note>
//
// A receipt is such a file whose extra line is the entry: with the log's public key it proves, off
// line and by itself, that the entry stands at that index.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "ledger/checkpoint.h"
#include "ledger/merkle_tree.h"
#include "ledger/note.h"

namespace tally::ledger {

constexpr std::size_t proof_path_max = 63;  // hashes: sizes stay below 2^63

struct TlogProof {
  std::optional<std::string> extra;  // bytes that the file does not vouch for
  std::uint64_t index = 0;
  std::vector<Hash> path;
  std::string checkpoint_note;

  bool operator==(const TlogProof&) const = default;
};

std::string format_proof(const TlogProof& proof);
// Refuses with `proof.malformed`; the note is read when the proof is verified.
core::Result<TlogProof> parse_proof(std::string_view bytes);

// The checkpoint that the proof leads to. Refuses as open_checkpoint does, and with
// `proof.not_included`.
core::Result<Checkpoint> verify_proof(const TlogProof& proof,
                                      const Hash& leaf,
                                      std::string_view origin,
                                      const LogKeys& log_keys);

// `proof` in the tree whose head `checkpoint_note` signs.
std::string format_receipt(std::string_view entry,
                           const InclusionProof& proof,
                           std::string_view checkpoint_note);

struct VerifiedReceipt {
  std::string entry;
  Hash leaf;
  std::uint64_t index = 0;
  Checkpoint checkpoint;
};

// The log's origin is its keys' name. Refuses as parse_proof and verify_proof do, and with
// `proof.malformed` if there is no extra line.
core::Result<VerifiedReceipt> verify_receipt(std::string_view bytes, const LogKeys& log_keys);

}  // namespace tally::ledger
