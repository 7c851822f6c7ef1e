#include "ledger/proof.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "core/hash.h"
#include "core/result.h"
#include "core/signature.h"
#include "ledger/reference_tree.h"

using namespace tally::ledger;
using namespace tally::ledger::test;
using tally::core::SigningKey;

namespace {

// A vector of our own that torchwood, transparency-dev/formats, x/mod and @sigstore/verify accept:
// the entries are "0" to "9", the proof is of entry 6.
const std::string origin = "dataspace.example/ledger";
const std::string log_vkey =
    "dataspace.example/ledger+133997fb+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4";
const std::string witness_vkey =
    "witness.example/w1+20324abe+BCmsuuFBvMrwsi4alNNNC8c2HlJtC/4SyJeUvJMilm3X";
const std::string head =
    "c2sp.org/tlog-proof@v1\n"
    "extra b3BhcXVl\n"
    "index 6\n"
    "eXQnz4NoBR/nuOPp1a3pxbydDPlvTz+tKh4deEg2gYg=\n"
    "0nN9zop98dfVz01fUtJ0gCxxv+IKLgeGguccGC05jJA=\n"
    "n0o/wg1BYtw31OI9kHhIcxp2BD//9taSiL8av7z/R44=\n"
    "CD8my2Lpgr8t7kBK2Uc2wCsP5Owvw9MoH0wPQQ10BGI=\n"
    "\n";
const std::string checkpoint_note =
    "dataspace.example/ledger\n"
    "10\n"
    "LwPyA9H6Om4TiPpMtRh8O0+Udi5XjgEGgVFA5qjGvSE=\n"
    "\n"
    "— dataspace.example/ledger "
    "EzmX+7PDrMSsIwSgpeJi/wZGTaVUP2UK3wKM4/"
    "4LQPO4ZMVk6y1lZQNGRdZnfuGctS9FdH1e3v7+JxhF8OZkkVnFFgs=\n";
const std::string witness_line =
    "— witness.example/w1 "
    "IDJKvgAAAABlU/EAbUGV4dlwUnrZzxPgP7izCRkLU6e0R82v5ZBWJt2tDZQbWTcp9iXU43FyJ+UKKxGlNDir/"
    "o6KDeUGsjKW"
    "tupxCA==\n";

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
  return format_receipt(std::to_string(index), prove_inclusion(tree, index, size),
                        sign_checkpoint({origin, {size, tree.root(size)}}, log_signer()));
}

std::string refusal(std::string_view receipt, const std::string& vkey = log_vkey) {
  auto verified = verify_receipt(receipt, *parse_vkey(vkey));
  return verified ? "" : verified.error().code;
}

std::string parse_refusal(std::string_view bytes) {
  auto proof = parse_proof(bytes);
  return proof ? "" : proof.error().code;
}

}  // namespace

TEST_CASE("proof: the published vector is made byte for byte, cosignature included") {
  auto tree = tree_of_digits();
  auto log = log_signer();
  NoteSigner witness("witness.example/w1", SigningKey::from_seed(seed_from(0x20)),
                     SignatureType::cosignature);
  CHECK(format_vkey(log.verifier()) == log_vkey);
  CHECK(format_vkey(witness.verifier()) == witness_vkey);
  std::string note = sign_checkpoint({origin, {10, tree.root(10)}}, log);
  CHECK(note == checkpoint_note);
  std::string text = parse_note(note)->text;
  CHECK(format_signature_line(cosign(text, witness, 1'700'000'000)) == witness_line);
  auto inclusion = prove_inclusion(tree, 6, 10);
  CHECK(format_receipt("opaque", inclusion, note + witness_line) ==
        head + checkpoint_note + witness_line);
  CHECK(prove_consistency(tree, 4, 10).path ==
        std::vector{hash_from_base64("MfKXOrY+GTdd/g0WWpLr2aE9KLXm/HgHLEBovXu/vDc="),
                    hash_from_base64("CD8my2Lpgr8t7kBK2Uc2wCsP5Owvw9MoH0wPQQ10BGI=")});
  CHECK(tally::core::to_hex(tally::core::sha256(origin)) ==
        "6a3c68e727e90e6ad348ec3e51150e84411bd7e5efa71f4d0deb670e3b8747db");
}

TEST_CASE("proof: the published vector verifies, and the witness's time is told") {
  std::string bytes = head + checkpoint_note + witness_line;
  auto proof = parse_proof(bytes);
  REQUIRE(proof);
  CHECK(proof->extra == "opaque");
  CHECK(proof->index == 6);
  CHECK(proof->path.size() == 4);
  CHECK(format_proof(*proof) == bytes);
  auto key = *parse_vkey(log_vkey);
  auto checkpoint = verify_proof(*proof, hash_leaf("6"), origin, key);
  REQUIRE(checkpoint);
  CHECK(checkpoint->head.size == 10);
  CHECK(verify_proof(*proof, hash_leaf("7"), origin, key).error().code == "proof.not_included");
  CHECK(verify_proof(*proof, hash_leaf("6"), "x", key).error().code == "checkpoint.wrong_origin");

  std::vector<VerifierKey> keys = {key, *parse_vkey(witness_vkey)};
  auto signatures = verify_note(*parse_note(proof->checkpoint_note), keys);
  REQUIRE(signatures);
  REQUIRE(signatures->size() == 2);
  CHECK_FALSE(signatures->at(0).time);
  CHECK(signatures->at(1).time == 1'700'000'000U);
  // As a receipt it fails: its extra line is not the entry.
  CHECK(refusal(bytes) == "proof.not_included");
}

TEST_CASE("proof: a file without an extra line, and one of a single leaf without a path") {
  std::string bytes = head + checkpoint_note;
  std::size_t extra = bytes.find("extra");
  std::string bare = bytes.substr(0, extra) + bytes.substr(bytes.find("index"));
  auto proof = parse_proof(bare);
  REQUIRE(proof);
  CHECK_FALSE(proof->extra);
  CHECK(format_proof(*proof) == bare);
  CHECK(verify_proof(*proof, hash_leaf("6"), origin, *parse_vkey(log_vkey)));
  CHECK(refusal(bare) == "proof.malformed");
  CHECK(refusal(receipt_of(0, 1)) == "");
}

TEST_CASE("proof: any other shape of file is malformed") {
  std::string good = head + checkpoint_note;
  CHECK(parse_refusal(good) == "");
  auto with = [&](std::string_view from, std::string_view to) {
    std::string bent = good;
    return bent.replace(bent.find(from), from.size(), to);
  };
  std::string hash = "eXQnz4NoBR/nuOPp1a3pxbydDPlvTz+tKh4deEg2gYg=\n";
  std::string sixty_four;
  for (int i = 0; i < 64; ++i) sixty_four += hash;
  const std::vector<std::string> files = {
      "",
      "c2sp.org/tlog-proof@v1",
      with("@v1", "@v2"),
      with("@v1", "@v1 "),
      with("@v1\n", "@v1\r\n"),
      "\n" + good,
      with("extra ", "extra"),
      with("extra ", "extra  "),
      with("b3BhcXVl", "b3BhcXV"),
      with("b3BhcXVl", "b3BhcXV="),
      with("index 6", "index 06"),
      with("extra b3BhcXVl\n", "extra b3BhcXVl\nextra b3BhcXVl\n"),
      with("index 6", "index"),
      with("index 6", "index +6"),
      with("index 6", "index 6 "),
      with("index 6", "Index 6"),
      with("index 6", "index -1"),
      with("index 6", "index 9223372036854775808"),
      with("index 6\n", ""),
      with("index 6", "index 6\nindex 6"),
      with(hash, "AAAA\n"),
      with(hash, "eXQnz4NoBR/nuOPp1a3pxbydDPlvTz+tKh4deEg2gYh=\n"),
      with(hash, hash + " \n"),
      with(hash, sixty_four),
      head,
      head.substr(0, head.size() - 1),
      good + std::string(note_bytes_max, 'x')};
  for (const auto& bad : files) {
    CAPTURE(bad.substr(0, 400));
    CHECK(parse_refusal(bad) == "proof.malformed");
  }
}

TEST_CASE("receipt: proves the entry that it holds, for every entry and size") {
  auto key = *parse_vkey(log_vkey);
  for (std::uint64_t size = 1; size <= 10; ++size) {
    for (std::uint64_t i = 0; i < size; ++i) {
      auto verified = verify_receipt(receipt_of(i, size), key);
      REQUIRE(verified);
      CHECK(verified->entry == std::to_string(i));
      CHECK(verified->leaf == hash_leaf(verified->entry));
      CHECK(verified->index == i);
      CHECK(verified->checkpoint.head.size == size);
    }
  }
  CHECK(refusal(receipt_of(6), witness_vkey) == "checkpoint.wrong_key_type");
  NoteSigner stranger(origin, SigningKey::from_seed(seed_from(7)));
  CHECK(refusal(receipt_of(6), format_vkey(stranger.verifier())) == "note.unknown_signers");
}

TEST_CASE("receipt: parts of different receipts do not fit together") {
  auto tree = tree_of_digits();
  auto note = [&](std::uint64_t size) {
    return sign_checkpoint({origin, {size, tree.root(size)}}, log_signer());
  };
  CHECK(refusal(format_receipt("5", prove_inclusion(tree, 6, 10), note(10))) ==
        "proof.not_included");
  CHECK(refusal(format_receipt("6", prove_inclusion(tree, 6, 9), note(10))) ==
        "proof.not_included");
  CHECK(refusal(format_receipt("6", prove_inclusion(tree, 6, 10), note(6))) ==
        "proof.not_included");
  InclusionProof beyond = prove_inclusion(tree, 6, 10);
  beyond.index = 10;
  CHECK(refusal(format_receipt("6", beyond, note(10))) == "proof.not_included");
  // A node is no entry, though its parts hash to it under the other prefix.
  std::string node(tree.leaf(0).view());
  node += tree.leaf(1).view();
  InclusionProof higher{0, 2, {}};
  CHECK(refusal(format_receipt(node, higher, note(2))) == "proof.not_included");
}

TEST_CASE("receipt: refused after any one byte is changed, and at any other length") {
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
    REQUIRE(refusal(good.substr(0, i)) != "");
  }
  CHECK(refusal(good + "\n") == "note.malformed");
  CHECK(refusal(good + witness_line) == "");
}
