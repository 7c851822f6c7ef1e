// `restore --continue`: what is left of a log goes on as another one.
#include "api/continuation.h"

#include <filesystem>
#include <fstream>
#include <optional>

#include <doctest/doctest.h>

#include "api/backup.h"
#include "api/rotation.h"
#include "api/services.h"
#include "api/store.h"
#include "core/file.h"
#include "core/hash.h"
#include "labeling/schema.h"
#include "ledger/checkpoint.h"
#include "ledger/proof.h"
#include "space/continuation/confirmation.h"
#include "space/parties/keys.h"
#include "space/uses/market.h"
#include "support/api/command_line.h"

using namespace tally;
using test::Market;
using test::Member;

namespace {

namespace fs = std::filesystem;
constexpr const char* new_origin = "space.example/log-2";

std::string hex_of(const core::Hash& hash) { return core::to_hex(hash) + "\n"; }

// A space whose disk will be lost: a backup, a replica that is younger, a receipt that is younger still.
struct Lost : Market {
  test::TempDir dir;
  space::ContractId running;
  std::vector<std::string> receipts;
  std::string backup = dir.file("backup"), replica = dir.file("replica"),
              directory = dir.file("space");

  Lost() : Market(labeling::schema_files()) { running = agree(6); }

  ledger::VerifierKey log_key() const {
    return ledger::NoteSigner(test::TempSpace::origin, space.log_key).verifier();
  }
  std::string vkey() const { return ledger::format_vkey(log_key()); }
  std::string signed_head() { return *space.journal().ledger.signed_head().note; }

  void spend(const std::string& key) {
    auto answer = use(running, key);
    REQUIRE(answer);
    receipts.push_back(answer->receipt);
  }
  void settle() {  // the signed checkpoint is stored
    static_cast<void>(space.write([](core::sql::Tx&) -> core::Result<core::Done> {
      return core::Error{core::Refusal::conflict, "test.nothing", "nothing"};
    }));
  }
  void keep_backup() {
    settle();
    REQUIRE(api::make_backup(space.database(), backup, log_key()));
  }
  void copy_to_replica() {
    settle();
    auto copied = test::run({"replica", space.database(), replica, "--key", vkey(), "--once"});
    REQUIRE_MESSAGE(copied.code == 0, copied.err);
  }
  std::string keep(const std::string& name, const std::string& bytes) {
    REQUIRE(core::write_file(dir.file(name), bytes));
    return dir.file(name);
  }
  // The copies of the server's keys.
  void place_keys() {
    fs::create_directories(directory + "/keys");
    auto put = [&](const std::string& name, const std::string& bytes) {
      REQUIRE(core::write_file(directory + "/keys/" + name, bytes, core::FileMode::secret));
    };
    put("operator.key", hex_of(space.operator_key.seed()));
    put("master.key", hex_of(core::sha256("master key")));
    put("secret.key", hex_of(core::sha256("secret")));
    put("log.key",
        ledger::format_signing_key(ledger::NoteSigner(test::TempSpace::origin, space.log_key)) +
            "\n");
    fs::copy(space.directory.file("subjects.db"), directory + "/keys/subjects.db");
  }

  // From the backup and what is given, by what the checkpoint says.
  core::Result<api::Continued> go_on(std::vector<std::string> from = {},
                                     std::optional<std::string> newest = {},
                                     std::string origin = new_origin,
                                     std::optional<ledger::LogKeys> given = {}) {
    return api::continue_ledger({.backup = backup,
                                 .log_keys = given.value_or(log_key()),
                                 .origin = std::move(origin),
                                 .from = std::move(from),
                                 .newest_checkpoint = std::move(newest)},
                                api::DataDir(directory), space.clock);
  }
  test::Run audit() {
    return test::run({"audit", directory, "--key", "@" + directory + "/log.vkey"});
  }
};

// The server that goes on.
struct Running {
  api::DataDir dir;
  api::ServerKeys keys;
  api::Store store;
  api::Services services;

  Running(const std::string& directory, const core::Clock& clock)
      : dir(directory),
        keys(*api::read_keys(dir)),
        store(dir, keys, {}, api::Surroundings{clock}),
        // The test's digests are keyed otherwise than a server's (space/uses/market.h).
        services(
            store.journal(), core::system_clock(), keys.master, keys.operator_key, "a secret") {}

  core::Result<space::UseAnswer> use(const Member& consumer,
                                     const space::ContractId& contract,
                                     const std::string& key) {
    return services.uses.use(consumer.principal, contract, key, {"training", std::nullopt, 2, 3});
  }
  core::Result<space::Change> confirm(const Member& member,
                                      const space::ContractId& contract,
                                      std::uint64_t used) {
    space::ConfirmationDocument document;
    document.contract = contract;
    document.document = store.journal().readers.read([&](core::sql::Session& session) {
      return space::find_contract(session, contract)->document;
    });
    document.format = space::ConfirmationDocument::format_name;
    document.nonce = core::system_random().salt();
    document.used = {used};
    auto key = space::KeyId::of(member.key.public_key());
    auto digest = core::sha256(core::canonical(document));
    auto signature = space::sign(
        {space::SignedVerb::confirm, new_origin, member.party, key, digest}, member.key);
    return space::confirm(store.journal(), member.principal,
                          {member.party.text(), "confirm", core::system_random().salt(), "request"},
                          contract, {core::encode(document), {key, signature}});
  }
};

template <class T>
std::string code_of(const core::Result<T>& answer) {
  return answer ? "" : answer.error().code;
}

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// What begins with the database's name, but for the lock.
std::vector<std::string> database_files(const std::string& directory) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(directory)) {
    std::string name = entry.path().filename();
    if (name.starts_with("tallystick.db") && name != "tallystick.db.lock") names.push_back(name);
  }
  return names;
}

}  // namespace

TEST_CASE(
    "restore --continue: what backup, replica and receipts hold goes on, and nothing is used "
    "before both parties have confirmed the count") {
  Lost lost;
  lost.spend("k1");
  lost.keep_backup();
  lost.spend("k2");
  lost.copy_to_replica();
  lost.spend("k3");
  lost.spend("k4");
  lost.spend("k5");  // of which nothing is left but a checkpoint that a witness saw
  auto receipt = lost.keep("k4.tlog-proof", lost.receipts[3]);
  lost.place_keys();

  auto done = lost.go_on({lost.replica, receipt}, lost.signed_head());
  REQUIRE_MESSAGE(done, done.error().message);
  CHECK(database_files(lost.directory) == std::vector<std::string>{"tallystick.db"});
  CHECK(done->recovered == 1);
  CHECK(done->contracts == 1);
  CHECK(done->last_size - done->carried == 3);
  CHECK(done->lost() == 2);
  auto audited = lost.audit();
  CHECK_MESSAGE(audited.code == 0, audited.out);
  CHECK(*core::read_file(lost.directory + "/former-log.vkey") == lost.vkey() + "\n");
  CHECK(fs::exists(lost.directory + "/keys/former-log.key"));

  {
    Running running(lost.directory, lost.space.clock);
    CHECK(code_of(running.use(lost.consumer, lost.running, "k6")) == "contract.held");
    // k4's receipt says that the count had come to four.
    CHECK(code_of(running.confirm(lost.consumer, lost.running, 3)) == "confirmation.below_record");
    CHECK(running.confirm(lost.consumer, lost.running, 4));
    CHECK(code_of(running.use(lost.consumer, lost.running, "k6")) == "contract.held");
    // The provider knows of a fifth; what the consumer confirmed is another count.
    CHECK(running.confirm(lost.provider, lost.running, 5));
    CHECK(code_of(running.use(lost.consumer, lost.running, "k6")) == "contract.held");
    CHECK(code_of(running.confirm(lost.consumer, lost.running, 7)) == "confirmation.above_limit");
    CHECK(running.confirm(lost.consumer, lost.running, 5));
    auto again = running.use(lost.consumer, lost.running, "k2");  // carried: the key is known
    REQUIRE(again);
    CHECK(again->repeated);
    CHECK(again->count_before == 1);
    auto sixth = running.use(lost.consumer, lost.running, "k6");
    REQUIRE(sixth);
    CHECK(sixth->count_before == 5);
    CHECK(code_of(running.use(lost.consumer, lost.running, "k7")) == "contract.uses_exhausted");
    CHECK(code_of(running.confirm(lost.provider, lost.running, 5)) == "confirmation.below_record");
  }
  audited = lost.audit();
  CHECK_MESSAGE(audited.code == 0, audited.out);
  CHECK(holds(audited.out, lost.running.text() + "  passed  exhausted"));
}

TEST_CASE(
    "restore --continue: old receipts stay good, and new ones prove the entries that were "
    "carried") {
  Lost lost;
  lost.spend("k1");
  lost.keep_backup();
  lost.place_keys();
  auto done = lost.go_on({}, lost.signed_head());
  REQUIRE_MESSAGE(done, done.error().message);
  CHECK(done->last_size == done->carried);
  auto old = ledger::verify_receipt(lost.receipts[0], lost.log_key());
  REQUIRE(old);
  Running running(lost.directory, lost.space.clock);
  auto again = running.use(lost.consumer, lost.running, "k1");
  REQUIRE(again);
  CHECK_FALSE(again->page);  // held: the receipt alone
  auto carried = ledger::verify_receipt(again->receipt, running.keys.log.verifier());
  REQUIRE(carried);
  CHECK(carried->index == old->index + 1);
  CHECK(holds(carried->entry, old->entry));
}

TEST_CASE("restore --continue: a ledger that was continued before can be continued again") {
  Lost lost;
  lost.spend("k1");
  lost.keep_backup();
  lost.place_keys();
  auto done = lost.go_on();
  REQUIRE(done);
  {
    Running running(lost.directory, lost.space.clock);
    REQUIRE(running.confirm(lost.consumer, lost.running, 1));
    REQUIRE(running.confirm(lost.provider, lost.running, 1));
    REQUIRE(running.use(lost.consumer, lost.running, "k2"));
  }
  std::string second = lost.dir.file("second"), third = lost.dir.file("third");
  REQUIRE(test::run({"backup", lost.directory, second}).code == 0);
  fs::create_directories(third);
  fs::copy(lost.directory + "/keys", third + "/keys");
  fs::remove(third + "/keys/former-log.key");
  auto former = *ledger::parse_vkey(done->log_vkey);
  auto again = api::continue_ledger({.backup = second,
                                     .log_keys = former,
                                     .origin = "space.example/log-3",
                                     .from = {},
                                     .newest_checkpoint = {}},
                                    api::DataDir(third), lost.space.clock);
  REQUIRE_MESSAGE(again, again.error().message);
  auto audited = test::run({"audit", third, "--key", "@" + third + "/log.vkey"});
  CHECK_MESSAGE(audited.code == 0, audited.out);
  Running running(third, lost.space.clock);
  CHECK(code_of(running.use(lost.consumer, lost.running, "k3")) == "contract.held");
}

TEST_CASE(
    "restore --continue: what does not fit together is refused, and nothing is put in place") {
  Lost lost;
  lost.spend("k1");
  lost.keep_backup();
  lost.spend("k2");
  auto newest = lost.signed_head();
  auto refused = [&](const core::Result<api::Continued>& done, const std::string& code) {
    CHECK(code_of(done) == code);
    if (fs::exists(lost.directory)) CHECK(database_files(lost.directory).empty());
  };
  refused(lost.go_on({}, newest), "continue.key_missing");
  CHECK_FALSE(fs::exists(lost.directory));
  lost.place_keys();
  refused(lost.go_on({}, newest, test::TempSpace::origin), "continue.same_origin");
  refused(lost.go_on({}, newest, "no name"), "origin.malformed");
  auto fork = ledger::sign_checkpoint(
      {.origin = test::TempSpace::origin, .head = {5, core::sha256("another history")}},
      ledger::NoteSigner(test::TempSpace::origin, lost.space.log_key));
  refused(lost.go_on({}, fork), "restore.forked");
  Lost stranger;
  stranger.spend("another key");
  stranger.copy_to_replica();
  refused(lost.go_on({stranger.replica}, newest), "restore.forked");
  refused(lost.go_on({lost.dir.file("nothing")}, newest), "continue.source_failed");
  auto changed = lost.receipts[1];
  auto middle = changed.find("\n\n") + 20;
  changed[middle] = changed[middle] == 'A' ? 'B' : 'A';
  refused(lost.go_on({lost.keep("changed", changed)}, newest), "continue.source_failed");
  CHECK(lost.go_on({}, newest));
}

TEST_CASE(
    "restore --continue: a log whose key was exchanged goes on, and can exchange its key again") {
  Lost lost;
  auto old_key = lost.log_key();
  lost.spend("k1");
  lost.space.add_log_key();
  lost.spend("k2");
  lost.keep_backup();
  lost.space.retire_log_key();
  lost.spend("k3");
  lost.copy_to_replica();
  lost.spend("k4");
  auto newest = lost.signed_head();
  auto new_key = lost.log_key();
  auto receipt = lost.keep("k4.tlog-proof", lost.receipts[3]);
  auto proof = *ledger::parse_proof(lost.receipts[3]);
  auto head = ledger::verify_receipt(lost.receipts[3], new_key)->checkpoint.head;
  ledger::NoteSigner retired(test::TempSpace::origin,
                             core::SigningKey::from_seed(core::sha256("log key")));
  REQUIRE(retired.verifier() == old_key);
  auto by_retired = ledger::sign_checkpoint({test::TempSpace::origin, head}, retired);
  auto stolen = lost.keep(
      "stolen",
      ledger::format_receipt(*proof.extra, {proof.index, head.size, proof.path}, by_retired));
  lost.place_keys();
  // An exchange that was under way ends with the log.
  REQUIRE(core::write_file(lost.directory + "/keys/log.next.key",
                           ledger::format_signing_key(retired) + "\n", core::FileMode::secret));
  REQUIRE(core::write_file(lost.directory + "/keys/log.retiring", "", core::FileMode::secret));

  auto both = *ledger::LogKeys::of({old_key, new_key});
  CHECK(code_of(lost.go_on({lost.replica}, newest, new_origin, old_key)) == "restore.other_key");
  CHECK(code_of(lost.go_on({lost.replica, stolen}, newest, new_origin, both)) ==
        "continue.source_failed");
  auto ahead = ledger::sign_checkpoint(
      {test::TempSpace::origin, {head.size + 1, core::sha256("a thief's")}}, retired);
  CHECK(code_of(lost.go_on({lost.replica}, ahead, new_origin, both)) == "continue.source_failed");
  auto done = lost.go_on({lost.replica, receipt}, newest, new_origin, both);
  REQUIRE_MESSAGE(done, done.error().message);
  CHECK(done->recovered == 1);
  CHECK(done->lost() == 0);
  CHECK(lost.audit().code == 0);
  CHECK(*core::read_file(lost.directory + "/former-log.vkey") == both.text());
  CHECK(fs::exists(lost.directory + "/keys/former-log.key"));
  CHECK(fs::exists(lost.directory + "/keys/former-log.next.key"));

  {
    Running running(lost.directory, lost.space.clock);
    auto opening = running.store.journal().readers.read(
        [&](core::sql::Session& session) { return running.store.ledger().find_entry(session, 0); });
    CHECK(holds(*opening, "\"log_key\":\"" + ledger::format_vkey(new_key) + "\",\"origin\":\"" +
                              test::TempSpace::origin + "\""));
    // Of the old log's exchange the new log's tables know nothing.
    CHECK(running.store.ledger().signers()->known().all().size() == 1);
  }
  REQUIRE(test::run({"rotate", "log", lost.directory}).code == 0);
  for (bool retires : {false, true}) {
    if (retires) REQUIRE(test::run({"rotate", "log", lost.directory, "--retire"}).code == 0);
    Running running(lost.directory, lost.space.clock);
    api::exchange_log_key(running.store, running.dir, running.keys);
  }
  auto audited = lost.audit();
  CHECK_MESSAGE(audited.code == 0, audited.out);
  auto by_first = test::run({"audit", lost.directory, "--key", done->log_vkey, "--json"});
  CHECK(holds(by_first.out, "checkpoint.key_retired"));
}

TEST_CASE(
    "restore --continue: a key that was added behind the backup counts when its entry is proved") {
  Lost lost;
  auto old_key = lost.log_key();
  lost.spend("k1");
  lost.keep_backup();
  auto seq = lost.space.add_log_key();
  auto added = lost.keep("added.tlog-proof", lost.space.read([&](core::sql::Session& session) {
    return lost.space.journal().ledger.receipt_of(session, seq).file();
  }));
  lost.space.retire_log_key();
  lost.spend("k2");
  auto receipt = lost.keep("k2.tlog-proof", lost.receipts[1]);
  auto both = *ledger::LogKeys::of({old_key, lost.log_key()});
  auto newest = lost.signed_head();
  lost.place_keys();
  // Without it nothing but the operator's word says whose key that is.
  CHECK(code_of(lost.go_on({receipt}, newest, new_origin, both)) == "continue.source_failed");
  CHECK(code_of(lost.go_on({added, receipt}, newest, new_origin, lost.log_key())) ==
        "backup.audit_failed");
  auto done = lost.go_on({added, receipt}, newest, new_origin, both);
  REQUIRE_MESSAGE(done, done.error().message);
  CHECK(done->recovered == 2);
  auto audited = lost.audit();
  CHECK_MESSAGE(audited.code == 0, audited.out);
}

TEST_CASE("restore --continue: operator.key is one that the operator has behind what is carried") {
  Lost lost;
  auto old_key = lost.space.operator_key;
  auto new_key = core::SigningKey::from_seed(core::sha256("the operator's next key"));
  auto id_of = [](const core::SigningKey& key) {
    return space::KeyId::of(key.public_key()).text();
  };
  auto place = [&](const core::SigningKey& key) {
    REQUIRE(core::write_file(lost.directory + "/keys/operator.key", hex_of(key.seed()),
                             core::FileMode::secret));
  };
  space::Keys keys(lost.space.journal());
  lost.spend("k1");
  lost.keep_backup();
  REQUIRE(keys.add_operators(old_key, new_key));
  lost.copy_to_replica();
  auto overlap = lost.replica;
  REQUIRE(keys.retire_operators(space::KeyId::of(old_key.public_key()), new_key));
  lost.replica = lost.dir.file("younger");
  lost.copy_to_replica();
  lost.place_keys();

  auto check_refused = [&](const std::vector<std::string>& from, const core::SigningKey& key,
                           const core::SigningKey& valid) {
    place(key);
    auto done = lost.go_on(from);
    REQUIRE(code_of(done) == "continue.wrong_operator_key");
    CHECK(holds(done.error().message, "keys/operator.key holds " + id_of(key)));
    CHECK(holds(done.error().message, "Valid there: " + id_of(valid) + "."));
    CHECK(database_files(lost.directory).empty());
    CHECK_FALSE(fs::exists(lost.directory + "/former-log.vkey"));
    CHECK_FALSE(fs::exists(lost.directory + "/keys/former-log.key"));
  };
  check_refused({}, new_key, old_key);
  check_refused({}, core::SigningKey::generate(), old_key);
  check_refused({lost.replica}, old_key, new_key);

  // Of the overlap both are good, so that a backup from there outlives the old one's file.
  place(new_key);
  auto done = lost.go_on({overlap});
  REQUIRE_MESSAGE(done, done.error().message);
  CHECK(lost.audit().code == 0);
  Running running(lost.directory, lost.space.clock);
  running.store.journal().readers.read([&](core::sql::Session& session) {
    CHECK_NOTHROW(api::check_keys(session, running.store.ledger(), running.keys, true));
    return 0;
  });
}

TEST_CASE("confirm: of a contract that is not held it is a statement of what is recorded") {
  Lost lost;
  lost.spend("k1");
  lost.keep_backup();
  lost.place_keys();
  REQUIRE(lost.go_on());
  Running running(lost.directory, lost.space.clock);
  REQUIRE(running.confirm(lost.consumer, lost.running, 1));
  REQUIRE(running.confirm(lost.provider, lost.running, 1));
  CHECK(code_of(running.confirm(lost.provider, lost.running, 2)) == "confirmation.above_record");
  CHECK(running.confirm(lost.provider, lost.running, 1));
  CHECK(code_of(running.confirm(lost.stranger, lost.running, 1)) == "contract.not_found");
  auto wrong = running.confirm(
      {lost.provider.party, lost.consumer.key, lost.provider.principal, ""}, lost.running, 1);
  CHECK(code_of(wrong) == "signature.wrong_key");
}
