// Files that are wrong in one way each, and a few that are right: what the program must say to each.
//
// The cases are made by code, so that each stays wrong in its one way and everything else about it is
// right: where a signature does not matter to the mistake, the log has signed the mistake.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ledger/merkle_tree.h"
#include "ledger/note.h"

namespace tally::corpus {

struct Case {
  std::string kind;  // which parser or verifier it is for: a folder
  std::string name;
  std::string code;  // that it is refused with; empty: it is accepted
  std::string words;
  std::string bytes;
};
using Cases = std::vector<Case>;

// Adds cases of one kind, most of them a good file with one part replaced.
class Shelf {
 public:
  Shelf(Cases& cases, std::string kind) : cases_(cases), kind_(std::move(kind)) {}
  void add(std::string name, std::string code, std::string words, std::string bytes) {
    cases_.push_back({kind_, std::move(name), std::move(code), std::move(words), std::move(bytes)});
  }

 private:
  Cases& cases_;
  std::string kind_;
};

// `text` with the first `from` replaced, which must be there.
std::string with(std::string text, std::string_view from, std::string_view to);

// A log of ten entries, under a key that everyone knows.
class SmallLog {
 public:
  SmallLog();
  const ledger::NoteSigner& signer() const { return signer_; }
  const std::string& entry(std::size_t index) const { return entries_[index]; }
  ledger::InclusionProof proof(std::uint64_t index, std::uint64_t size = 10) const;
  ledger::TreeHead head(std::uint64_t size = 10) const;
  std::string checkpoint_text(std::uint64_t size = 10) const;
  std::string receipt(std::uint64_t index, std::uint64_t size = 10) const;

 private:
  ledger::NoteSigner signer_;
  std::vector<std::string> entries_;
};
ledger::NoteSigner signer_of(std::string_view name, unsigned first_byte_of_seed);

void add_receipts(Cases& cases);     // tlog-proof files, verified
void add_cose(Cases& cases);         // COSE receipts, verified
void add_witnessed(Cases& cases);    // tlog-proof files, verified by a policy
void add_checkpoints(Cases& cases);  // checkpoint notes, opened
void add_tiles(Cases& cases);        // paths and bundles
void add_texts(Cases& cases);        // JSON, entries, policies, keys
void add_requests(Cases& cases);     // notes, requests to witnesses, CBOR, contracts, HTTP
void add_evidence(Cases& cases);     // evidence about a contract, checked
Cases all_cases();

// What our code says to it: the code of its refusal, or nothing.
std::string judge(const Case& item);

}  // namespace tally::corpus
