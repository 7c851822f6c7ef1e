// The log's side: collecting, publishing, receipts, and the comparison at start. All by the real binary.
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "core/file.h"
#include "core/hash.h"
#include "ledger/policy.h"
#include "witness/log_stage.h"

using namespace tally;
using namespace tally::ledger;
using namespace tally::witness_test;

namespace {

Policy policy_of(const LogProcess& log) {
  return parse_policy(*core::read_file(log.policy_file())).operator*();
}

int verify(const std::vector<std::string>& options, const std::string& receipt) {
  tally::test::TempDir temp;
  if (!core::write_file(temp.file("receipt"), receipt)) return -1;
  std::vector<std::string> arguments{program, "verify", temp.file("receipt")};
  arguments.insert(arguments.end(), options.begin(), options.end());
  return live::exit_code_of(arguments);
}

std::string receipt_path(std::uint64_t seq, const std::string& query) {
  return "/v1/ledger/entries/" + std::to_string(seq) + "/receipt" + query;
}

std::string failures(const std::string& witness, const std::string& reason) {
  return "tallystick_witness_failures_total{witness=\"" + witness + "\",reason=\"" + reason + "\"}";
}

std::int64_t milliseconds_of(const std::function<void()>& work) {
  auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() -
                                                               begin)
      .count();
}

}  // namespace

TEST_CASE("witnesses of a server: what is published has the quorum, and follows the ledger") {
  LogProcess log;
  WitnessProcess first({log.vkey()}, "witness.example/w1");
  WitnessProcess second({log.vkey()}, "witness.example/w2");
  first.start();
  second.start();
  log.use_policy(first.policy_line("w1") + second.policy_line("w2") +
                 "group both all w1 w2\nquorum both\n");
  log.start();
  REQUIRE(log.publishes(1));
  for (int i = 0; i < 5; ++i) {
    std::uint64_t seq = log.append();
    REQUIRE(log.publishes(seq + 1));
    auto opened = open_witnessed(log.published_note(), policy_of(log));
    REQUIRE(opened);
    CHECK(opened->cosignatures.size() == 2);
  }
  CHECK(log.metric("tallystick_witness_lag_entries") == 0);
  CHECK(log.metric("tallystick_witness_cosigned_entries{witness=\"w1\"}") >= 9);
  CHECK(log.metric(failures("w1", "forked")) == 0);
  CHECK(log.metric(failures("w2", "wrong_answer")) == 0);
}

TEST_CASE("witnesses of a server: without a quorum nothing is published, and all else goes on") {
  LogProcess log;
  WitnessProcess first({log.vkey()}, "witness.example/w1");
  WitnessProcess second({}, "witness.example/w2");  // it does not know the log yet
  first.start();
  second.start();
  log.use_policy(first.policy_line("w1") + second.policy_line("w2") +
                 "group both all w1 w2\nquorum both\n");
  Setting at_start("WITNESSES_REQUIRE_AT_START", "any");
  log.start();
  std::uint64_t seq = log.append();
  REQUIRE(log.reaches(failures("w2", "unknown_log"), 1));
  CHECK(log.get("/ledger/checkpoint").status == 503);
  CHECK(log.get("/ledger/tile/0/000.p/1").status == 404);
  CHECK(log.get(receipt_path(seq, "?cosigned=true")).status == 503);
  CHECK(log.get(receipt_path(seq, "")).status == 200);
  CHECK(log.metric("tallystick_witnessed_entries") == 0);
  CHECK(log.metric("tallystick_witness_lag_entries") == static_cast<std::int64_t>(seq) + 1);

  second.stop();
  second.trust({log.vkey()});
  second.start();
  REQUIRE(log.publishes(seq + 1));
  CHECK(open_witnessed(log.published_note(), policy_of(log)));
  CHECK(log.get("/ledger/tile/0/000.p/1").status == 200);
}

TEST_CASE("witnesses of a server: a cosigned receipt verifies by the policy alone") {
  LogProcess log;
  WitnessProcess first({log.vkey()}, "witness.example/w1");
  WitnessProcess second({log.vkey()}, "witness.example/w2");
  first.start();
  second.start();
  log.use_policy(first.policy_line("w1") + second.policy_line("w2") +
                 "group any any w1 w2\nquorum any\n");
  log.start();
  std::uint64_t seq = log.append();
  std::string plain = log.get(receipt_path(seq, "")).body;
  REQUIRE(log.publishes(seq + 1));
  auto answer = log.get(receipt_path(seq, "?cosigned=true"));
  REQUIRE(answer.status == 200);
  auto verified = verify_witnessed_receipt(answer.body, policy_of(log));
  REQUIRE(verified);
  CHECK(verified->receipt.index == seq);
  CHECK_FALSE(verified->cosignatures.empty());

  CHECK(verify({"--policy", log.policy_file()}, answer.body) == 0);
  CHECK(verify({"--key", log.vkey()}, answer.body) == 0);
  CHECK(verify({"--policy", log.policy_file()}, plain) == 1);  // no quorum
  CHECK(verify({"--policy", log.policy_file(), "--key", log.vkey()}, answer.body) == 2);
  CHECK(verify({"--policy", log.file("none")}, answer.body) == 2);
  std::string cosigned = answer.body;
  std::size_t line = cosigned.rfind("— witness.example");
  REQUIRE(line != std::string::npos);
  cosigned[cosigned.size() - 10] = cosigned[cosigned.size() - 10] == 'A' ? 'B' : 'A';
  CHECK(verify({"--policy", log.policy_file()}, cosigned) == 1);
  // Another policy: the same log, a stranger's quorum.
  WitnessProcess stranger({}, "witness.example/w3");
  std::string policy =
      "log " + log.vkey() + "\nwitness w " + format_vkey(stranger.key()) + "\nquorum w\n";
  REQUIRE(core::write_file(log.file("other"), policy));
  CHECK(verify({"--policy", log.file("other")}, answer.body) == 1);
  REQUIRE(core::write_file(log.file("none"), "log " + log.vkey() + "\nquorum none\n"));
  CHECK(verify({"--policy", log.file("none")}, plain) == 0);
  // COSE bears no cosignatures.
  std::string cose = log.get(receipt_path(seq, "?format=cose")).body;
  CHECK(verify({"--policy", log.file("none")}, cose) == 0);
  CHECK(verify({"--policy", log.policy_file()}, cose) == 1);
  CHECK(log.get(receipt_path(seq, "?cosigned=true&format=cose")).status == 422);
}

TEST_CASE("witnesses of a server: slow and lying ones change nothing") {
  LogProcess log;
  WitnessProcess honest({log.vkey()}, "witness.example/w1");
  honest.start();
  auto text_reply = [](int status, std::string body) {
    api::Reply reply;
    reply.status = status;
    reply.content_type = status == 409 ? std::string(tlog_size_type) : "text/plain";
    reply.body = std::move(body);
    return reply;
  };
  FalseWitness garbage([&](const std::string&) { return text_reply(200, "— x ABCDEFGH\n"); }, "g");
  FalseWitness ahead([&](const std::string&) { return text_reply(409, "999999999\n"); }, "a");
  FalseWitness turns(
      [&, sizes = 0](const std::string&) mutable {
        return text_reply(409, std::to_string(1 + ++sizes % 3) + "\n");
      },
      "t");
  FalseWitness floods(
      [&](const std::string&) {
        api::Reply reply = text_reply(200, "");
        reply.chunks = [](std::string& chunk) {
          chunk.assign(100'000, 'x');
          return true;
        };
        return reply;
      },
      "f");
  FalseWitness drips(
      [&](const std::string&) {
        api::Reply reply = text_reply(200, "");
        reply.chunks = [left = 200](std::string& chunk) mutable {
          std::this_thread::sleep_for(std::chrono::milliseconds(30));
          chunk = "x";
          return left-- > 0;
        };
        return reply;
      },
      "d");
  // A cosignature of its own, over another root.
  NoteSigner signer("s", core::SigningKey::from_seed(core::sha256("s")),
                    SignatureType::cosignature);
  FalseWitness other_text(
      [&](const std::string& body) {
        auto request = parse_add_checkpoint(body);
        auto checkpoint = parse_checkpoint(parse_note(request->note)->text);
        checkpoint->head.root.bytes[0] ^= 1;
        return text_reply(200,
                          format_signature_line(cosign(format_checkpoint(*checkpoint), signer, 1)));
      },
      "s");
  // It says that this is an old copy; a bare word is enough for that.
  log.use_policy(honest.policy_line("w1") + ahead.policy_line("ahead") + "quorum w1\n");
  CHECK(log.exit_code_of_start() == 1);
  Setting at_start("WITNESSES_TIMEOUT_MS", "500");
  log.use_policy(honest.policy_line("w1") + "quorum w1\n");
  log.start();
  REQUIRE(log.publishes(1));
  log.stop();

  log.use_policy(honest.policy_line("w1") + garbage.policy_line("garbage") +
                 turns.policy_line("turns") + floods.policy_line("floods") +
                 drips.policy_line("drips") + other_text.policy_line("other_text") + "quorum w1\n");
  log.start();
  std::uint64_t seq = 0;
  for (int i = 0; i < 20; ++i) {
    CHECK(milliseconds_of([&] { seq = log.append(); }) < 2'000);
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  REQUIRE(log.publishes(seq + 1));
  for (const char* name : {"garbage", "turns", "other_text"}) {
    CAPTURE(name);
    CHECK(log.reaches(failures(name, "wrong_answer"), 1));
    CHECK(log.metric("tallystick_witness_cosignatures_total{witness=\"" + std::string(name) +
                     "\"}") == 0);
  }
  CHECK(log.reaches(failures("floods", "unreachable"), 1));
  CHECK(log.reaches(failures("drips", "unreachable"), 1));
  auto note = parse_note(log.published_note());
  REQUIRE(note);
  CHECK(note->signatures.size() == 2);  // the log, and the honest one
  CHECK(milliseconds_of([&] { log.stop(); }) < 5'000);
}

TEST_CASE("witnesses of a server: what was published stays so over a restart") {
  LogProcess log;
  WitnessProcess witness({log.vkey()});
  witness.start();
  log.use_policy(witness.policy_line("w") + "quorum w\n");
  log.start();
  std::uint64_t seq = log.append();
  REQUIRE(log.publishes(seq + 1));
  std::string note = log.published_note();
  witness.kill_hard();
  log.append();
  log.kill_hard();
  Setting at_start("WITNESSES_REQUIRE_AT_START", "none");
  Setting patience("WITNESSES_TIMEOUT_MS", "500");
  log.start();
  CHECK(log.published_note() == note);
  // Files that are exported beside the server stand under what it published.
  log.stop();
  CHECK(live::exit_code_of({program, "ledger", "export", log.file("export"), "--from",
                            log.directory(), "--key", log.vkey(), "--quiet"}) == 0);
  CHECK(*core::read_file(log.file("export") + "/checkpoint") == note);
  // Without a policy what was signed last is published again.
  log.use_no_policy();
  log.start();
  CHECK(log.published_size() == seq + 2);
  CHECK(log.get(receipt_path(seq, "?cosigned=true")).status == 409);
}

TEST_CASE("witnesses at start: an older copy of the database is refused") {
  LogProcess log;
  WitnessProcess witness({log.vkey()});
  witness.start();
  log.use_policy(witness.policy_line("w") + "quorum w\n");
  log.start();
  REQUIRE(log.publishes(log.append() + 1));
  log.stop();
  log.back_up("old");
  log.start();
  std::uint64_t seq = log.append();
  REQUIRE(log.publishes(seq + 1));
  log.stop();
  log.back_up("new");

  std::string before = witness.held(log.key().name);
  log.restore("old");
  CHECK(log.exit_code_of_start() == 1);
  CHECK(witness.held(log.key().name) == before);  // nothing was cosigned
  // Nor for those who do not need an answer: this one is an answer.
  {
    Setting at_start("WITNESSES_REQUIRE_AT_START", "none");
    CHECK(log.exit_code_of_start() == 1);
  }
  log.restore("new");
  CHECK(log.exit_code_of_start() == 0);

  // The old copy, grown in another way behind the witness's back: longer, and yet another ledger.
  log.restore("old");
  log.use_no_policy();
  log.start();
  for (int i = 0; i < 5; ++i) log.append();
  log.stop();
  log.use_policy(witness.policy_line("w") + "quorum w\n");
  CHECK(log.exit_code_of_start() == 1);
  log.restore("new");
  log.start();
  CHECK(log.publishes(log.append() + 1));
}

TEST_CASE(
    "witnesses at start: a fork that grew longer is refused by the note that a witness shows") {
  LogProcess log;
  WitnessProcess first({log.vkey()}, "witness.example/w1");
  WitnessProcess second({log.vkey()}, "witness.example/w2");
  first.start();
  second.start();
  log.use_policy(first.policy_line("w1") + "quorum w1\n");
  log.start();
  REQUIRE(log.publishes(log.append() + 1));
  log.stop();
  log.back_up("old");
  log.start();
  REQUIRE(log.publishes(log.append() + 1));
  log.stop();
  log.restore("old");
  log.use_no_policy();
  log.start();
  for (int i = 0; i < 5; ++i) log.append();
  log.stop();

  std::string before = first.held(log.key().name);
  Setting wait("WITNESSES_START_WAIT_S", "0");
  // Alone, and beside one that never saw the true history and agrees with whatever it is brought.
  std::string alone = first.policy_line("w1") + "quorum w1\n";
  std::string beside = first.policy_line("w1") + second.policy_line("w2") +
                       "group either any w1 w2\nquorum either\n";
  for (const std::string& policy : {alone, beside}) {
    log.use_policy(policy);
    for (const char* needed : {"none", "any", "quorum"}) {
      CAPTURE(needed);
      Setting at_start("WITNESSES_REQUIRE_AT_START", needed);
      REQUIRE(log.exit_code_of_start() == 1);
      std::string words = log.words_of_failed_start();
      CHECK(words.find("witness.ledger_forked") != std::string::npos);
      CHECK(words.find("witness w1 shows a checkpoint") != std::string::npos);
    }
  }
  CHECK(first.held(log.key().name) == before);

  // Who only says no proves nothing.
  FalseWitness liar(
      [says_less = true](const std::string&) mutable {
        api::Reply reply;
        reply.status = says_less ? 409 : 422;
        reply.content_type = says_less ? std::string(tlog_size_type) : "text/plain";
        reply.body = "1\n";
        says_less = !says_less;
        return reply;
      },
      "witness.example/w3");
  log.use_policy(liar.policy_line("w3") + "quorum w3\n");
  CHECK(log.exit_code_of_start() == 1);
  CHECK(log.words_of_failed_start().find("witness.too_few_answers") != std::string::npos);
  Setting none("WITNESSES_REQUIRE_AT_START", "none");
  CHECK(log.exit_code_of_start() == 0);
}

TEST_CASE("witnesses at start: silence is not consent, unless the operator says so") {
  LogProcess log;
  WitnessProcess first({log.vkey()}, "witness.example/w1");
  WitnessProcess second({log.vkey()}, "witness.example/w2");
  first.start();
  second.start();
  log.use_policy(first.policy_line("w1") + second.policy_line("w2") +
                 "group both all w1 w2\nquorum both\n");
  Setting patience("WITNESSES_TIMEOUT_MS", "500");
  Setting wait("WITNESSES_START_WAIT_S", "0");
  CHECK(log.exit_code_of_start() == 0);
  second.kill_hard();
  CHECK(log.exit_code_of_start() == 1);
  {
    Setting any("WITNESSES_REQUIRE_AT_START", "any");
    CHECK(log.exit_code_of_start() == 0);
    first.kill_hard();
    CHECK(log.exit_code_of_start() == 1);
  }
  Setting none("WITNESSES_REQUIRE_AT_START", "none");
  CHECK(log.exit_code_of_start() == 0);
}

TEST_CASE("witnesses at start: a bare number is no consent, only a cosignature over this head is") {
  LogProcess log;
  FalseWitness less(
      [](const std::string&) {
        api::Reply reply;
        reply.status = 409;
        reply.content_type = std::string(tlog_size_type);
        reply.body = "0\n";
        return reply;
      },
      "witness.example/w1");
  log.use_policy(less.policy_line("w1") + "quorum w1\n");
  Setting patience("WITNESSES_TIMEOUT_MS", "500");
  Setting wait("WITNESSES_START_WAIT_S", "0");
  CHECK(log.exit_code_of_start() == 1);
  {
    Setting none("WITNESSES_REQUIRE_AT_START", "none");
    CHECK(log.exit_code_of_start() == 0);
  }
  // One that really holds less is brought the head, and cosigns it.
  WitnessProcess behind({log.vkey()}, "witness.example/w2");
  behind.start();
  log.use_policy(behind.policy_line("w2") + "quorum w2\n");
  CHECK(log.exit_code_of_start() == 0);
}

TEST_CASE("witnesses at start: a policy that cannot work is refused") {
  LogProcess log;
  WitnessProcess witness({log.vkey()});
  witness.start();
  std::string line = witness.policy_line("w");
  log.use_policy(line + "quorum nobody\n");
  CHECK(log.exit_code_of_start() == 1);
  log.use_policy("witness w " + format_vkey(witness.key()) + "\nquorum w\n");  // no URL
  CHECK(log.exit_code_of_start() == 1);
  REQUIRE(core::write_file(log.policy_file(), line + "quorum w\n"));  // without the log
  CHECK(log.exit_code_of_start() == 1);
  log.use_policy(line + "quorum w\n");
  {
    Setting wrong("WITNESSES_REQUIRE_AT_START", "some");
    CHECK(log.exit_code_of_start() == 2);
  }
  CHECK(log.exit_code_of_start() == 0);
}

TEST_CASE("witnesses at start: the settings stand in a table of the file, too") {
  LogProcess log;
  WitnessProcess witness({log.vkey()});
  witness.start();
  log.use_policy(witness.policy_line("w") + "quorum w\n");
  REQUIRE(core::write_file(log.directory() + "/own.policy", *core::read_file(log.policy_file())));
  std::string config = log.directory() + "/tallystick.toml";
  REQUIRE(core::write_file(config, "[witnesses]\npolicy = \"own.policy\"\ninterval_ms = 60\n"));
  log.use_no_policy();  // that is, no flag
  log.start();
  CHECK(log.publishes(log.append() + 1));
  CHECK(open_witnessed(log.published_note(), policy_of(log)));
  log.stop();
  REQUIRE(core::write_file(config, "[witnesses]\npolicies = \"own.policy\"\n"));
  CHECK(log.exit_code_of_start() == 2);
  REQUIRE(core::write_file(config, "[witnesses.policy]\nfile = \"own.policy\"\n"));
  CHECK(log.exit_code_of_start() == 2);
}
