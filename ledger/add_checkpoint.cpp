#include "ledger/add_checkpoint.h"

#include <utility>

#include "core/bytes.h"
#include "ledger/lines.h"

namespace tally::ledger {
namespace {

using core::Error;
using core::Refusal;
using core::Result;

constexpr std::string_view old_prefix = "old ";

Error malformed(const std::string& why) {
  return {Refusal::malformed, "add_checkpoint.malformed",
          "The request to add a checkpoint is malformed: " + why + "."};
}

std::optional<Hash> hash_of(std::string_view line) {
  auto bytes = core::from_base64(line);
  return bytes ? Hash::from_bytes(*bytes) : std::nullopt;
}

}  // namespace

std::string format_add_checkpoint(const AddCheckpoint& request) {
  std::string body(old_prefix);
  body += std::to_string(request.old_size) + "\n";
  for (const Hash& hash : request.proof) {
    core::append_base64(body, hash.view());
    body += '\n';
  }
  body += '\n';
  return body + request.note;
}

Result<AddCheckpoint> parse_add_checkpoint(std::string_view body) {
  if (body.size() > add_checkpoint_bytes_max) return malformed("it is longer than 65,536 bytes");
  AddCheckpoint request;
  auto first = take_line(body);
  if (!first || !first->starts_with(old_prefix)) return malformed("it does not begin with `old `");
  auto old_size = core::parse_decimal(first->substr(old_prefix.size()));
  if (!old_size) return malformed("its old size is no decimal number");
  request.old_size = *old_size;
  while (true) {
    auto line = take_line(body);
    if (!line) return malformed("no empty line ends its proof");
    if (line->empty()) break;
    if (request.proof.size() == consistency_path_max)
      return malformed("its proof has more than 63 hashes");
    auto hash = hash_of(*line);
    if (!hash) {
      return malformed("line " + std::to_string(request.proof.size() + 2) +
                       " is no hash of 32 bytes in base64");
    }
    request.proof.push_back(*hash);
  }
  request.note = body;
  return request;
}

std::string format_tlog_size(std::uint64_t size) { return std::to_string(size) + "\n"; }

std::optional<std::uint64_t> parse_tlog_size(std::string_view body) {
  if (!body.ends_with('\n')) return std::nullopt;
  body.remove_suffix(1);
  return core::parse_decimal(body);
}

Result<VerifiedSignature> read_cosignature(std::string_view body,
                                           std::string_view checkpoint_text,
                                           const VerifierKey& witness) {
  // A note of these lines, so that there is one parser of signature lines.
  auto note = parse_note(std::string(checkpoint_text) + "\n" + std::string(body));
  if (!note || note->text != checkpoint_text) {
    return Error{Refusal::malformed, "cosignature.malformed",
                 "The answer of " + witness.name + " is no list of signature lines."};
  }
  auto signatures = verify_note(*note, {&witness, 1});
  if (signatures) return std::move(signatures->front());
  if (signatures.error().code == "note.bad_signature") {
    return Error{Refusal::invalid, "cosignature.wrong",
                 "The cosignature of " + witness.name + " does not verify."};
  }
  return Error{Refusal::invalid, "cosignature.not_by_witness",
               "No line of the answer is by the key of " + witness.name + "."};
}

}  // namespace tally::ledger
