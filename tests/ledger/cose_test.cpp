#include "ledger/cose.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "core/bytes.h"
#include "core/hash.h"
#include "core/signature.h"
#include "ledger/cbor.h"
#include "ledger/checkpoint.h"
#include "ledger/reference_tree.h"

using namespace tally::ledger;
using namespace tally::ledger::test;
using tally::core::from_hex;
using tally::core::SigningKey;
using tally::core::to_hex;

namespace {

const std::string origin = "dataspace.example/ledger";

Hash seed_from(unsigned first) {
  Hash seed;
  for (unsigned i = 0; i < 32; ++i) seed.bytes[i] = static_cast<std::uint8_t>(first + i);
  return seed;
}

NoteSigner log_signer() { return NoteSigner(origin, SigningKey::from_seed(seed_from(0))); }

ReferenceTree tree_of_digits() {
  ReferenceTree tree;
  for (int i = 0; i < 10; ++i) tree.append(hash_leaf(std::to_string(i)));
  return tree;
}

std::string receipt_of(std::uint64_t index, std::uint64_t size = 10) {
  auto tree = tree_of_digits();
  return sign_cose_receipt(std::to_string(index), prove_inclusion(tree, index, size),
                           {size, tree.root(size)}, log_signer());
}

std::string refusal(std::string_view receipt, const VerifierKey& key = log_signer().verifier()) {
  auto verified = verify_cose_receipt(receipt, key);
  return verified ? "" : verified.error().code;
}

// The log's signature over a receipt that nobody should sign.
std::string signed_anew(CoseReceipt receipt) {
  auto root = root_of(receipt.proof, hash_leaf(*receipt.entry));
  receipt.signature = log_signer().key().sign(cose_signed_bytes(receipt, root.value_or(Hash{})));
  return format_cose_receipt(receipt);
}

}  // namespace

TEST_CASE("cose: the published vector is made and read byte for byte") {
  // Entry 6 of 10, made by another program; its subject binds no size.
  const std::string vector =
      "d284583ba401270444133997fb0fa201782068747470733a2f2f6461746173706163652e6578616d706c652f6c65"
      "646765720267656e7472792f3619018b01a119018ca12081588c830a06845820797427cf8368051fe7b8e3e9d5ad"
      "e9c5bc9d0cf96f4f3fad2a1e1d78483681885820d2737dce8a7df1d7d5cf4d5f52d274802c71bfe20a2e078682e7"
      "1c182d398c9058209f4a3fc20d4162dc37d4e23d907848731a76043ffff6d69288bf1abfbcff478e5820083f26cb"
      "62e982bf2dee404ad94736c02b0fe4ec2fc3d3281f4c0f410d740462f6584095f84d44135a0ba489592ab45d898a"
      "62e7208790190899517954d3b21da997287d9cdf50af989485e8639daf594bbc723b5d68baeef268c8b57b15ea2b"
      "6b960c";
  auto tree = tree_of_digits();
  auto log = log_signer();
  CoseReceipt receipt{.key_id = *from_hex("133997fb"),
                      .issuer = "https://" + origin,
                      .subject = "entry/6",
                      .proof = prove_inclusion(tree, 6, 10),
                      .signature = {}};
  std::string to_sign = cose_signed_bytes(receipt, tree.root(10));
  CHECK(to_hex(tally::core::sha256(to_sign)) ==
        "ddf4ef1ff39f718db2f3e9ae4438bb718807cb704a25d4e9661555b078367ca8");
  receipt.signature = log.key().sign(to_sign);
  CHECK(to_hex(format_cose_receipt(receipt)) == vector);
  auto parsed = parse_cose_receipt(*from_hex(vector));
  REQUIRE(parsed);
  CHECK(*parsed == receipt);
  CHECK(refusal(*from_hex(vector)) == "cose.malformed");  // it holds no entry
  receipt.entry = "6";
  CHECK(refusal(format_cose_receipt(receipt)) == "cose.wrong_subject");
}

TEST_CASE("cose: a receipt proves the entry that it holds, for every entry and size") {
  auto key = log_signer().verifier();
  auto tree = tree_of_digits();
  for (std::uint64_t size = 1; size <= 10; ++size) {
    for (std::uint64_t i = 0; i < size; ++i) {
      std::string bytes = receipt_of(i, size);
      CHECK(is_cose_receipt(bytes));
      auto parsed = parse_cose_receipt(bytes);
      REQUIRE(parsed);
      CHECK(format_cose_receipt(*parsed) == bytes);
      auto verified = verify_cose_receipt(bytes, key);
      REQUIRE(verified);
      CHECK(verified->entry == std::to_string(i));
      CHECK(verified->leaf == hash_leaf(verified->entry));
      CHECK(verified->index == i);
      CHECK(verified->checkpoint == Checkpoint{origin, {size, tree.root(size)}});
    }
  }
}

TEST_CASE("cose: Ed25519 under its new number is taken, another algorithm is not") {
  auto receipt = *parse_cose_receipt(receipt_of(6));
  receipt.algorithm = cose_ed25519;
  CHECK(refusal(signed_anew(receipt)) == "");
  receipt.algorithm = -7;
  CHECK(refusal(signed_anew(receipt)) == "cose.unsupported");
  // Two spellings of one algorithm are no two spellings of one receipt.
  receipt = *parse_cose_receipt(receipt_of(6));
  receipt.algorithm = cose_ed25519;
  CHECK(refusal(format_cose_receipt(receipt)) == "cose.bad_signature");
}

TEST_CASE("cose: what the log signed is refused when it says something else than it proves") {
  auto with = [](auto change) {
    auto receipt = *parse_cose_receipt(receipt_of(6));
    change(receipt);
    return refusal(signed_anew(receipt));
  };
  CHECK(with([](CoseReceipt&) {}) == "");
  CHECK(with([](auto& r) { r.key_id = "\x13\x39\x97\xfc"; }) == "cose.wrong_key");
  CHECK(with([](auto& r) { r.key_id += '\0'; }) == "cose.wrong_key");
  CHECK(with([](auto& r) { r.issuer = origin; }) == "cose.wrong_issuer");
  CHECK(with([](auto& r) { r.issuer += "/"; }) == "cose.wrong_issuer");
  CHECK(with([](auto& r) { r.subject = "size/10/entry/7"; }) == "cose.wrong_subject");
  CHECK(with([](auto& r) { r.subject = "size/010/entry/6"; }) == "cose.wrong_subject");
  CHECK(with([](auto& r) { r.proof.index = 7; }) == "cose.wrong_subject");
  CHECK(with([](auto& r) { r.proof.size = 11; }) == "cose.wrong_subject");
  CHECK(with([](auto& r) { r.proof.path.pop_back(); }) == "cose.not_included");
  CHECK(with([](auto& r) { r.proof.path.push_back(Hash{}); }) == "cose.not_included");
  CHECK(with([](auto& r) {
          r.proof.index = 10;
          r.subject = "size/10/entry/10";
        }) == "cose.not_included");
  CHECK(with([](auto& r) {
          r.proof = {0, 0, {}};
          r.subject = "size/0/entry/0";
        }) == "cose.not_included");
}

TEST_CASE("cose: a size that shares the path and the root with another is bound by the subject") {
  // Entry 0 in trees of 3 and 4 leaves climbs the same steps.
  ReferenceTree tree;
  for (int i = 0; i < 4; ++i) tree.append(hash_leaf(std::to_string(i)));
  auto proof = prove_inclusion(tree, 0, 4);
  InclusionProof smaller{0, 3, proof.path};
  REQUIRE(root_of(smaller, hash_leaf("0")) == tree.root(4));
  auto receipt =
      *parse_cose_receipt(sign_cose_receipt("0", proof, {4, tree.root(4)}, log_signer()));
  receipt.proof = smaller;
  CHECK(refusal(format_cose_receipt(receipt)) == "cose.wrong_subject");
  receipt.subject = "size/3/entry/0";
  CHECK(refusal(format_cose_receipt(receipt)) == "cose.bad_signature");
}

TEST_CASE("cose: other keys are refused") {
  NoteSigner stranger(origin, SigningKey::from_seed(seed_from(7)));
  CHECK(refusal(receipt_of(6), stranger.verifier()) == "cose.wrong_key");
  NoteSigner elsewhere("other.example/log", SigningKey::from_seed(seed_from(0)));
  CHECK(refusal(receipt_of(6), elsewhere.verifier()) == "cose.wrong_key");
  NoteSigner witness(origin, SigningKey::from_seed(seed_from(0)), SignatureType::cosignature);
  CHECK(refusal(receipt_of(6), witness.verifier()) == "checkpoint.wrong_key_type");
  // A key that shares the short id is refused by the signature.
  VerifierKey twin = stranger.verifier();
  twin.id = log_signer().verifier().id;
  CHECK(refusal(receipt_of(6), twin) == "cose.bad_signature");
}

TEST_CASE("cose: no bytes that the log's key signs for a receipt can pass for a checkpoint") {
  auto receipt = *parse_cose_receipt(receipt_of(6));
  std::string to_sign = cose_signed_bytes(receipt, tree_of_digits().root(10));
  CHECK_FALSE(is_note_text(to_sign));
  CHECK_FALSE(is_note_text(to_sign + "\n"));
  CHECK_FALSE(tally::core::is_valid_utf8(to_sign.substr(0, 1)));
}

TEST_CASE("cose: refused after any one byte is changed, and at any other length") {
  const std::string good = receipt_of(6);
  REQUIRE(refusal(good) == "");
  for (std::size_t i = 0; i < good.size(); ++i) {
    for (int flip : {1, 2, 0x20, 0x80}) {
      std::string bent = good;
      bent[i] = static_cast<char>(bent[i] ^ flip);
      CAPTURE(i);
      CAPTURE(flip);
      REQUIRE(refusal(bent) != "");
    }
    REQUIRE(refusal(good.substr(0, i)) == "cose.malformed");
  }
  CHECK(refusal(good + std::string(1, '\0')) == "cose.malformed");
  CHECK(refusal(good + std::string(cose_bytes_max, '\0')) == "cose.malformed");
}
