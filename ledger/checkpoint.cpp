#include "ledger/checkpoint.h"

#include <algorithm>
#include <cstdint>
#include <limits>

#include "core/assert.h"
#include "core/bytes.h"
#include "ledger/lines.h"

namespace tally::ledger {
namespace {

using core::Error;
using core::Refusal;
using core::Result;

Error malformed(const std::string& why) {
  return {Refusal::malformed, "checkpoint.malformed", "The checkpoint is malformed: " + why + "."};
}

bool is_line(std::string_view line) {
  return !line.empty() && line.find('\n') == std::string_view::npos;
}

}  // namespace

bool is_origin(std::string_view line) { return is_line(line) && line != "cosignature/v1"; }

std::string format_checkpoint(const Checkpoint& checkpoint) {
  TALLY_ASSERT(is_origin(checkpoint.origin));
  TALLY_ASSERT(checkpoint.head.size <= std::uint64_t{std::numeric_limits<std::int64_t>::max()});
  std::string text = checkpoint.origin + "\n" + std::to_string(checkpoint.head.size) + "\n";
  core::append_base64(text, checkpoint.head.root.view());
  text += '\n';
  for (const std::string& extension : checkpoint.extensions) {
    TALLY_ASSERT(is_line(extension));
    text += extension + "\n";
  }
  return text;
}

Result<Checkpoint> parse_checkpoint(std::string_view text) {
  if (!is_note_text(text))
    return malformed("it is no UTF-8 text in lines, or holds control characters");
  Checkpoint checkpoint;
  auto origin = take_line(text);
  if (!origin || !is_origin(*origin)) return malformed("its first line names no log");
  checkpoint.origin = *origin;
  auto size_line = take_line(text);
  auto size = size_line ? core::parse_decimal(*size_line) : std::nullopt;
  if (!size) return malformed("its second line is no size");
  checkpoint.head.size = *size;
  auto root_line = take_line(text);
  auto root_bytes = root_line ? core::from_base64(*root_line) : std::nullopt;
  auto root = root_bytes ? Hash::from_bytes(*root_bytes) : std::nullopt;
  if (!root) return malformed("its third line is no hash of 32 bytes in base64");
  checkpoint.head.root = *root;
  while (auto extension = take_line(text)) {
    if (extension->empty()) return malformed("a line is empty");
    checkpoint.extensions.emplace_back(*extension);
  }
  return checkpoint;
}

std::string sign_checkpoint(const Checkpoint& checkpoint, const NoteSigner& log) {
  return sign_note(format_checkpoint(checkpoint), log);
}

Result<Checkpoint> open_checkpoint(std::string_view note_bytes,
                                   std::string_view origin,
                                   const LogKeys& log_keys) {
  if (log_keys.all().front().type != SignatureType::ed25519) {
    return Error{Refusal::invalid, "checkpoint.wrong_key_type",
                 "The key " + log_keys.origin() + " is a witness's, not a log's."};
  }
  auto note = parse_note(note_bytes);
  if (!note) return note.error();
  auto signatures = verify_note(*note, log_keys.all());
  if (!signatures) return signatures.error();
  auto checkpoint = parse_checkpoint(note->text);
  if (!checkpoint) return checkpoint.error();
  if (checkpoint->origin != origin) {
    return Error{Refusal::invalid, "checkpoint.wrong_origin",
                 "The checkpoint is of the log " + checkpoint->origin + ", not of " +
                     std::string(origin) + "."};
  }
  return checkpoint;
}

}  // namespace tally::ledger
