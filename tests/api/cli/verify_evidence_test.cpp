// `tallystick verify EVIDENCE`: what it prints, what it takes, and how it exits.
#include <doctest/doctest.h>

#include "api/cheats/honest.h"
#include "core/file.h"
#include "ledger/policy.h"
#include "space/evidence/deal.h"
#include "support/api/command_line.h"

using namespace tally;
using test::Deal;
using test::run;

namespace {

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

struct Shown : Deal {
  test::TempDir dir;
  std::string file = dir.file("evidence.ndjson");
  std::string vkey = space.journal().ledger.log_vkey();

  Shown() { use_often(2); }
  void write(const test::Lines& lines) {
    std::string text;
    for (const auto& line : lines) text += line + "\n";
    REQUIRE(core::write_file(file, text));
  }
  void attest_and_write() {
    attest();
    write(*evidence(consumer.principal));
  }
  test::Run verify(std::vector<std::string> options) {
    options.insert(options.begin(), {"verify", file});
    return run(options);
  }
  std::string key_of(const test::Member& member) {
    return space::KeyId::of(member.key.public_key()).text();
  }
};

struct LaterUse {
  static constexpr std::string_view kind = "use.recorded/2";
  space::ContractId contract{};
  core::Hash contract_prev{};
  std::uint64_t contract_seq = 0;

  static constexpr auto fields =
      core::FieldList{core::field("contract", &LaterUse::contract),
                      core::field("contract_prev", &LaterUse::contract_prev),
                      core::field("contract_seq", &LaterUse::contract_seq)};
};

}  // namespace

TEST_CASE("cli verify: evidence says what it shows, by which keys, and what it cannot show") {
  Shown shown;
  shown.attest_and_write();
  auto words = shown.verify({"--key", shown.vkey});
  CHECK(words.code == 0);
  CHECK(holds(words.out, "Proved: these are all 2 uses in this chain of " + shown.contract.text()));
  CHECK(holds(words.out, "in one chain without a gap"));
  CHECK(holds(words.out, shown.key_of(shown.provider) + ", of entry "));
  CHECK(holds(words.out, shown.key_of(shown.consumer) + ", of entry "));
  CHECK(holds(words.out, ", signed, not compared with --party-key"));
  CHECK(holds(words.out, "2 uses, 0 repetitions and 0 voids by the operator alone"));
  CHECK(holds(words.out,
              "not shown   that there is no second chain of this contract and no second "
              "registration of a party"));
  CHECK(holds(words.out, "`tallystick audit`"));
  CHECK_FALSE(holds(words.out, "none missing"));
  auto json = shown.verify({"--key", shown.vkey, "--json"}).json();
  CHECK(json.find("verify")->as_string() == "proved");
  CHECK(json.find("uses")->as_integer() == 2);
  CHECK(json.find("asserted_by_operator")->find("uses")->as_integer() == 2);
  CHECK(json.find("not_shown")->as_array().size() == 2);
  const auto& key = json.find("consumer_keys")->as_array()[0];
  CHECK(key.find("key")->as_string() == shown.key_of(shown.consumer));
  CHECK(key.find("public_key")->as_string() == core::to_hex(shown.consumer.key.public_key()));
  CHECK_FALSE(key.find("pinned")->as_bool());
}

TEST_CASE("cli verify: --party-key holds a party to the key that is known of it") {
  Shown shown;
  shown.attest_and_write();
  auto pin = [](const test::Member& member, const std::string& key) {
    return member.party.text() + "=" + key;
  };
  std::string consumer = pin(shown.consumer, shown.key_of(shown.consumer));
  std::string provider = pin(shown.provider, core::to_hex(shown.provider.key.public_key()));
  auto fits = shown.verify({"--key", shown.vkey, "--party-key", consumer, "--party-key", provider});
  CHECK(fits.code == 0);
  CHECK(holds(fits.out, ", as given"));
  CHECK_FALSE(holds(fits.out, "not compared"));
  auto other = shown.verify({"--key", shown.vkey, "--json", "--party-key",
                             pin(shown.consumer, shown.key_of(shown.provider))});
  CHECK(other.code == 1);
  CHECK(other.json().find("code")->as_string() == "evidence.wrong_party_key");
  auto malformed = shown.verify({"--key", shown.vkey, "--json", "--party-key", "me"});
  CHECK(malformed.code == 2);
  CHECK(malformed.json().find("code")->as_string() == "party_key.malformed");
}

TEST_CASE("cli verify: an entry of an unknown kind exits 3 and is named") {
  Shown shown;
  shown.forge(LaterUse{}, shown.consumer.principal.actor.text());
  std::string seq = std::to_string(shown.space.ledger_size() - 1);
  shown.attest_and_write();
  auto words = shown.verify({"--key", shown.vkey});
  CHECK(words.code == 3);
  CHECK(holds(words.out, "Partly proved: "));
  CHECK(holds(words.out, "unknown     entry " + seq + ", use.recorded/2"));
  CHECK_FALSE(holds(words.out, "Proved: "));
  auto json = shown.verify({"--key", shown.vkey, "--json"});
  CHECK(json.code == 3);
  CHECK(json.json().find("verify")->as_string() == "partly");
  CHECK(json.json().find("unknown_entries")->as_array()[0].find("kind")->as_string() ==
        "use.recorded/2");
}

TEST_CASE("cli verify: under a policy, evidence without the quorum is refused") {
  Shown shown;
  shown.attest();
  ledger::NoteSigner witness("witness.example/w", core::SigningKey::from_seed(core::sha256("w")),
                             ledger::SignatureType::cosignature);
  std::string policy = shown.dir.file("policy");
  REQUIRE(core::write_file(policy, "log " + shown.vkey + "\nwitness w " +
                                       ledger::format_vkey(witness.verifier()) + "\nquorum w\n"));
  std::string note = *shown.space.journal().ledger.signed_head().note;
  shown.write(*shown.evidence(shown.consumer.principal, note));
  auto missed = shown.verify({"--policy", policy, "--json"});
  CHECK(missed.code == 1);
  CHECK(missed.json().find("code")->as_string() == "policy.quorum_missed");
  CHECK(shown.verify({"--key", shown.vkey}).code == 0);

  note += ledger::format_signature_line(
      ledger::cosign(ledger::parse_note(note)->text, witness, 1'795'000'000));
  shown.write(*shown.evidence(shown.consumer.principal, note));
  auto made = shown.verify({"--policy", policy});
  CHECK(made.code == 0);
  CHECK(holds(made.out, "cosigned    witness.example/w, "));
  auto json = shown.verify({"--policy", policy, "--json"}).json();
  CHECK(json.find("cosignatures")->as_array()[0].find("name")->as_string() == "witness.example/w");

  auto both = shown.verify({"--policy", policy, "--key", shown.vkey, "--json"});
  CHECK(both.code == 2);
  CHECK(both.json().find("code")->as_string() == "key.ambiguous");
  REQUIRE(core::write_file(policy, "quorum none\n"));
  auto unknown = shown.verify({"--policy", policy, "--json"});
  CHECK(unknown.code == 1);
  CHECK(unknown.json().find("code")->as_string() == "policy.unknown_log");
}

TEST_CASE(
    "cli verify: an attestation that is too old is refused, and options of evidence on a receipt") {
  Shown shown;
  shown.attest_and_write();
  std::uint64_t attested = shown.space.ledger_size() - 1;
  CHECK(shown.verify({"--key", shown.vkey, "--attested-from", std::to_string(attested)}).code == 0);
  auto stale = shown.verify(
      {"--key", shown.vkey, "--json", "--attested-from", std::to_string(attested + 1)});
  CHECK(stale.code == 1);
  CHECK(stale.json().find("code")->as_string() == "evidence.stale_attestation");

  std::string receipt = shown.dir.file("use.tlog-proof");
  REQUIRE(core::write_file(receipt, shown.use(shown.contract, "r")->receipt));
  CHECK(run({"verify", receipt, "--key", shown.vkey}).code == 0);
  auto from = run({"verify", receipt, "--key", shown.vkey, "--json", "--attested-from", "0"});
  CHECK(from.code == 2);
  CHECK(from.json().find("code")->as_string() == "option.not_applicable");
  auto pinned = run({"verify", receipt, "--key", shown.vkey, "--party-key", "x"});
  CHECK(pinned.code == 2);
  CHECK(holds(pinned.err, "--party-key is for evidence"));
}

TEST_CASE("cli verify: evidence whose first line is damaged is told as such") {
  Shown shown;
  shown.attest_and_write();
  REQUIRE(core::write_file(shown.file, "{" + *core::read_file(shown.file)));
  auto damaged = shown.verify({"--key", shown.vkey, "--json"});
  CHECK(damaged.code == 1);
  CHECK(damaged.json().find("code")->as_string() == "evidence.malformed");
}

TEST_CASE("cli verify: evidence of a contract with a project is of kinds that are known") {
  test::Honest honest;
  REQUIRE(space::attest(honest.space.journal(), honest.team.principal,
                        {honest.team.party.text(), "attest", "a", honest.labeled.text()},
                        honest.labeled));
  std::string text;
  auto note = *honest.space.journal().ledger.signed_head().note;
  auto writer = honest.space.read([&](core::sql::Session& session) {
    return space::EvidenceWriter::open(session, honest.team.principal, honest.labeled, note);
  });
  REQUIRE(writer);
  std::string piece;
  while (
      honest.space.read([&](core::sql::Session& session) { return writer->next(session, piece); }))
    text += piece;
  REQUIRE(holds(text, "\"kind\":\"project.opened/1\""));
  test::TempDir dir;
  REQUIRE(core::write_file(dir.file("e"), text));
  auto words = run({"verify", dir.file("e"), "--key", honest.space.journal().ledger.log_vkey()});
  CHECK(words.code == 0);
  CHECK_FALSE(holds(words.out, "unknown"));
}
