#include "ledger/witness.h"

#include <atomic>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include "core/hash.h"
#include "core/result.h"
#include "core/signature.h"
#include "core/time.h"
#include "ledger/reference_tree.h"

using namespace tally::ledger;
using namespace tally::ledger::test;
using tally::core::Broken;
using tally::core::ManualClock;
using tally::core::SigningKey;

namespace {

const std::string origin = "dataspace.example/ledger";

Hash seed_from(unsigned first) {
  Hash seed;
  for (unsigned i = 0; i < 32; ++i) seed.bytes[i] = static_cast<std::uint8_t>(first + i);
  return seed;
}
NoteSigner log_signer(unsigned seed = 0) {
  return NoteSigner(origin, SigningKey::from_seed(seed_from(seed)));
}
NoteSigner witness_signer() {
  return NoteSigner("witness.example/w1", SigningKey::from_seed(seed_from(0x20)),
                    SignatureType::cosignature);
}
Policy logs() {
  return parse_policy("log " + format_vkey(log_signer().verifier()) + "\nquorum none\n")
      .
      operator*();
}

class MemoryStore : public WitnessStore {
 public:
  std::optional<std::string> load(const std::string& of) override {
    auto found = notes.find(of);
    return found == notes.end() ? std::nullopt : std::optional(found->second);
  }
  void save(const std::string& of, const std::string& note) override {
    if (fails_before) throw Broken("no disk");
    notes[of] = note;
    ++saves;
    if (fails_after) throw Broken("power loss");
  }
  std::map<std::string, std::string> notes;
  int saves = 0;
  bool fails_before = false;
  bool fails_after = false;
};

struct Scene {
  ReferenceTree tree = tree_of_bytes(20);
  MemoryStore store;
  ManualClock clock{{1'700'000'000'000}};
  Witness witness{witness_signer(), logs(), store, clock};

  TreeHead head(std::uint64_t size) const { return {size, tree.root(size)}; }
  std::string note(std::uint64_t size) const {
    return sign_checkpoint({origin, head(size), {}}, log_signer());
  }
  std::string body(std::uint64_t old_size, std::uint64_t size) const {
    auto proof =
        old_size == 0 || old_size > size ? std::vector<Hash>{} : tree.proof(old_size, size);
    return format_add_checkpoint({old_size, proof, note(size)});
  }
  WitnessAnswer add(std::uint64_t old_size, std::uint64_t size) {
    return witness.add_checkpoint(body(old_size, size));
  }
  int status(const std::string& text) { return witness.add_checkpoint(text).status; }
};

// What the witness said, read as the log reads it.
std::string cosigned(const WitnessAnswer& answer, const std::string& note) {
  auto signature =
      read_cosignature(answer.body, parse_note(note)->text, witness_signer().verifier());
  return signature ? std::to_string(*signature->time) : signature.error().code;
}

}  // namespace

TEST_CASE("witness: each status of the table, in its order") {
  Scene scene;
  SUBCASE("400 what cannot be read") {
    CHECK(scene.status("") == 400);
    CHECK(scene.status("old 0\n") == 400);
    CHECK(scene.status("old 00\n\n" + scene.note(5)) == 400);
    CHECK(scene.status("old 0\n\nnothing") == 400);
    CHECK(scene.status("old 0\n\n" + format_note({"a text\n", {{"a", 1, "sig"}}})) == 400);
  }
  SUBCASE("404 a log that it does not know, signed or not") {
    auto other = NoteSigner("other.example", SigningKey::from_seed(seed_from(0)));
    std::string note = sign_checkpoint({"other.example", scene.head(5), {}}, other);
    CHECK(scene.status(format_add_checkpoint({0, {}, note})) == 404);
  }
  SUBCASE("403 a checkpoint that the log did not sign") {
    std::string note = sign_checkpoint({origin, scene.head(5), {}}, log_signer(9));
    CHECK(scene.status(format_add_checkpoint({0, {}, note})) == 403);
    // The log's name and id over another text, beside a good one by a stranger.
    Note forged = *parse_note(scene.note(6));
    forged.text = format_checkpoint({origin, scene.head(5), {}});
    CHECK(scene.status(format_add_checkpoint({0, {}, format_note(forged)})) == 403);
    // 403 stands before 400 and 409.
    CHECK(scene.status(format_add_checkpoint({9, {}, format_note(forged)})) == 403);
  }
  SUBCASE("400 an old size above the checkpoint's, before 409") {
    CHECK(scene.add(6, 5).status == 400);
    CHECK(scene.add(0, 7).status == 200);
    CHECK(scene.add(6, 5).status == 400);
  }
  SUBCASE("409 with the size held, 0 if none") {
    auto answer = scene.add(3, 5);
    CHECK(answer.status == 409);
    CHECK(answer.type == "text/x.tlog.size");
    CHECK(answer.body == "0\n");
    CHECK(scene.add(0, 5).status == 200);
    answer = scene.add(3, 7);
    CHECK(answer.status == 409);
    CHECK(answer.body == "5\n");
    CHECK(scene.add(4, 4).status == 409);  // going back
    CHECK(scene.add(0, 5).status == 409);
  }
  SUBCASE("422 proofs that prove nothing") {
    std::string hash = tally::core::to_base64(Hash{}.view()) + "\n";
    CHECK(scene.status("old 0\n" + hash + "\n" + scene.note(5)) == 422);
    CHECK(scene.status("old 0\n\n" + sign_checkpoint({origin, {0, Hash{}}, {}}, log_signer())) ==
          422);
    CHECK(scene.add(0, 5).status == 200);
    CHECK(scene.status("old 5\n\n" + scene.note(7)) == 422);
    auto request = *parse_add_checkpoint(scene.body(5, 7));
    request.proof.back().bytes[0] ^= 1;
    CHECK(scene.status(format_add_checkpoint(request)) == 422);
    request = *parse_add_checkpoint(scene.body(5, 7));
    request.proof.push_back(request.proof.back());
    CHECK(scene.status(format_add_checkpoint(request)) == 422);
    CHECK(scene.status("old 5\n" + hash + "\n" + scene.note(5)) == 422);
    CHECK(scene.add(5, 7).status == 200);  // none of it moved the witness
  }
  SUBCASE("422 one size with two roots") {
    CHECK(scene.add(0, 5).status == 200);
    std::string other = sign_checkpoint({origin, {5, Hash{}}, {}}, log_signer());
    CHECK(scene.status("old 5\n\n" + other) == 422);
    CHECK(scene.add(5, 6).status == 200);
  }
}

TEST_CASE("witness: a growing log is cosigned at each size, from nothing on") {
  Scene scene;
  std::uint64_t held = 0;
  for (std::uint64_t size : {0U, 0U, 1U, 2U, 3U, 3U, 8U, 11U, 20U}) {
    auto answer = scene.add(held, size);
    CHECK(answer.status == 200);
    CHECK(cosigned(answer, scene.note(size)) == "1700000000");
    held = size;
  }
  CHECK(scene.witness.newest(tally::core::to_hex(tally::core::sha256(origin))) ==
        scene.store.notes[origin]);
  CHECK_FALSE(scene.witness.newest("00"));
}

TEST_CASE("witness: the line of the published vector") {
  Scene scene;
  ReferenceTree digits;
  for (int i = 0; i < 10; ++i) digits.append(hash_leaf(std::to_string(i)));
  std::string note = sign_checkpoint({origin, {10, digits.root(10)}, {}}, log_signer());
  auto answer = scene.witness.add_checkpoint("old 0\n\n" + note);
  CHECK(answer.status == 200);
  CHECK(answer.body ==
        "— witness.example/w1 "
        "IDJKvgAAAABlU/EAbUGV4dlwUnrZzxPgP7izCRkLU6e0R82v5ZBWJt2tDZQbWTcp9iXU43Fy"
        "J+UKKxGlNDir/o6KDeUGsjKWtupxCA==\n");
}

TEST_CASE("witness: the exchange of sigsum, as other witnesses answer it") {
  const std::string sigsum =
      "sigsum.org/v1/tree/4d6d8825a6bb689d459628312889dfbb0bcd41b5211d9e1ce768b0ff0309e562";
  Hash pk = hash_from_hex("ffdc2d4d98e4124d3feaf788c0c2f9abfd796083d1f0495437f302ec79cf100f");
  VerifierKey log{sigsum, key_id(sigsum, SignatureType::ed25519, pk), SignatureType::ed25519, pk};
  MemoryStore store;
  ManualClock clock{{1'700'000'000'000}};
  Witness witness(witness_signer(), *parse_policy("log " + format_vkey(log) + "\nquorum none\n"),
                  store, clock);
  auto hash = [](int i) {
    std::string bytes(32, '\0');
    bytes[0] = '\x2a';
    bytes[1] = static_cast<char>(i);
    return tally::core::to_base64(bytes) + "\n";
  };
  auto send = [&](const std::string& head, int size, const std::string& root,
                  const std::string& signature, const std::string& name) {
    return witness.add_checkpoint(head + "\n" + name + "\n" + std::to_string(size) + "\n" + root +
                                  "\n\n— " + name + " " + signature + "\n");
  };
  const std::string root3 = "RcCI1Nk56ZcSmIEfIn0SleqtV7uvrlXNccFx595Iwl0=";
  const std::string good3 =
      "UgIom2VbtIcdFbwFAy1n7s6IkAxIY6J/"
      "GQOTuZF2ORV39d75cbAj2aQYwyJre36kezNobZs4SUUdrcawfAB8WVrx6go=";
  std::string bad3 = good3.substr(0, good3.size() - 4) + "6gx=";
  std::string stranger = sigsum.substr(0, sigsum.size() - 1) + "3";

  CHECK(
      send("old 0\n", 1, "KgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
           "UgIom7fPZTqpxWWhyjWduBvTvGVqsokMbqTArsQilegKoFBJQjUFAmQ0+YeSPM3wfUQMFSzVnnNuWRTYrajXpN"
           "UbIQY=",
           sigsum)
          .status == 200);
  std::string proof = "old 1\n" + hash(1) + hash(2);
  // The last character of the vector is not canonical base64, which this witness cannot read.
  CHECK(send(proof, 3, root3, bad3, sigsum).status == 400);
  std::string flipped = good3;
  flipped[10] = 'A';
  CHECK(send(proof, 3, root3, flipped, sigsum).status == 403);
  CHECK(send(proof, 3, root3, good3, stranger).status == 404);
  CHECK(send("old 1\n", 3, root3, good3, sigsum).status == 422);
  CHECK(send("old 1\n" + hash(1) + hash(3), 3, root3, good3, sigsum).status == 422);
  CHECK(send(proof, 3, root3, good3, sigsum).status == 200);
  auto again = send(proof, 3, root3, good3, sigsum);
  CHECK(again.status == 409);
  CHECK(again.body == "3\n");
}

TEST_CASE("witness: a refresh has a newer time, a repetition within the second costs no write") {
  Scene scene;
  CHECK(cosigned(scene.add(0, 5), scene.note(5)) == "1700000000");
  CHECK(scene.store.saves == 1);
  CHECK(cosigned(scene.add(5, 5), scene.note(5)) == "1700000000");
  CHECK(scene.store.saves == 1);
  scene.clock.advance_ms(2000);
  CHECK(cosigned(scene.add(5, 5), scene.note(5)) == "1700000002");
  CHECK(scene.store.saves == 2);
}

TEST_CASE("witness: its time never goes back, and a clock far behind ends its word") {
  Scene scene;
  CHECK(scene.add(0, 5).status == 200);
  scene.clock.step_wall_ms(-59'000);
  CHECK(cosigned(scene.add(5, 6), scene.note(6)) == "1700000000");
  scene.clock.step_wall_ms(-2'000);
  CHECK(scene.add(6, 7).status == 503);
  scene.clock.step_wall_ms(61'000);
  CHECK(scene.add(6, 7).status == 200);
}

TEST_CASE("witness: what it holds survives it, and a foreign state stops it") {
  Scene scene;
  CHECK(scene.add(0, 5).status == 200);
  Witness again(witness_signer(), logs(), scene.store, scene.clock);
  auto answer = again.add_checkpoint(scene.body(0, 7));
  CHECK(answer.status == 409);
  CHECK(answer.body == "5\n");
  CHECK(again.add_checkpoint(scene.body(5, 7)).status == 200);

  auto resumes = [&](const std::string& note) {
    scene.store.notes[origin] = note;
    try {
      Witness third(witness_signer(), logs(), scene.store, scene.clock);
      return true;
    } catch (const Broken&) {
      return false;
    }
  };
  std::string good = scene.store.notes[origin];
  CHECK(resumes(good));
  CHECK_FALSE(resumes(""));
  CHECK_FALSE(resumes(scene.note(3)));  // the log's alone
  std::string torn = good.substr(0, good.size() / 2);
  CHECK_FALSE(resumes(torn));
  std::string edited = good;
  edited.replace(edited.find("\n7\n"), 3, "\n5\n");
  CHECK_FALSE(resumes(edited));
}

TEST_CASE("witness: when keeping fails nothing is cosigned, now or later") {
  Scene scene;
  CHECK(scene.add(0, 5).status == 200);
  scene.store.fails_before = true;
  CHECK_THROWS_AS(scene.add(5, 6), Broken);
  scene.store.fails_before = false;
  CHECK_THROWS_AS(scene.add(5, 6), Broken);  // what is on the disk is not known any more
  Witness again(witness_signer(), logs(), scene.store, scene.clock);
  CHECK(again.add_checkpoint(scene.body(5, 6)).status == 200);
}

TEST_CASE("witness: a crash between keeping and answering leaves it ahead, never behind") {
  Scene scene;
  scene.store.fails_after = true;
  CHECK_THROWS_AS(scene.add(0, 6), Broken);
  scene.store.fails_after = false;
  Witness again(witness_signer(), logs(), scene.store, scene.clock);
  auto answer = again.add_checkpoint(scene.body(0, 5));
  CHECK(answer.status == 409);
  CHECK(answer.body == "6\n");
  CHECK(again.add_checkpoint(scene.body(6, 6)).status == 200);
}

TEST_CASE("witness: a stranger's lines are not kept with the note") {
  Scene scene;
  Note note = *parse_note(scene.note(5));
  note.signatures.push_back({"grease.invalid", 7, "anything"});
  note.signatures.push_back({"witness.example/w1", 0x20324abe, std::string(72, 'x')});
  CHECK(scene.status(format_add_checkpoint({0, {}, format_note(note)})) == 200);
  Note kept = *parse_note(scene.store.notes[origin]);
  REQUIRE(kept.signatures.size() == 2);
  CHECK(kept.signatures[0].name == origin);
  CHECK(verify_note(kept, std::vector{log_signer().verifier(), witness_signer().verifier()})
            ->size() == 2);
}

TEST_CASE("witness: two signed roots of one size are handed on as evidence") {
  Scene scene;
  std::vector<std::string> told;
  Witness witness(witness_signer(), logs(), scene.store, scene.clock,
                  [&](const std::string& held, const std::string& other) {
                    told = {held, other};
                  });
  CHECK(witness.add_checkpoint(scene.body(0, 5)).status == 200);
  std::string other = sign_checkpoint({origin, {5, Hash{}}, {}}, log_signer());
  CHECK(witness.add_checkpoint("old 5\n\n" + other).status == 422);
  CHECK(told == std::vector{scene.store.notes[origin], other});
}

TEST_CASE("witness: extension lines are cosigned, and belong to what is cosigned") {
  Scene scene;
  Checkpoint checkpoint{origin, scene.head(5), {"an extension"}};
  std::string note = sign_checkpoint(checkpoint, log_signer());
  auto answer = scene.witness.add_checkpoint("old 0\n\n" + note);
  CHECK(answer.status == 200);
  CHECK(cosigned(answer, note) == "1700000000");
  CHECK(cosigned(answer, scene.note(5)) == "cosignature.wrong");
}

TEST_CASE("witness: whatever is asked, no size has two roots and none goes back") {
  CHECK(rc::check("a random log that forks, asked at random", [] {
    ReferenceTree honest = tree_of_bytes(12);
    ReferenceTree fork = tree_of_bytes(6);
    for (int i = 0; i < 6; ++i) fork.append(hash_leaf("fork" + std::to_string(i)));
    MemoryStore store;
    ManualClock clock{{1'700'000'000'000}};
    Witness witness(witness_signer(), logs(), store, clock);
    std::map<std::uint64_t, Hash> roots;
    std::uint64_t newest = 0;
    auto steps = *rc::gen::container<std::vector<std::vector<int>>>(
        rc::gen::container<std::vector<int>>(4, rc::gen::inRange(0, 13)));
    for (const auto& step : steps) {
      auto old_size = static_cast<std::uint64_t>(step[0]);
      auto size = static_cast<std::uint64_t>(step[1]);
      if (size > 12) size = 12;
      const ReferenceTree& tree = step[2] % 2 == 0 ? honest : fork;
      const ReferenceTree& prover = step[3] % 3 == 0 ? fork : tree;
      std::vector<Hash> proof;
      if (old_size > 0 && old_size <= size) proof = prover.proof(old_size, size);
      TreeHead head{size, tree.root(size)};
      auto answer = witness.add_checkpoint(format_add_checkpoint(
          {old_size, proof, sign_checkpoint({origin, head, {}}, log_signer())}));
      if (answer.status != 200) continue;
      RC_ASSERT(size >= newest);
      newest = size;
      auto [known, is_new] = roots.try_emplace(size, head.root);
      RC_ASSERT(is_new || known->second == head.root);
    }
    // Both sides of the fork are never cosigned.
    bool has_honest = false;
    bool has_fork = false;
    for (const auto& [size, root] : roots) {
      if (size <= 6) continue;
      has_honest = has_honest || root == honest.root(size);
      has_fork = has_fork || root == fork.root(size);
    }
    RC_ASSERT(!(has_honest && has_fork));
  }));
}

TEST_CASE("witness: of many at once that extend one size, one wins" *
          doctest::test_suite("concurrent")) {
  Scene scene;
  CHECK(scene.add(0, 4).status == 200);
  ReferenceTree fork = tree_of_bytes(4);
  for (int i = 0; i < 16; ++i) fork.append(hash_leaf("fork" + std::to_string(i)));
  auto forked = [&](std::uint64_t size) {
    std::string note = sign_checkpoint({origin, {size, fork.root(size)}, {}}, log_signer());
    return format_add_checkpoint({4, fork.proof(4, size), note});
  };
  std::vector<std::string> bodies;
  for (std::uint64_t size = 5; size <= 12; ++size) {
    bodies.push_back(scene.body(4, size));
    bodies.push_back(forked(size));
  }
  std::atomic<int> wins{0};
  std::atomic<int> conflicts{0};
  std::vector<std::jthread> threads;
  for (const std::string& body : bodies) {
    threads.emplace_back([&] {
      int status = scene.witness.add_checkpoint(body).status;
      if (status == 200) ++wins;
      if (status == 409) ++conflicts;
    });
  }
  threads.clear();
  CHECK(wins == 1);
  CHECK(conflicts == 15);
  CHECK(scene.store.saves == 2);
}

TEST_CASE("add-checkpoint: what is written is read, and has one spelling") {
  Scene scene;
  auto request = parse_add_checkpoint(scene.body(5, 13));
  REQUIRE(request);
  CHECK(format_add_checkpoint(*request) == scene.body(5, 13));
  auto refused = [](const std::string& body) {
    auto parsed = parse_add_checkpoint(body);
    return !parsed && parsed.error().code == "add_checkpoint.malformed";
  };
  std::string hash = tally::core::to_base64(Hash{}.view()) + "\n";
  std::string many;
  for (int i = 0; i < 63; ++i) many += hash;
  CHECK(parse_add_checkpoint("old 1\n" + many + "\nnote")->proof.size() == 63);
  CHECK(refused("old 1\n" + many + hash + "\nnote"));
  for (const char* size : {"", "00", "01", "-1", "+1", " 1", "1 ", "0x1", "9223372036854775808",
                           "18446744073709551616", "1\r"}) {
    CAPTURE(size);
    CHECK(refused("old " + std::string(size) + "\n\nnote"));
  }
  CHECK(parse_add_checkpoint("old 9223372036854775807\n\nnote"));
  CHECK(refused("Old 1\n\nnote"));
  CHECK(refused("old 1\nAAAA\n\nnote"));
  CHECK(refused("old 1\n" + hash));
  CHECK(refused("old 1\n" + hash.substr(0, hash.size() - 1)));
  CHECK(refused("old 1\n\n" + std::string(add_checkpoint_bytes_max, 'x')));
}

TEST_CASE("add-checkpoint: a size in an answer has one spelling") {
  CHECK(parse_tlog_size("3\n") == 3);
  CHECK(parse_tlog_size("0\n") == 0);
  for (const char* body : {"", "3", "\n", "03\n", "3\n\n", " 3\n", "3 \n", "-3\n", "three\n",
                           "9223372036854775808\n"}) {
    CAPTURE(body);
    CHECK_FALSE(parse_tlog_size(body));
  }
}

TEST_CASE("add-checkpoint: of a witness's lines its own counts, when it verifies") {
  Scene scene;
  std::string text = format_checkpoint({origin, scene.head(5), {}});
  auto line = [&](const NoteSigner& by, const std::string& over) {
    return format_signature_line(cosign(over, by, 1));
  };
  NoteSigner stranger("s.example", SigningKey::from_seed(seed_from(3)), SignatureType::cosignature);
  VerifierKey key = witness_signer().verifier();
  auto refusal = [&](const std::string& body) {
    auto read = read_cosignature(body, text, key);
    return read ? "" : read.error().code;
  };
  std::string good = line(witness_signer(), text);
  CHECK(refusal(good).empty());
  CHECK(refusal(line(stranger, text) + good).empty());
  CHECK(refusal(line(stranger, text)) == "cosignature.not_by_witness");
  CHECK(refusal(line(witness_signer(), text + "more\n")) == "cosignature.wrong");
  CHECK(refusal("") == "cosignature.malformed");
  CHECK(refusal("no line\n") == "cosignature.malformed");
  CHECK(refusal(good.substr(0, good.size() - 1)) == "cosignature.malformed");
  CHECK(refusal("extra\n\n" + good) == "cosignature.malformed");
  CHECK(refusal("\n" + good) == "cosignature.malformed");
}
