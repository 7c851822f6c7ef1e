#include "ledger/cose.h"

#include <limits>
#include <utility>
#include <vector>

#include "core/assert.h"
#include "core/signature.h"
#include "ledger/cbor.h"

namespace tally::ledger {
namespace {

using core::Error;
using core::Refusal;
using core::Result;

// Labels of the IANA registries "COSE Header Parameters" and "CWT Claims".
constexpr std::int64_t label_algorithm = 1;
constexpr std::int64_t label_key_id = 4;
constexpr std::int64_t label_claims = 15;
constexpr std::int64_t label_structure = 395;
constexpr std::int64_t label_proofs = 396;
constexpr std::int64_t label_inclusion = -1;
constexpr std::int64_t claim_issuer = 1;
constexpr std::int64_t claim_subject = 2;
constexpr std::uint64_t tag_sign1 = 18;
constexpr std::uint64_t rfc9162_sha256 = 1;
constexpr std::size_t signature_bytes = 64;
constexpr std::uint64_t size_max = std::numeric_limits<std::int64_t>::max();

Error malformed(const std::string& why) {
  return {Refusal::malformed, "cose.malformed", "The COSE receipt is malformed: " + why + "."};
}

Error refused(const char* code, std::string words) {
  return {Refusal::invalid, code, std::move(words)};
}

std::string id_bytes(std::uint32_t id) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8)
    bytes.push_back(static_cast<char>((id >> shift) & 255));
  return bytes;
}

std::string issuer_of(std::string_view origin) { return "https://" + std::string(origin); }

std::string subject_of(const InclusionProof& proof) {
  return "size/" + std::to_string(proof.size) + "/entry/" + std::to_string(proof.index);
}

std::string protected_header(const CoseReceipt& receipt) {
  return encode_cbor(
      Cbor::map({{Cbor::integer(label_algorithm), Cbor::integer(receipt.algorithm)},
                 {Cbor::integer(label_key_id), Cbor::bytes(receipt.key_id)},
                 {Cbor::integer(label_claims),
                  Cbor::map({{Cbor::integer(claim_issuer), Cbor::text(receipt.issuer)},
                             {Cbor::integer(claim_subject), Cbor::text(receipt.subject)}})},
                 {Cbor::integer(label_structure), Cbor::natural(rfc9162_sha256)}}));
}

Cbor proof_item(const InclusionProof& proof) {
  std::vector<Cbor> path;
  path.reserve(proof.path.size());
  for (const Hash& hash : proof.path) path.push_back(Cbor::bytes(hash.view()));
  return Cbor::bytes(encode_cbor(Cbor::array(
      {Cbor::natural(proof.size), Cbor::natural(proof.index), Cbor::array(std::move(path))})));
}

Result<Cbor> parse_item(std::string_view bytes) {
  auto value = parse_cbor(bytes);
  if (!value) return malformed(value.error().message);
  return value;
}

Result<core::Done> read_protected(std::string_view bytes, CoseReceipt& receipt) {
  auto header = parse_item(bytes);
  if (!header) return header.error();
  const Cbor* algorithm = header->find(label_algorithm);
  const Cbor* structure = header->find(label_structure);
  const Cbor* key_id = header->find(label_key_id);
  const Cbor* claims = header->find(label_claims);
  if (!algorithm || !algorithm->as_integer() || !structure || !structure->as_natural())
    return malformed("its protected header names no algorithm or no structure");
  receipt.algorithm = *algorithm->as_integer();
  if (receipt.algorithm != cose_eddsa && receipt.algorithm != cose_ed25519) {
    return refused("cose.unsupported", "The signature is of algorithm " +
                                           std::to_string(receipt.algorithm) +
                                           "; -8 and -19, both Ed25519, are known.");
  }
  if (*structure->as_natural() != rfc9162_sha256) {
    return refused("cose.unsupported",
                   "The receipt is of another verifiable data structure than "
                   "RFC9162_SHA256.");
  }
  const Cbor* issuer = claims ? claims->find(claim_issuer) : nullptr;
  const Cbor* subject = claims ? claims->find(claim_subject) : nullptr;
  bool is_whole = header->map_size() == 4U && key_id && key_id->as_bytes() && claims &&
                  claims->map_size() == 2U && issuer && issuer->as_text() && subject &&
                  subject->as_text();
  if (!is_whole) {
    return malformed(
        "its protected header is not algorithm, key id, issuer and subject, structure");
  }
  receipt.key_id = *key_id->as_bytes();
  receipt.issuer = *issuer->as_text();
  receipt.subject = *subject->as_text();
  return core::Done{};
}

Result<InclusionProof> read_proof(std::string_view bytes) {
  auto item = parse_item(bytes);
  if (!item) return item.error();
  const auto* parts = item->as_array();
  const auto* path = parts && parts->size() == 3 ? (*parts)[2].as_array() : nullptr;
  if (!path || !(*parts)[0].as_natural() || !(*parts)[1].as_natural())
    return malformed("its proof is not size, index and path");
  InclusionProof proof{*(*parts)[1].as_natural(), *(*parts)[0].as_natural(), {}};
  if (proof.size > size_max) return malformed("its size is beyond 2^63 - 1");
  if (path->size() > proof_path_max) return malformed("its path is longer than 63 hashes");
  for (const Cbor& step : *path) {
    auto hash = step.as_bytes() ? Hash::from_bytes(*step.as_bytes()) : std::nullopt;
    if (!hash) return malformed("its path holds something else than hashes of 32 bytes");
    proof.path.push_back(*hash);
  }
  return proof;
}

Result<core::Done> read_unprotected(const Cbor& header, CoseReceipt& receipt) {
  const Cbor* proofs = header.find(label_proofs);
  const Cbor* entry = header.find(cose_entry_label);
  const Cbor* inclusion = proofs ? proofs->find(label_inclusion) : nullptr;
  const auto* list = inclusion ? inclusion->as_array() : nullptr;
  bool is_whole = list && list->size() == 1 && list->front().as_bytes() &&
                  proofs->map_size() == 1U && header.map_size() == (entry ? 2U : 1U) &&
                  (!entry || entry->as_bytes());
  if (!is_whole) return malformed("its other header is not one proof of inclusion and the entry");
  auto proof = read_proof(*list->front().as_bytes());
  if (!proof) return proof.error();
  receipt.proof = *std::move(proof);
  if (entry) receipt.entry = *entry->as_bytes();
  return core::Done{};
}

}  // namespace

std::string format_cose_receipt(const CoseReceipt& receipt) {
  std::vector<Cbor::Member> open = {
      {Cbor::integer(label_proofs),
       Cbor::map({{Cbor::integer(label_inclusion), Cbor::array({proof_item(receipt.proof)})}})}};
  if (receipt.entry) open.push_back({Cbor::integer(cose_entry_label), Cbor::bytes(*receipt.entry)});
  return encode_cbor(Cbor::tagged(
      tag_sign1, Cbor::array({Cbor::bytes(protected_header(receipt)), Cbor::map(std::move(open)),
                              Cbor::null(), Cbor::bytes(receipt.signature)})));
}

Result<CoseReceipt> parse_cose_receipt(std::string_view bytes) {
  if (bytes.size() > cose_bytes_max) return malformed("it is longer than 32 KiB");
  auto value = parse_item(bytes);
  if (!value) return value.error();
  const Cbor* message = value->as_tagged(tag_sign1);
  const auto* parts = message ? message->as_array() : nullptr;
  if (!parts || parts->size() != 4 || !(*parts)[0].as_bytes() || !(*parts)[3].as_bytes())
    return malformed("it is no tagged COSE_Sign1");
  if (!(*parts)[2].is_null()) return malformed("its payload is attached");
  CoseReceipt receipt;
  if (auto read = read_protected(*(*parts)[0].as_bytes(), receipt); !read) return read.error();
  if (auto read = read_unprotected((*parts)[1], receipt); !read) return read.error();
  receipt.signature = *(*parts)[3].as_bytes();
  if (receipt.signature.size() != signature_bytes)
    return malformed("its signature has not 64 bytes");
  return receipt;
}

bool is_cose_receipt(std::string_view bytes) { return bytes.starts_with('\xd2'); }

std::string cose_signed_bytes(const CoseReceipt& receipt, const Hash& root) {
  return encode_cbor(Cbor::array({Cbor::text("Signature1"), Cbor::bytes(protected_header(receipt)),
                                  Cbor::bytes(""), Cbor::bytes(root.view())}));
}

std::string sign_cose_receipt(std::string_view entry,
                              const InclusionProof& proof,
                              const TreeHead& head,
                              const NoteSigner& log) {
  const VerifierKey& key = log.verifier();
  TALLY_ASSERT(key.type == SignatureType::ed25519 && proof.size == head.size);
  TALLY_ASSERT(verifies(proof, hash_leaf(entry), head.root));
  CoseReceipt receipt{.key_id = id_bytes(key.id),
                      .issuer = issuer_of(key.name),
                      .subject = subject_of(proof),
                      .proof = proof,
                      .entry = std::string(entry),
                      .signature = {}};
  receipt.signature = log.key().sign(cose_signed_bytes(receipt, head.root));
  return format_cose_receipt(receipt);
}

// The key that the receipt names.
const VerifierKey* find_key(const LogKeys& log_keys, std::string_view id) {
  for (const VerifierKey& key : log_keys.all()) {
    if (id == id_bytes(key.id)) return &key;
  }
  return nullptr;
}

Result<VerifiedReceipt> verify_cose_receipt(std::string_view bytes, const LogKeys& log_keys) {
  auto receipt = parse_cose_receipt(bytes);
  if (!receipt) return receipt.error();
  if (!receipt->entry) return malformed("it does not hold its entry");
  if (log_keys.all().front().type != SignatureType::ed25519) {
    return refused("checkpoint.wrong_key_type",
                   "The key " + log_keys.origin() + " is a witness's, not a log's.");
  }
  const VerifierKey* found = find_key(log_keys, receipt->key_id);
  if (found == nullptr) {
    return refused("cose.wrong_key",
                   "The receipt names another key than " + log_keys.origin() + ".");
  }
  const VerifierKey& log_key = *found;
  if (receipt->issuer != issuer_of(log_key.name)) {
    return refused("cose.wrong_issuer", "The receipt is by " + receipt->issuer + ", not by " +
                                            issuer_of(log_key.name) + ".");
  }
  if (receipt->subject != subject_of(receipt->proof)) {
    return refused("cose.wrong_subject", "The receipt is signed for " + receipt->subject +
                                             " and proves " + subject_of(receipt->proof) + ".");
  }
  Hash leaf = hash_leaf(*receipt->entry);
  auto root = root_of(receipt->proof, leaf);
  if (!root) {
    return refused("cose.not_included",
                   "The path fits no entry " + std::to_string(receipt->proof.index) +
                       " in a tree of size " + std::to_string(receipt->proof.size) + ".");
  }
  if (!core::signature_verifies(log_key.public_key, cose_signed_bytes(*receipt, *root),
                                receipt->signature)) {
    return refused("cose.bad_signature",
                   "The log's key did not sign the root that this entry and this path lead to.");
  }
  return VerifiedReceipt{*std::move(receipt->entry), leaf, receipt->proof.index,
                         Checkpoint{log_key.name, {receipt->proof.size, *root}}};
}

}  // namespace tally::ledger
