#include "ledger/checkpoint.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "core/result.h"
#include "core/signature.h"
#include "ledger/reference_tree.h"

using namespace tally::ledger;
using namespace tally::ledger::test;
using tally::core::to_base64;

namespace {

// The log that Tessera keeps among its test data.
const std::string origin = "example.com/log/testdata";
const std::string skey =
    "PRIVATE+KEY+example.com/log/testdata+33d7b496+AeymY/SZAX0jZcJ8enZ5FY1Dz+wTML2yWSkK+9DSF3eg";
const std::string vkey =
    "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx";
const std::vector<std::string> entries = {"one",    "two",   "three",    "four",    "five",
                                          "six",    "seven", "eit",      "nain",    "ten",
                                          "ileven", "twelf", "threeten", "fourten", "fivten"};
const std::vector<std::string> roots = {
    "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", "0Nc2CrefWKseHj/mStd+LqC8B+NrX0btIiPt2SmN+ek=",
    "T1X2GdkhUjV3iyufF9b0kVsWFxIU0VI4EpNml2Teci4=", "Wqx3HImawpLnS/Gv4ubjAvi1WIOy0b8Ze0amvqbavKk=",
    "zY1lN35vrXYAPixXSd59LsU29xUJtuW4o2dNNg5Y2Co=", "gy5gl3aksFyiCO95a/1vLXz88A3dRq+0l9Sxte8ZqZQ=",
    "a6sWvsc2eEzmj72vah7mZ5dwFltivehh2b11qwlp5Jg=", "IrSXADBqJ7EQoUODSDKROySgNveeL6CFhik2w/+fS7U=",
    "bC+VwvrJbalNVjfkdI8kUgs7mJoXrqiXCE7bgnD28pY=", "CvhHViE3S9E3htHLR+25mapWoGCJ3WckMq1UtC3VmEY=",
    "y8/gZsZCtitsMan09tY+k8I7Qpr7Y5fbO2tLi9GQnfU=", "Yok1cS5VdokGLBy73BC2I16b3atss6KBN9jnIi6Fz/A=",
    "uZo6M+IhVna+CLgWCrJs0xBPUHbozHkYTQASduHSLME=", "av0kLH0VkkVDrTuZzBGIx7d9z5G1l/GlKz/nAV/8woQ=",
    "SvCd38yNade7xEPY1a/aAc1M3A2AHYVF8lIiUnsH1ao=", "rKbDipCvhuX1GZ7g5BBe8sA6BbJ7ja/1nk427v383cs="};

ReferenceTree tessera_tree() {
  ReferenceTree tree;
  for (const auto& entry : entries) tree.append(hash_leaf(entry));
  return tree;
}

std::vector<std::string> base64_of(const std::vector<Hash>& hashes) {
  std::vector<std::string> texts;
  for (const Hash& hash : hashes) texts.push_back(to_base64(hash.view()));
  return texts;
}

std::string code_of(const std::string& text) {
  auto checkpoint = parse_checkpoint(text);
  return checkpoint ? "" : checkpoint.error().code;
}

const std::string root_line = roots[15] + "\n";

}  // namespace

TEST_CASE("checkpoint: Tessera's log of 15 entries, roots and proofs") {
  using Base64 = std::vector<std::string>;
  auto tree = tessera_tree();
  for (std::uint64_t n = 0; n <= 15; ++n) CHECK(to_base64(root_of(tree, n).view()) == roots[n]);
  CHECK(base64_of(prove_inclusion(tree, 3, 7).path) ==
        Base64{"Zx8UbF5HHooag6PCFM5LqQe486WIjRTMjNPOdbsS75Q=",
               "T1X2GdkhUjV3iyufF9b0kVsWFxIU0VI4EpNml2Teci4=",
               "wVNSoGEUdzQTVZfXnUuDiK7m3gJ5rbJqmQx/6vHF+yA="});
  CHECK(base64_of(prove_inclusion(tree, 14, 15).path) ==
        Base64{"GiUtVP0XhIaZ/fl7ReMLgw+9YUtjFAt8kaTdfOe2u/I=",
               "3cFRCtyHVxAUTugFyRgo30efbl+BVxdTQDIGg5H61SA=",
               "bC+VwvrJbalNVjfkdI8kUgs7mJoXrqiXCE7bgnD28pY="});
  CHECK(base64_of(prove_consistency(tree, 7, 15).path) ==
        Base64{"2Q0P5jSR+TdkwdXWyx+GbBWX0KZbNZkWzCjyTPSozsw=",
               "ThcgoV2DYcK+VCxBUDWAlNxmLy2r7dq7dK7+OlgQKWs=",
               "ycRkkNklus5eMVRUvkD1pK321vMrA+jjOiZKU8aOcY4=",
               "zY1lN35vrXYAPixXSd59LsU29xUJtuW4o2dNNg5Y2Co=",
               "5jLpqTgjsBDSEX6SgZiRnbTMdTuRd8bQ5tSsAOxe0Ks="});
  CHECK(base64_of(prove_consistency(tree, 4, 15).path) ==
        Base64{"g0ZoeYWtIV8Q8i+4CmgqPnBvH2il107lyCgTQsyB7H4=",
               "5jLpqTgjsBDSEX6SgZiRnbTMdTuRd8bQ5tSsAOxe0Ks="});
}

TEST_CASE("checkpoint: Tessera's signed checkpoints, byte for byte") {
  auto signer = parse_signing_key(skey);
  REQUIRE(signer);
  CHECK(format_vkey(signer->verifier()) == vkey);
  std::string first =
      "example.com/log/testdata\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n"
      "— example.com/log/testdata M9e0lhxJACzE1KoUdqKuPa+9p6R7dSW8BlEvrg/noo8FkGg6PbJoRNOcdjqjOq89"
      "wVvTA60eubCc4oufo5BvIVEgtQc=\n";
  std::string last =
      "example.com/log/testdata\n15\nrKbDipCvhuX1GZ7g5BBe8sA6BbJ7ja/1nk427v383cs=\n\n"
      "— example.com/log/testdata M9e0luh4jTG+UMBqOUo9/q+yAEvx1ilBEniMvjf1zfcBOhg+CKubMt53MvIt/uEW"
      "P6zdkdIQzd/fmwlM/dlPWF74ewI=\n";
  auto tree = tessera_tree();
  CHECK(sign_checkpoint({origin, {0, empty_root()}}, *signer) == first);
  CHECK(sign_checkpoint({origin, {15, tree.root(15)}}, *signer) == last);
  auto key = parse_vkey(vkey);
  REQUIRE(key);
  auto opened = open_checkpoint(last, origin, *key);
  REQUIRE(opened);
  CHECK(*opened == Checkpoint{origin, {15, tree.root(15)}, {}});
}

TEST_CASE("checkpoint: what is formatted is parsed, extension lines too") {
  for (const Checkpoint& checkpoint :
       {Checkpoint{"log.example", {0, empty_root()}, {}},
        Checkpoint{"a log with spaces", {9223372036854775807, Hash{}}, {"extension", " "}}}) {
    auto parsed = parse_checkpoint(format_checkpoint(checkpoint));
    REQUIRE(parsed);
    CHECK(*parsed == checkpoint);
  }
}

TEST_CASE("checkpoint: any other text is malformed") {
  CHECK(code_of("o\n15\n" + root_line) == "");
  std::string hex_root = tally::core::to_hex(hash_from_base64(roots[15]));
  std::string unpadded = roots[15].substr(0, roots[15].size() - 1);
  std::string trailing_bits = roots[15];
  trailing_bits[trailing_bits.size() - 2] = 't';
  const std::vector<std::string> texts = {"",
                                          "\n",
                                          "o\n",
                                          "o\n15\n",
                                          "o\n15\n" + roots[15],
                                          "\n15\n" + root_line,
                                          "o\n\n" + root_line,
                                          "o\n015\n" + root_line,
                                          "o\n+15\n" + root_line,
                                          "o\n-1\n" + root_line,
                                          "o\n 15\n" + root_line,
                                          "o\n15 \n" + root_line,
                                          "o\n0x1\n" + root_line,
                                          "o\n1e1\n" + root_line,
                                          "o\n9223372036854775808\n" + root_line,
                                          "o\n18446744073709551616\n" + root_line,
                                          "o\n15\n\n" + root_line,
                                          "o\n15\n" + root_line + "\n",
                                          "o\n15\n" + root_line + "x\n\n",
                                          "o\n15\n" + root_line + "\nx\n",
                                          "o\n15\n" + root_line + "x",
                                          "o\n15\n" + hex_root + "\n",
                                          "o\n15\n" + unpadded + "\n",
                                          "o\n15\n" + trailing_bits + "\n",
                                          "o\n15\nAAAA\n",
                                          "o\n15\n\r" + root_line,
                                          "o\r\n15\r\n" + root_line,
                                          "o\t\n15\n" + root_line,
                                          "\xff\n15\n" + root_line,
                                          "cosignature/v1\n15\n" + root_line};
  for (const auto& bad : texts) {
    CAPTURE(bad);
    CHECK(code_of(bad) == "checkpoint.malformed");
  }
}

TEST_CASE("checkpoint: is opened for its log, by that log's key, or not at all") {
  NoteSigner log("log.example", tally::core::SigningKey::from_seed(Hash{}));
  NoteSigner other("other.example", tally::core::SigningKey::from_seed(empty_root()));
  NoteSigner witness("log.example", tally::core::SigningKey::from_seed(Hash{}),
                     SignatureType::cosignature);
  Checkpoint checkpoint{"log.example", {15, hash_from_base64(roots[15])}, {}};
  std::string note = sign_checkpoint(checkpoint, log);
  auto refusal = [](std::string_view bytes, std::string_view log_origin, const NoteSigner& signer) {
    auto opened = open_checkpoint(bytes, log_origin, signer.verifier());
    return opened ? "" : opened.error().code;
  };
  CHECK(refusal(note, "log.example", log) == "");
  CHECK(refusal(note, "other.example", log) == "checkpoint.wrong_origin");
  CHECK(refusal(note, "log.example", other) == "note.unknown_signers");
  CHECK(refusal(note, "log.example", witness) == "checkpoint.wrong_key_type");
  CHECK(refusal(note.substr(1), "log.example", log) == "note.bad_signature");
  CHECK(refusal(note + "x", "log.example", log) == "note.malformed");
  CHECK(refusal(sign_note("no checkpoint\n", log), "log.example", log) == "checkpoint.malformed");
  // A witness's line never passes for the log's.
  std::string text = format_checkpoint(checkpoint);
  Note cosigned{text, {cosign(text, witness, 1)}};
  CHECK(refusal(format_note(cosigned), "log.example", log) == "note.unknown_signers");
}
