#include "ledger/policy.h"

#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "core/hash.h"
#include "core/signature.h"
#include "ledger/checkpoint.h"

using namespace tally::ledger;
using tally::core::Hash;
using tally::core::SigningKey;

namespace {

Hash seed_from(unsigned first) {
  Hash seed;
  for (unsigned i = 0; i < 32; ++i) seed.bytes[i] = static_cast<std::uint8_t>(first + i);
  return seed;
}

NoteSigner log_signer(unsigned seed = 0) {
  return NoteSigner("dataspace.example/ledger", SigningKey::from_seed(seed_from(seed)));
}
NoteSigner witness(unsigned number) {
  return NoteSigner("witness.example/w" + std::to_string(number),
                    SigningKey::from_seed(seed_from(0x1f + number)), SignatureType::cosignature);
}
std::string vkey(const NoteSigner& signer) { return format_vkey(signer.verifier()); }
std::string log_line() { return "log " + vkey(log_signer()) + "\n"; }
std::string witness_line(unsigned number) {
  return "witness w" + std::to_string(number) + " " + vkey(witness(number)) + "\n";
}
std::string witnesses(unsigned count) {
  std::string text;
  for (unsigned i = 1; i <= count; ++i) text += witness_line(i);
  return text;
}

// The line that is refused, and why.
std::string refusal(std::string_view text) {
  auto policy = parse_policy(text);
  if (policy) return "";
  CHECK(policy.error().code == "policy.malformed");
  return policy.error().message;
}
bool refused_at(int line, const std::string& why, std::string_view text) {
  std::string message = refusal(text);
  CAPTURE(message);
  return message.starts_with("line " + std::to_string(line) + ": ") &&
         message.find(why) != std::string::npos;
}

bool quorum(const Policy& policy, std::initializer_list<unsigned> numbers) {
  std::vector<Hash> keys;
  for (unsigned number : numbers) keys.push_back(witness(number).verifier().public_key);
  return makes_quorum(policy, keys);
}

// The checkpoint of size 10 of the reference, signed, with these witnesses' lines.
std::string note_by(std::initializer_list<unsigned> numbers) {
  Checkpoint checkpoint{"dataspace.example/ledger", {10, tally::core::sha256("root")}, {}};
  std::string note = sign_checkpoint(checkpoint, log_signer());
  std::string text = format_checkpoint(checkpoint);
  for (unsigned number : numbers)
    note += format_signature_line(cosign(text, witness(number), 1'700'000'000 + number));
  return note;
}

std::string note_refusal(std::string_view note, const Policy& policy) {
  auto opened = open_witnessed(note, policy);
  return opened ? "" : opened.error().code;
}

}  // namespace

TEST_CASE("policy: logs, witnesses, groups and a quorum are read, comments and blanks skipped") {
  auto policy =
      parse_policy("# a policy\n\n\t \nlog " + vkey(log_signer()) +
                   " https://dataspace.example/ledger\n  witness\tw1  " + vkey(witness(1)) +
                   " https://w1.example/prefix \n" + witness_line(2) + witness_line(3) +
                   "# two of three\ngroup majority 2 w1 w2 w3\nquorum majority");
  REQUIRE(policy);
  CHECK(policy->logs ==
        std::vector{PolicyLog{log_signer().verifier(), "https://dataspace.example/ledger"}});
  REQUIRE(policy->witnesses.size() == 3);
  CHECK(policy->witnesses[0] ==
        PolicyWitness{"w1", witness(1).verifier(), "https://w1.example/prefix"});
  CHECK(policy->witnesses[2].url.empty());
  CHECK(policy->groups ==
        std::vector{
            PolicyGroup{"majority", 2, {WitnessMember{0}, WitnessMember{1}, WitnessMember{2}}}});
  CHECK(policy->quorum == PolicyMember{GroupMember{0}});
}

TEST_CASE("policy: the vkeys of the reference are read") {
  auto policy = parse_policy(
      "log dataspace.example/ledger+133997fb+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4\n"
      "witness w1 witness.example/w1+20324abe+BCmsuuFBvMrwsi4alNNNC8c2HlJtC/4SyJeUvJMilm3X\n"
      "quorum w1\n");
  REQUIRE(policy);
  CHECK(policy->logs[0].key == log_signer().verifier());
  CHECK(policy->witnesses[0].key == witness(1).verifier());
}

TEST_CASE("policy: a wrong line is refused by its number") {
  std::string base = log_line() + witnesses(3);
  CHECK(refused_at(1, "begins with", "logs x\nquorum none\n"));
  CHECK(refused_at(2, "begins with", "\nLog " + vkey(log_signer()) + "\nquorum none\n"));
  CHECK(refused_at(1, "want: log", "log\nquorum none\n"));
  CHECK(refused_at(1, "want: log", "log " + vkey(log_signer()) + " https://a https://b\n"));
  CHECK(refused_at(1, "verifier key", "log dataspace.example/ledger+00000000+AQ==\n"));
  CHECK(refused_at(1, "type 1", "log " + vkey(witness(1)) + "\nquorum none\n"));
  CHECK(refused_at(1, "type 4", "witness w1 " + vkey(log_signer()) + "\nquorum none\n"));
  CHECK(refused_at(1, "want: witness", "witness " + vkey(witness(1)) + "\n"));
  CHECK(refused_at(1, "URL", "witness w " + vkey(witness(1)) + " ftp://w\n"));
  CHECK(refused_at(5, "no witness or group w4", base + "group g 1 w1 w4\nquorum g\n"));
  CHECK(refused_at(5, "want: group", base + "group g 1\nquorum g\n"));
  for (const char* count : {"0", "4", "01", "-1", "+1", "most", "1.0"}) {
    CAPTURE(count);
    CHECK(refused_at(5, "members", base + "group g " + count + " w1 w2 w3\nquorum g\n"));
  }
  CHECK(refused_at(5, "no witness or group g", base + "quorum g\ngroup g 1 w1\n"));
  CHECK(refused_at(5, "want: quorum", base + "quorum w1 w2\n"));
  CHECK(refused_at(6, "there is a quorum", base + "quorum w1\nquorum w2\n"));
  CHECK(refused_at(6, "there is a quorum", base + "quorum none\nquorum none\n"));
  CHECK(refused_at(4, "without a quorum", base));
  CHECK(refused_at(0, "without a quorum", ""));
}

TEST_CASE("policy: names and keys stand once") {
  std::string base = log_line() + witnesses(3);
  CHECK(refused_at(5, "w1 is given", base + "witness w1 " + vkey(witness(4)) + "\nquorum none\n"));
  CHECK(refused_at(5, "w1 is given", base + "group w1 any w2\nquorum none\n"));
  CHECK(refused_at(5, "`none`", base + "group none any w1\nquorum none\n"));
  CHECK(refused_at(5, "`none`", base + "witness none " + vkey(witness(4)) + "\nquorum none\n"));
  // The same key under another name, and so another id.
  NoteSigner again("other.example", SigningKey::from_seed(seed_from(0x20)),
                   SignatureType::cosignature);
  CHECK(refused_at(5, "public key", base + "witness w4 " + vkey(again) + "\nquorum none\n"));
  NoteSigner as_log("other.example", SigningKey::from_seed(seed_from(0x20)));
  CHECK(refused_at(5, "public key", base + "log " + vkey(as_log) + "\nquorum none\n"));
  CHECK(refused_at(5, "public key", base + log_line() + "quorum none\n"));
  // A member of two groups, or twice of one, would count twice.
  CHECK(refused_at(5, "w1 is a member", base + "group g 1 w1 w1\nquorum g\n"));
  CHECK(refused_at(6, "w1 is a member", base + "group g 1 w1 w2\ngroup h 1 w1 w3\nquorum h\n"));
  CHECK(refused_at(5, "no witness or group g", base + "group g any g\nquorum g\n"));
}

TEST_CASE("policy: bytes that it may not hold, and sizes beyond bounds, are refused") {
  CHECK(refused_at(1, "control", "quorum\rnone\n"));
  CHECK(refused_at(2, "control", std::string_view("# \xff is fine\n# \0\nquorum none\n", 30)));
  CHECK(refused_at(1, "control", "# \x7f\nquorum none\n"));
  CHECK(refusal(std::string(policy_bytes_max + 1, '#')).find("bytes") != std::string::npos);
  // Not blanks: a vertical tab is refused, a no-break space belongs to the word.
  CHECK(refused_at(1, "begins with", "quorum\xc2\xa0none\n"));
}

TEST_CASE("policy: hundreds of logs, witnesses and groups are taken") {
  std::string text;
  std::string groups;
  for (unsigned i = 0; i < 40; ++i) {
    std::string n = std::to_string(i);
    NoteSigner log("log" + n, SigningKey::from_seed(tally::core::sha256("log" + n)));
    NoteSigner by("w" + n, SigningKey::from_seed(tally::core::sha256("w" + n)),
                  SignatureType::cosignature);
    text += "log " + vkey(log) + "\nwitness w" + n + " " + vkey(by) + "\n";
    groups += "group g" + n + " any w" + n + (i == 0 ? "" : " g" + std::to_string(i - 1)) + "\n";
  }
  auto policy = parse_policy(text + groups + "quorum g39\n");
  REQUIRE(policy);
  CHECK(makes_quorum(*policy, std::vector{policy->witnesses[0].key.public_key}));
  CHECK_FALSE(makes_quorum(*policy, {}));
}

TEST_CASE("policy: a quorum counts members, through groups of groups") {
  std::string base = log_line() + witnesses(5);
  auto majority = parse_policy(base + "group g 2 w1 w2 w3\nquorum g\n").operator*();
  CHECK(quorum(majority, {1, 2}));
  CHECK(quorum(majority, {3, 1}));
  CHECK_FALSE(quorum(majority, {1}));
  CHECK_FALSE(quorum(majority, {1, 4, 5}));
  CHECK_FALSE(quorum(majority, {}));
  CHECK_FALSE(quorum(majority, {1, 1, 1}));  // one key is one witness

  auto nested =
      parse_policy(base + "group a any w1 w2\ngroup b all w3 w4\ngroup c 2 a b w5\nquorum c\n")
          .
          operator*();
  CHECK(quorum(nested, {1, 5}));
  CHECK(quorum(nested, {2, 3, 4}));
  CHECK_FALSE(quorum(nested, {1, 2, 3}));
  CHECK_FALSE(quorum(nested, {3, 4}));

  auto sole = parse_policy(base + "quorum w2\n").operator*();
  CHECK(quorum(sole, {2}));
  CHECK_FALSE(quorum(sole, {1, 3, 4, 5}));

  auto none = parse_policy(base + "quorum none\n").operator*();
  CHECK(quorum(none, {}));
  CHECK_FALSE(none.needs_witnesses());
  CHECK(sole.needs_witnesses());
}

TEST_CASE("policy: a checkpoint is taken with its quorum, and no one else's") {
  auto policy =
      parse_policy(log_line() + witnesses(3) + "group g 2 w1 w2 w3\nquorum g\n").operator*();
  auto opened = open_witnessed(note_by({3, 1}), policy);
  REQUIRE(opened);
  CHECK(opened->checkpoint.head.size == 10);
  CHECK(opened->log.key == log_signer().verifier());
  REQUIRE(opened->cosignatures.size() == 2);
  CHECK(opened->cosignatures[0].key == witness(3).verifier());
  CHECK(opened->cosignatures[0].time == 1'700'000'003);

  CHECK(note_refusal(note_by({1}), policy) == "policy.quorum_missed");
  CHECK(note_refusal(note_by({}), policy) == "policy.quorum_missed");
  CHECK(read_witnessed(note_by({1}), policy));
  CHECK(note_refusal(note_by({1, 1}), policy) == "policy.quorum_missed");
  CHECK(note_refusal(note_by({1, 4, 5}), policy) == "policy.quorum_missed");  // strangers
  CHECK(note_refusal(note_by({1, 2, 4, 5}), policy).empty());

  // A witness's line for another checkpoint makes the note refused, not only uncounted.
  std::string forged = note_by({1, 2});
  Checkpoint other{"dataspace.example/ledger", {11, tally::core::sha256("root")}, {}};
  forged += format_signature_line(cosign(format_checkpoint(other), witness(3), 1'700'000'000));
  CHECK(note_refusal(forged, policy) == "note.bad_signature");
}

TEST_CASE("policy: witnesses without the log prove nothing, nor does another log") {
  auto policy = parse_policy(log_line() + witnesses(2) + "quorum w1\n").operator*();
  Checkpoint checkpoint{"dataspace.example/ledger", {10, Hash{}}, {}};
  std::string text = format_checkpoint(checkpoint);
  CHECK(note_refusal(format_note({text, {cosign(text, witness(1), 1)}}), policy) ==
        "note.unknown_signers");
  CHECK(note_refusal(sign_checkpoint(checkpoint, log_signer(7)), policy) == "note.unknown_signers");
  checkpoint.origin = "other.example";
  CHECK(note_refusal(sign_checkpoint(checkpoint, log_signer()), policy) == "policy.unknown_log");
  CHECK(note_refusal("nothing", policy) == "note.malformed");
  CHECK(note_refusal("no checkpoint\n\n— a ABCDEFGH\n", policy) == "checkpoint.malformed");
}

TEST_CASE("policy: the vector of the reference makes the quorum of its witness") {
  auto policy = parse_policy(log_line() + witnesses(1) + "quorum w1\n").operator*();
  auto opened = open_witnessed(
      "dataspace.example/ledger\n10\nLwPyA9H6Om4TiPpMtRh8O0+Udi5XjgEGgVFA5qjGvSE=\n\n"
      "— dataspace.example/ledger EzmX+7PDrMSsIwSgpeJi/wZGTaVUP2UK3wKM4/4LQPO4ZMVk6y1lZQNGRdZnfuGct"
      "S9FdH1e3v7+JxhF8OZkkVnFFgs=\n"
      "— witness.example/w1 "
      "IDJKvgAAAABlU/EAbUGV4dlwUnrZzxPgP7izCRkLU6e0R82v5ZBWJt2tDZQbWTcp9iXU43FyJ"
      "+UKKxGlNDir/o6KDeUGsjKWtupxCA==\n",
      policy);
  REQUIRE(opened);
  CHECK(opened->cosignatures[0].time == 1'700'000'000);
}
