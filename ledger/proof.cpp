#include "ledger/proof.h"

#include <utility>

#include "core/bytes.h"
#include "ledger/lines.h"

namespace tally::ledger {
namespace {

using core::Error;
using core::Refusal;
using core::Result;

constexpr std::string_view first_line = "c2sp.org/tlog-proof@v1";
constexpr std::string_view extra_prefix = "extra ";
constexpr std::string_view index_prefix = "index ";

Error malformed(const std::string& why) {
  return {Refusal::malformed, "proof.malformed", "The proof is malformed: " + why + "."};
}

std::string format(const std::optional<std::string_view>& extra,
                   std::uint64_t index,
                   const std::vector<Hash>& path,
                   std::string_view checkpoint_note) {
  std::string text(first_line);
  text.reserve(128 + (extra ? extra->size() * 4 / 3 : 0) + path.size() * 45 +
               checkpoint_note.size());
  text += '\n';
  if (extra) {
    text += extra_prefix;
    core::append_base64(text, *extra);
    text += '\n';
  }
  text += index_prefix;
  text += std::to_string(index);
  text += '\n';
  for (const Hash& hash : path) {
    core::append_base64(text, hash.view());
    text += '\n';
  }
  text += '\n';
  text += checkpoint_note;
  return text;
}

// The hashes up to the empty line, which is taken too.
std::optional<std::vector<Hash>> take_path(std::string_view& text) {
  std::vector<Hash> path;
  while (auto line = take_line(text)) {
    if (line->empty()) return path;
    auto bytes = core::from_base64(*line);
    auto hash = bytes ? Hash::from_bytes(*bytes) : std::nullopt;
    if (!hash || path.size() == proof_path_max) return std::nullopt;
    path.push_back(*hash);
  }
  return std::nullopt;
}

}  // namespace

std::string format_proof(const TlogProof& proof) {
  return format(proof.extra, proof.index, proof.path, proof.checkpoint_note);
}

Result<TlogProof> parse_proof(std::string_view bytes) {
  if (bytes.size() > note_bytes_max) return malformed("it is longer than 1,000,000 bytes");
  TlogProof proof;
  if (take_line(bytes) != first_line)
    return malformed("its first line is not " + std::string(first_line));
  auto line = take_line(bytes);
  if (line && line->starts_with(extra_prefix)) {
    proof.extra = core::from_base64(line->substr(extra_prefix.size()));
    if (!proof.extra) return malformed("its extra line is no base64");
    line = take_line(bytes);
  }
  if (!line || !line->starts_with(index_prefix)) return malformed("the line `index` is missing");
  auto index = core::parse_decimal(line->substr(index_prefix.size()));
  if (!index) return malformed("its index is no number");
  proof.index = *index;
  auto path = take_path(bytes);
  if (!path) return malformed("its path is not up to 63 hashes in base64 and an empty line");
  proof.path = *std::move(path);
  if (bytes.empty()) return malformed("the checkpoint is missing");
  proof.checkpoint_note = bytes;
  return proof;
}

Result<Checkpoint> verify_proof(const TlogProof& proof,
                                const Hash& leaf,
                                std::string_view origin,
                                const LogKeys& log_keys) {
  auto checkpoint = open_checkpoint(proof.checkpoint_note, origin, log_keys);
  if (!checkpoint) return checkpoint.error();
  const TreeHead& head = checkpoint->head;
  if (!verifies(InclusionProof{proof.index, head.size, proof.path}, leaf, head.root)) {
    return Error{Refusal::invalid, "proof.not_included",
                 "The proof does not lead from this entry at index " + std::to_string(proof.index) +
                     " to the root of the checkpoint of size " + std::to_string(head.size) + "."};
  }
  return checkpoint;
}

std::string format_receipt(std::string_view entry,
                           const InclusionProof& proof,
                           std::string_view checkpoint_note) {
  return format(entry, proof.index, proof.path, checkpoint_note);
}

Result<VerifiedReceipt> verify_receipt(std::string_view bytes, const LogKeys& log_keys) {
  auto proof = parse_proof(bytes);
  if (!proof) return proof.error();
  if (!proof->extra) return malformed("a receipt holds its entry in a line `extra`");
  Hash leaf = hash_leaf(*proof->extra);
  auto checkpoint = verify_proof(*proof, leaf, log_keys.origin(), log_keys);
  if (!checkpoint) return checkpoint.error();
  return VerifiedReceipt{*std::move(proof->extra), leaf, proof->index, *std::move(checkpoint)};
}

}  // namespace tally::ledger
