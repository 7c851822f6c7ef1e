#include "core/assert.h"
#include "core/bytes.h"
#include "core/signature.h"
#include "corpus/corpus.h"
#include "ledger/checkpoint.h"
#include "ledger/proof.h"
#include "ledger/reference_tree.h"

namespace tally::corpus {
namespace {

ledger::test::ReferenceTree tree_of(const std::vector<std::string>& entries) {
  ledger::test::ReferenceTree tree;
  for (const auto& entry : entries) tree.append(ledger::hash_leaf(entry));
  return tree;
}

}  // namespace

std::string with(std::string text, std::string_view from, std::string_view to) {
  std::size_t at = text.find(from);
  TALLY_ASSERT(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

ledger::NoteSigner signer_of(std::string_view name, unsigned first_byte_of_seed) {
  core::Hash seed;
  for (unsigned i = 0; i < 32; ++i)
    seed.bytes[i] = static_cast<std::uint8_t>(first_byte_of_seed + i);
  return ledger::NoteSigner(std::string(name), core::SigningKey::from_seed(seed));
}

SmallLog::SmallLog() : signer_(signer_of("dataspace.example/ledger", 0)) {
  core::Hash before;
  for (int i = 0; i < 10; ++i) {
    std::string number = std::to_string(i);
    entries_.push_back("{\"at\":170000000000" + number + ",\"body\":{\"number\":" + number +
                       ",\"salt\":\"000102030405060708090a0b0c0d0e0f\"},\"by\":\"act_1\","
                       "\"kind\":\"test.noted/1\",\"prev\":\"" +
                       core::to_hex(before) + "\",\"seq\":" + number + "}");
    before = ledger::hash_leaf(entries_.back());
  }
}

ledger::InclusionProof SmallLog::proof(std::uint64_t index, std::uint64_t size) const {
  return ledger::prove_inclusion(tree_of(entries_), index, size);
}

ledger::TreeHead SmallLog::head(std::uint64_t size) const {
  return {size, tree_of(entries_).root(size)};
}

std::string SmallLog::checkpoint_text(std::uint64_t size) const {
  return ledger::format_checkpoint({signer_.verifier().name, head(size)});
}

std::string SmallLog::receipt(std::uint64_t index, std::uint64_t size) const {
  return ledger::format_receipt(entry(index), proof(index, size),
                                ledger::sign_note(checkpoint_text(size), signer_));
}

Cases all_cases() {
  Cases cases;
  add_receipts(cases);
  add_cose(cases);
  add_witnessed(cases);
  add_checkpoints(cases);
  add_tiles(cases);
  add_texts(cases);
  add_requests(cases);
  add_evidence(cases);
  return cases;
}

}  // namespace tally::corpus
