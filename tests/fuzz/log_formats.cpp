// The text formats of logs: notes, checkpoints, proofs, keys, policies, requests to witnesses.
#include <vector>

#include "core/assert.h"
#include "core/signature.h"
#include "fuzz/targets.h"
#include "ledger/add_checkpoint.h"
#include "ledger/checkpoint.h"
#include "ledger/note.h"
#include "ledger/policy.h"
#include "ledger/proof.h"

namespace tally::fuzz {
namespace {

using namespace ledger;

// Of the log that wrote the corpus, so that its signatures are reached and judged.
const VerifierKey& log_key() {
  static const VerifierKey key =
      *parse_vkey("dataspace.example/ledger+133997fb+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4");
  return key;
}
const VerifierKey& witness_key() {
  static const VerifierKey key =
      *parse_vkey("witness.example/w1+20324abe+BCmsuuFBvMrwsi4alNNNC8c2HlJtC/4SyJeUvJMilm3X");
  return key;
}

template <class T>
void has_code(const core::Result<T>& refused) {
  TALLY_ASSERT(!refused.error().code.empty() && !refused.error().message.empty());
}

}  // namespace

void note(std::string_view bytes) {
  auto parsed = parse_note(bytes);
  if (!parsed) return has_code(parsed);
  TALLY_ASSERT(format_note(*parsed) == bytes);
  TALLY_ASSERT(is_note_text(parsed->text) && !parsed->signatures.empty());
  const VerifierKey keys[] = {log_key(), witness_key()};
  auto verified = verify_note(*parsed, keys);
  if (!verified) return has_code(verified);
  TALLY_ASSERT(verified->size() <= 2);
}

void checkpoint(std::string_view bytes) {
  if (auto parsed = parse_checkpoint(bytes)) {
    TALLY_ASSERT(format_checkpoint(*parsed) == bytes);
  } else {
    has_code(parsed);
  }
  auto opened = open_checkpoint(bytes, log_key().name, log_key());
  if (!opened) return has_code(opened);
  TALLY_ASSERT(bytes.starts_with(format_checkpoint(*opened) + "\n"));
}

void proof(std::string_view bytes) {
  auto parsed = parse_proof(bytes);
  auto verified = verify_receipt(bytes, log_key());
  if (!parsed) {
    has_code(parsed);
    TALLY_ASSERT(!verified);
    return;
  }
  TALLY_ASSERT(format_proof(*parsed) == bytes);
  if (!verified) return has_code(verified);
  TALLY_ASSERT(verified->entry == parsed->extra && verified->index == parsed->index);
  TALLY_ASSERT(verified->index < verified->checkpoint.head.size);
}

void vkey(std::string_view bytes) {
  auto parsed = parse_vkey(bytes);
  if (!parsed) return has_code(parsed);
  TALLY_ASSERT(format_vkey(*parsed) == bytes && is_key_name(parsed->name));
}

void policy(std::string_view bytes) {
  auto parsed = parse_policy(bytes);
  if (!parsed) return has_code(parsed);
  auto witnesses = parsed->witness_keys();
  std::vector<core::Hash> everyone;
  for (const auto& key : witnesses) everyone.push_back(key.public_key);
  TALLY_ASSERT(witnesses.size() == parsed->witnesses.size());
  TALLY_ASSERT(makes_quorum(*parsed, everyone));
  TALLY_ASSERT(makes_quorum(*parsed, {}) == !parsed->needs_witnesses());
  auto twice = everyone;
  twice.insert(twice.end(), everyone.begin(), everyone.end());
  TALLY_ASSERT(makes_quorum(*parsed, twice));
}

void add_checkpoint(std::string_view bytes) {
  auto parsed = parse_add_checkpoint(bytes);
  if (parsed) {
    TALLY_ASSERT(format_add_checkpoint(*parsed) == bytes);
  } else {
    has_code(parsed);
  }
  if (auto size = parse_tlog_size(bytes)) TALLY_ASSERT(format_tlog_size(*size) == bytes);
  auto line = read_cosignature(bytes, "dataspace.example/ledger\n1\n", witness_key());
  if (!line) has_code(line);
}

}  // namespace tally::fuzz
