// The log's key, exchanged for another one: which key signs which checkpoint, and what that leaves of
// receipts and audits.
#include "ledger/log_keys.h"

#include <algorithm>
#include <map>

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include "ledger/checkpoint.h"
#include "ledger/cose.h"
#include "ledger/proof.h"
#include "ledger/sample_ledger.h"

using namespace tally;
using namespace tally::ledger;
using test::sample_signer;

namespace {

template <class T>
std::string code_of(const core::Result<T>& result) {
  REQUIRE(!result);
  return result.error().code;
}

// A ledger that is started again and again, with the private keys that lie there.
class Rotating {
 public:
  explicit Rotating(const char* first = "a") { start({first}); }

  void start(std::vector<std::string> names) {
    writer_ = nullptr;
    std::vector<NoteSigner> held;
    for (const auto& name : names) held.push_back(sample_signer(name));
    ledger_ = std::make_unique<Ledger>(LogSigners(held), clock_, random_);
    auto connection = core::sql::sqlite::open_writer(path());
    core::sql::migrate(connection, schema_files());
    {
      core::sql::Session session(connection);
      ledger_->open(session);
    }
    writer_ = std::make_unique<core::sql::Writer>(std::move(connection), *ledger_,
                                                  core::sql::Writer::Options{});
    if (ledger_->size() == 0) append();
  }
  std::uint64_t append() {
    return run([&](core::sql::Tx& tx) {
      std::string body = ledger_->size() == 0
                             ? "{\"log_key\":\"" + ledger_->log_vkey() + "\",\"origin\":\"" +
                                   test::sample_origin + "\",\"salt\":\"00\"}"
                             : "{\"salt\":\"00\"}";
      auto kind = ledger_->size() == 0 ? ledger_opened_kind : "test.noted/1";
      return ledger_->append(tx, kind, "system", body);
    });
  }
  std::uint64_t add_key() {
    return run([&](core::sql::Tx& tx) { return ledger_->add_key(tx); });
  }
  std::uint64_t retire() {
    auto seq = run([&](core::sql::Tx& tx) { return ledger_->retire_first_key(tx); });
    ledger_->forget_retired_keys();
    return seq;
  }

  Receipt receipt(std::uint64_t seq) {
    auto connection = core::sql::sqlite::open_reader(path());
    core::sql::Session session(connection);
    return ledger_->receipt_of(session, seq);
  }
  // Whose signatures stand under the newest checkpoint.
  std::string signers() const { return signers_of(*ledger_->signed_head().note); }
  static std::string signers_of(const std::string& note) {
    std::string names;
    for (const char* name : {"a", "b", "c", "d"}) {
      if (open_checkpoint(note, test::sample_origin, sample_signer(name).verifier())) names += name;
    }
    return names;
  }
  std::string audit(const std::vector<std::string>& names) {
    writer_ = nullptr;  // the newest checkpoint is stored
    std::vector<VerifierKey> keys;
    for (const auto& name : names) keys.push_back(sample_signer(name).verifier());
    auto connection = core::sql::sqlite::open_reader(path());
    core::sql::Session session(connection);
    DatabaseSource source(session);
    auto report = ledger::audit(source, *LogKeys::of(keys));
    if (report.passed() && !report.doubts.empty()) return "doubt: " + report.doubts[0].code;
    return report.passed() ? "" : report.findings[0].code;
  }
  // What is there bears those signatures, whoever had to sign.
  void sign_again(const std::vector<std::string>& names) {
    auto head = ledger_->signed_head().head;
    writer_ = nullptr;
    Note note{format_checkpoint({test::sample_origin, head}), {}};
    for (const auto& name : names)
      note.signatures.push_back(sign_line(note.text, sample_signer(name)));
    auto connection = core::sql::sqlite::open_writer(path());
    core::sql::Statement put(connection, "update ledger_checkpoint set size = ?1, note = ?2");
    put(head.size, format_note(note)).run();
  }
  std::uint64_t retire_missing() {
    auto missing = ledger_->signers()->missing();
    REQUIRE(missing.size() == 1);
    return run([&](core::sql::Tx& tx) { return ledger_->retire_missing_key(tx, missing[0]); });
  }
  // By the hand of somebody who needs no ledger's consent.
  void append_event(std::string_view kind, const std::string& body) {
    run([&](core::sql::Tx& tx) { return ledger_->append(tx, kind, "system", body); });
  }
  std::string path() const { return dir_.file("ledger.db"); }
  Ledger& ledger() { return *ledger_; }
  core::sql::Writer& writer() { return *writer_; }

 private:
  template <class Command>
  std::uint64_t run(Command command) {
    auto done = writer_->run(
        [&](core::sql::Tx& tx) -> core::Result<std::uint64_t> { return command(tx)->seq; });
    REQUIRE(done);
    return *done;
  }

  test::TempDir dir_;
  core::ManualClock clock_{{1'732'240'000'000}};
  core::SeededRandom random_{7};
  std::unique_ptr<Ledger> ledger_;
  std::unique_ptr<core::sql::Writer> writer_;
};

bool proves(const Receipt& receipt, const char* name) {
  return verify_receipt(receipt.file(), sample_signer(name).verifier()).operator bool();
}

}  // namespace

TEST_CASE(
    "log keys: keys of one log are believed together, a witness's and another log's are not") {
  auto a = sample_signer("a").verifier();
  auto b = sample_signer("b").verifier();
  auto keys = LogKeys::of({a, b});
  REQUIRE(keys);
  CHECK(keys->origin() == test::sample_origin);
  CHECK(keys->holds(b));
  const VerifierKey others[] = {a};
  CHECK(keys->without(others)->all().front() == b);
  CHECK_FALSE(keys->without(keys->all()));
  CHECK(keys->text() == format_vkey(a) + "\n" + format_vkey(b) + "\n");
  CHECK(code_of(LogKeys::of({})) == "key.missing");
  NoteSigner other("other.example/log", core::SigningKey::from_seed(core::sha256("o")));
  CHECK(code_of(LogKeys::of({a, other.verifier()})) == "key.of_another_log");
  NoteSigner witness(test::sample_origin, core::SigningKey::from_seed(core::sha256("w")),
                     SignatureType::cosignature);
  CHECK(code_of(LogKeys::of({a, witness.verifier()})) == "checkpoint.wrong_key_type");
}

TEST_CASE("log keys: an addition is signed by the old key and by the new one") {
  auto event = make_addition(sample_signer("a"), sample_signer("b"), std::string(32, '0'));
  CHECK(check_addition(test::sample_origin, event));
  CHECK(code_of(check_addition("other.example/log", event)) == "key.of_another_log");
  auto refused = [&](auto change) {
    auto other = event;
    change(other);
    return code_of(check_addition(test::sample_origin, other));
  };
  CHECK(refused([](LogKeyAdded& it) { it.signature = it.possession; }) == "log.key_not_let_in");
  CHECK(refused([](LogKeyAdded& it) { it.possession = it.signature; }) == "log.key_not_possessed");
  CHECK(refused([](LogKeyAdded& it) { it.key = format_vkey(sample_signer("c").verifier()); }) ==
        "log.key_not_let_in");
  CHECK(refused([](LogKeyAdded& it) { it.key = "no key"; }) == "vkey.malformed");
}

TEST_CASE("log keys: both keys sign in the overlap, and the new one alone behind the retirement") {
  Rotating log;
  auto before = log.append();
  CHECK(log.signers() == "a");
  log.start({"a", "b"});
  CHECK(log.signers() == "a");  // no entry names the second yet
  log.append();
  CHECK(log.signers() == "a");
  auto added = log.add_key();
  CHECK(log.signers() == "ab");
  auto within = log.append();
  auto early = log.receipt(before);
  CHECK(Rotating::signers_of(*early.checkpoint) == "a");
  CHECK(Rotating::signers_of(*log.receipt(added).checkpoint) == "ab");
  log.start({"a", "b"});
  CHECK(log.signers() == "ab");
  log.retire();
  CHECK(log.signers() == "b");
  log.append();
  // What was handed out before verifies with the old key; what is made now, with the new one.
  CHECK(proves(early, "a"));
  auto late = log.receipt(before);
  CHECK(late.entry == early.entry);
  CHECK_FALSE(proves(late, "a"));
  CHECK(proves(late, "b"));
  CHECK(late.proof.size == added + 1);
  CHECK(Rotating::signers_of(*log.receipt(within).checkpoint) == "b");
  log.start({"b"});
  CHECK(log.signers() == "b");
  CHECK(log.receipt(before).file() == late.file());
}

TEST_CASE("log keys: COSE receipts are by the older key until it is retired") {
  Rotating log;
  auto first = log.append();
  log.start({"a", "b"});
  log.add_key();
  auto seq = log.append();
  auto cose = [&](std::uint64_t entry) { return log.ledger().cose_file(log.receipt(entry)); };
  auto a = sample_signer("a").verifier();
  auto b = sample_signer("b").verifier();
  auto early = cose(seq);
  CHECK(verify_cose_receipt(early, a));
  CHECK(code_of(verify_cose_receipt(early, b)) == "cose.wrong_key");
  CHECK(verify_cose_receipt(early, *LogKeys::of({b, a})));
  log.retire();
  CHECK(verify_cose_receipt(cose(seq), b));
  CHECK(verify_cose_receipt(cose(first), b));
  CHECK(verify_cose_receipt(early, a));
}

TEST_CASE(
    "log keys: an audit takes any key that is in force, and names where the one it has was "
    "retired") {
  Rotating log;
  log.start({"a", "b"});
  log.add_key();
  CHECK(log.audit({"a"}) == "");
  CHECK(log.audit({"b"}) == "");
  CHECK(log.audit({"c"}) == "note.unknown_signers");
  CHECK(log.audit({"c", "a"}) == "");
  log.start({"a", "b"});
  log.retire();
  log.append();
  CHECK(log.audit({"b"}) == "");
  CHECK(log.audit({"a", "b"}) == "");
  CHECK(log.audit({"a"}) == "checkpoint.key_retired");
  CHECK(log.audit({"c"}) == "note.unknown_signers");
}

TEST_CASE(
    "log keys: a checkpoint by a key that was retired is refused, also from whoever holds it") {
  Rotating log;
  log.start({"a", "b"});
  log.add_key();
  log.retire();
  auto seq = log.append();
  CHECK(log.ledger().signed_head().head.size == seq + 1);
  CHECK(log.audit({"a", "b"}) == "");
  log.sign_again({"a"});
  CHECK(log.audit({"a", "b"}) == "checkpoint.key_retired");
  CHECK(log.audit({"a"}) == "checkpoint.key_retired");
}

TEST_CASE("log keys: each key in force that an auditor has must have signed, the first one too") {
  Rotating log;
  log.start({"a", "b"});
  log.add_key();
  log.append();
  CHECK(log.audit({"a", "b"}) == "");
  for (const char* alone : {"a", "b"}) {
    log.sign_again({alone});
    CHECK(log.audit({"a", "b"}) == "checkpoint.key_did_not_sign");
    CHECK(log.audit({alone}) == "");
  }
}

TEST_CASE(
    "log keys: a key that was retired and that no signing key follows is a doubt to whoever has "
    "it") {
  Rotating log;
  log.start({"a", "b"});
  log.add_key();
  log.start({"a"});
  log.retire_missing();
  CHECK(log.signers() == "a");
  CHECK(log.audit({"a", "b"}) == "doubt: checkpoint.newer_key_retired");
  CHECK(log.audit({"b", "a"}) == "doubt: checkpoint.newer_key_retired");
  CHECK(log.audit({"a"}) == "");
  CHECK(log.audit({"b"}) == "checkpoint.key_retired");
  // The loss does not hinder the next exchange, and no later key follows the one that was lost.
  log.start({"a", "c"});
  log.add_key();
  CHECK(log.audit({"a", "c"}) == "");
  log.start({"a", "c"});
  log.retire();
  CHECK(log.signers() == "c");
  CHECK(log.audit({"a", "c"}) == "");
  CHECK(log.audit({"a", "b", "c"}) == "doubt: checkpoint.newer_key_retired");
}

TEST_CASE("log keys: an exchange is followed over keys that an auditor was not given") {
  Rotating log;
  for (const char* next : {"b", "c", "d"}) {
    log.start({std::string(1, static_cast<char>(next[0] - 1)), next});
    log.add_key();
    log.retire();
  }
  CHECK(log.signers() == "d");
  CHECK(log.audit({"a", "d"}) == "");
  CHECK(log.audit({"d", "b"}) == "");
  CHECK(log.audit({"a", "b", "c", "d"}) == "");
  CHECK(log.audit({"a", "b", "c"}) == "checkpoint.key_retired");
}

TEST_CASE(
    "log keys: whoever has an old key cannot name it the follower of a newer one, in a ledger of "
    "its own either") {
  auto salt = std::string(32, '0');
  auto addition = [&](const char* by, const char* added) {
    return make_addition(sample_signer(by), sample_signer(added), salt);
  };
  // The thief has a and c; what b signed for itself stands in the real log, where a let it in.
  auto let_in_b = addition("c", "b");
  let_in_b.possession = addition("a", "b").possession;
  auto let_in_a = addition("c", "a");
  for (bool by_b : {false, true}) {
    CAPTURE(by_b);
    Rotating log("c");
    log.append_event(LogKeyAdded::kind, core::canonical(core::encode(let_in_b)));
    auto forged = let_in_a;
    if (by_b) forged.signer = format_vkey(sample_signer("b").verifier());
    log.append_event(LogKeyAdded::kind, core::canonical(core::encode(forged)));
    for (const char* name : {"b", "c"}) {
      LogKeyRetired retired{format_vkey(sample_signer(name).verifier()), salt};
      log.append_event(LogKeyRetired::kind, core::canonical(core::encode(retired)));
    }
    log.sign_again({"a"});
    CHECK(log.audit({"a", "b"}) == "doubt: checkpoint.newer_key_retired");
  }
}

TEST_CASE(
    "log keys: a ledger does not start with a key that it does not name, or without one in force") {
  Rotating log;
  CHECK_THROWS_AS(log.start({"b"}), core::Broken);
  log.start({"a", "b"});
  log.add_key();
  log.retire();
  CHECK_THROWS_AS(log.start({"a"}), core::Broken);
  CHECK_THROWS_AS(log.start({"c"}), core::Broken);
  log.start({"b"});
  CHECK(log.signers() == "b");
}

TEST_CASE("log keys: an exchange that is undone changes nothing") {
  Rotating log;
  log.start({"a", "b"});
  auto refused = log.writer().run([&](core::sql::Tx& tx) -> core::Result<core::Done> {
    log.ledger().add_key(tx);
    return core::Error{core::Refusal::conflict, "test.refused", "on second thoughts"};
  });
  CHECK(code_of(refused) == "test.refused");
  log.append();
  CHECK(log.signers() == "a");
  CHECK(log.ledger().signers()->pending() != nullptr);
  log.add_key();
  CHECK(log.signers() == "ab");
}

TEST_CASE("log keys: each checkpoint bears the keys that a small model says, over any exchanges") {
  CHECK(rc::check("exchanges", [] {
    Rotating log;
    std::vector<std::string> held{"a"};
    char next = 'b';
    bool is_added = false;
    std::map<std::uint64_t, std::string> at_size;  // size of a checkpoint -> who signed it
    const int steps = *rc::gen::inRange(1, 9);
    for (int i = 0; i < steps; ++i) {
      switch (*rc::gen::inRange(0, 3)) {
        case 0:
          log.append();
          break;
        case 1:
          if (held.size() == 1 && next <= 'd') {
            held.emplace_back(1, next++);
            log.start(held);
            log.add_key();
            is_added = true;
          }
          break;
        default:
          if (is_added) {
            log.retire();
            held.erase(held.begin());
            is_added = false;
          }
      }
      std::string due;
      for (const auto& name : held) due += name;
      RC_ASSERT(log.signers() == due);
      at_size[log.ledger().size()] = due;
    }
    // Made again later, a checkpoint bears what is left of them.
    log.start(held);
    for (std::uint64_t seq = 0; seq < log.ledger().size(); ++seq) {
      auto receipt = log.receipt(seq);
      std::string names = Rotating::signers_of(*receipt.checkpoint);
      RC_ASSERT(!names.empty());
      for (char name : names)
        RC_ASSERT(std::ranges::find(held, std::string(1, name)) != held.end());
      auto then = at_size.find(receipt.proof.size);
      if (then != at_size.end()) {
        for (char name : names) RC_ASSERT(then->second.find(name) != std::string::npos);
      }
    }
    RC_ASSERT(log.audit({held.back()}) == "");
    std::vector<std::string> all;
    for (char name = 'a'; name < next; ++name) all.emplace_back(1, name);
    RC_ASSERT(log.audit(all) == "");
  }));
}
