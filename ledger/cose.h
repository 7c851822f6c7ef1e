// COSE receipts of inclusion (RFC 9942, structure RFC9162_SHA256), `.cose`: the same proof as a
// `.tlog-proof`, for readers that speak COSE.
//
//   18([ << {1: -8, 4: <key id, 4 bytes>, 15: {1: "https://<origin>", 2: "size/<n>/entry/<i>"},
//            395: 1} >>,
//        {396: {-1: [<< [<n>, <i>, [<hash>, ..]] >>]}, -70001: <the entry>},
//        null,
//        <Ed25519, 64 bytes> ])
//
// The payload is the root of the tree of n entries. It is detached: whoever verifies computes it from
// entry and path, so that no signature is taken for a proof. RFC 9942 leaves the size unsigned, and
// there are roots that two sizes share a path to; the subject (a CWT claim, RFC 9597) binds size and
// index, so that two receipts of one size and different roots convict the log.
//
// The entry stands in a header for private use, which other readers skip: with it the file proves by
// itself. It is vouched for by the proof, not by where it stands.
//
// The log's key signs checkpoints and these. No bytes are both: a checkpoint is UTF-8, and what is
// signed here (Sig_structure, RFC 9052 section 4.4) begins with 0x84, which begins no UTF-8.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/result.h"
#include "ledger/log_keys.h"
#include "ledger/merkle_tree.h"
#include "ledger/note.h"
#include "ledger/proof.h"

namespace tally::ledger {

constexpr std::size_t cose_bytes_max = 32 * 1024;
// Both are Ed25519: what verifiers in the field know (RFC 9053), and its new name (RFC 9864).
constexpr std::int64_t cose_eddsa = -8;
constexpr std::int64_t cose_ed25519 = -19;
constexpr std::int64_t cose_entry_label = -70001;

struct CoseReceipt {
  std::int64_t algorithm = cose_eddsa;
  std::string key_id;
  std::string issuer;
  std::string subject;
  InclusionProof proof;
  std::optional<std::string> entry = {};
  std::string signature;

  bool operator==(const CoseReceipt&) const = default;
};

std::string format_cose_receipt(const CoseReceipt& receipt);
// Refuses with `cose.malformed` whatever is not of the form above byte for byte, the payload's place
// included, and with `cose.unsupported` another algorithm or structure.
core::Result<CoseReceipt> parse_cose_receipt(std::string_view bytes);

// True if a file that starts so is a COSE receipt and no .tlog-proof.
bool is_cose_receipt(std::string_view bytes);

// What the signature is over, for a root.
std::string cose_signed_bytes(const CoseReceipt& receipt, const Hash& root);

// Precondition: `proof` leads from the entry to `head`, and the log has signed no other root of that
// size; the caller sees to that.
std::string sign_cose_receipt(std::string_view entry,
                              const InclusionProof& proof,
                              const TreeHead& head,
                              const NoteSigner& log);

// Refuses as parse_cose_receipt does, and, in this order: `cose.malformed` if it holds no entry,
// `checkpoint.wrong_key_type`, `cose.wrong_key`, `cose.wrong_issuer`, `cose.wrong_subject`,
// `cose.not_included` if the path fits no tree of that size, `cose.bad_signature`. As the root is
// computed, an entry or path that was changed shows as the last.
core::Result<VerifiedReceipt> verify_cose_receipt(std::string_view bytes, const LogKeys& log_keys);

}  // namespace tally::ledger
