// The request of a log to its witness (C2SP tlog-witness, `POST <prefix>/add-checkpoint`):
//
//   old <size>
//   <base64 of each hash of the consistency proof, 0 to 63>
//   <empty line>
//   <the checkpoint, a signed note>
//
// and the bodies of its answers. Both roles read and write them here; all of it is pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "ledger/merkle_tree.h"
#include "ledger/note.h"

namespace tally::ledger {

constexpr std::size_t add_checkpoint_bytes_max = 64 * 1024;
constexpr std::size_t consistency_path_max = 63;  // hashes
// What a witness may answer: signature lines, one for each of its keys.
constexpr std::size_t witness_answer_bytes_max = 16 * 1024;
// The type of a 409's body, which is the size that the witness holds.
constexpr std::string_view tlog_size_type = "text/x.tlog.size";

struct AddCheckpoint {
  std::uint64_t old_size = 0;
  std::vector<Hash> proof;
  std::string note;

  bool operator==(const AddCheckpoint&) const = default;
};

std::string format_add_checkpoint(const AddCheckpoint& request);
// Refuses with `add_checkpoint.malformed`; the note is read by whoever judges it.
core::Result<AddCheckpoint> parse_add_checkpoint(std::string_view body);

// `<size>\n`.
std::string format_tlog_size(std::uint64_t size);
std::optional<std::uint64_t> parse_tlog_size(std::string_view body);

// The cosignature by `witness` among the lines of a 200. Lines by other keys, one of its others
// maybe, are ignored. Refuses with `cosignature.malformed`, `cosignature.not_by_witness` (no line by
// that key) and `cosignature.wrong` (it does not verify over the text).
core::Result<VerifiedSignature> read_cosignature(std::string_view body,
                                                 std::string_view checkpoint_text,
                                                 const VerifierKey& witness);

}  // namespace tally::ledger
