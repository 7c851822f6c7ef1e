// Checkpoints (C2SP tlog-checkpoint): a tree head as the text of a signed note.
//
//   <origin, which names the log>
//   <size>
//   <base64 of the root>
//   <extension lines, if any>
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "ledger/log_keys.h"
#include "ledger/merkle_tree.h"
#include "ledger/note.h"

namespace tally::ledger {

struct Checkpoint {
  std::string origin;
  TreeHead head;
  std::vector<std::string> extensions = {};

  bool operator==(const Checkpoint&) const = default;
};

// A line that may name a log: any but `cosignature/v1`, which would let a log's signature pass for
// a witness's.
bool is_origin(std::string_view line);

// Preconditions: is_origin(origin), size below 2^63, extensions not empty and without newlines.
std::string format_checkpoint(const Checkpoint& checkpoint);
// Refuses with `checkpoint.malformed`.
core::Result<Checkpoint> parse_checkpoint(std::string_view text);

// The note, signed by the log. A log never signs two checkpoints that are inconsistent; the caller
// sees to that.
std::string sign_checkpoint(const Checkpoint& checkpoint, const NoteSigner& log);

// The checkpoint of the log `origin` if one of its keys signed it. Refuses as parse_note, verify_note and
// parse_checkpoint do, with `checkpoint.wrong_origin`, and with `checkpoint.wrong_key_type` if the
// key is a witness's: who saw a log does not speak for it.
core::Result<Checkpoint> open_checkpoint(std::string_view note_bytes,
                                         std::string_view origin,
                                         const LogKeys& log_keys);

}  // namespace tally::ledger
