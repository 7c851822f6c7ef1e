// `tallystick audit --receipt` and `--policy`: a ledger against what others hold of it.
#include <doctest/doctest.h>

#include "api/cheats/forged_ledger.h"
#include "api/cheats/honest.h"
#include "core/file.h"
#include "ledger/checkpoint.h"
#include "ledger/log_keys.h"
#include "ledger/merkle_tree.h"
#include "ledger/proof.h"
#include "support/api/command_line.h"

using namespace tally;
using test::honest;

namespace {

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

ledger::NoteSigner log_signer() { return {test::TempSpace::origin, honest().space.log_key}; }
ledger::NoteSigner signer(const std::string& name, ledger::SignatureType type) {
  return {name, core::SigningKey::from_seed(core::sha256(name)), type};
}

// The honest space in the hands of its operator, and the files that others keep.
struct Held : test::ForgedLedger {
  test::TempDir dir;

  Held() : ForgedLedger(honest().space.database(), log_signer()) {}

  std::string keep(const std::string& name, const std::string& text) {
    REQUIRE(core::write_file(dir.file(name), text));
    return dir.file(name);
  }
  std::string receipt(std::size_t index) {
    return keep("receipt-" + std::to_string(index), honest().memory.receipts.at(index));
  }
  std::string policy(const std::string& witness,
                     const std::string& quorum,
                     const ledger::NoteSigner& log = log_signer()) {
    return keep("policy", "log " + ledger::format_vkey(log.verifier()) + "\nwitness w " +
                              ledger::format_vkey(
                                  signer(witness, ledger::SignatureType::cosignature).verifier()) +
                              "\nquorum " + quorum + "\n");
  }
  test::Run audit(std::vector<std::string> options) const {
    std::vector<std::string> command{"audit", database(), "--key",
                                     ledger::format_vkey(log_signer().verifier())};
    command.insert(command.end(), options.begin(), options.end());
    return test::run(command);
  }
  std::size_t last_receipt() const { return honest().memory.receipts.size() - 1; }
};

std::string first_code(const test::Run& run) {
  auto json = run.json();
  const auto& findings = json.find("findings")->as_array();
  return findings.empty() ? "" : findings[0].find("code")->as_string();
}

}  // namespace

TEST_CASE("cli audit: a ledger that holds the receipts of others passes, and says how many") {
  Held held;
  auto words = held.audit({"--receipt", held.receipt(0), "--receipt", held.receipt(3)});
  CHECK(words.code == 0);
  CHECK(holds(words.out, "receipts    2 that were held are in this ledger"));
  auto json = held.audit({"--receipt", held.receipt(1), "--structural", "--json"}).json();
  CHECK(json.find("receipts")->as_integer() == 1);
  CHECK(json.find("audit")->as_string() == "passed");
}

TEST_CASE("cli audit: history made anew passes by itself, and not against a receipt") {
  Held held;
  std::size_t first_use = 0;
  while (held.entries[first_use].kind != "use.recorded/1") ++first_use;
  auto& body = held.entries[first_use].body;
  body = test::with(body, "salt", std::string(32, '0'));
  held.write();
  held.follow_with_tables();
  CHECK(held.audit({}).code == 0);
  auto found = held.audit({"--receipt", held.receipt(0), "--json"});
  CHECK(found.code == 1);
  CHECK(first_code(found) == "receipt.not_in_ledger");
  CHECK(found.json().find("findings")->as_array()[0].find("layer")->as_string() == "receipts");
  auto words = held.audit({"--receipt", held.receipt(0), "--structural", "--quiet"});
  CHECK(words.code == 1);
  CHECK(holds(words.out, "WRONG at receipt " + held.receipt(0) + ": Another entry stands at "));
}

TEST_CASE("cli audit: a receipt's entry after another history is a fork") {
  Held held;
  auto receipt = ledger::verify_receipt(honest().memory.receipts[0], log_signer().verifier());
  REQUIRE(receipt);
  CHECK(receipt->checkpoint.head.size == receipt->index + 1);
  // Signed by the log over the same entry, after others than those that are shown.
  ledger::Edge edge;
  for (std::uint64_t i = 0; i < receipt->index; ++i) edge.append(core::Hash{});
  auto path = receipt->index == 0 ? std::vector<core::Hash>{} : edge.hashes();
  ledger::InclusionProof proof{.index = receipt->index, .size = receipt->index + 1, .path = {}};
  for (auto hash = path.rbegin(); hash != path.rend(); ++hash) proof.path.push_back(*hash);
  edge.append(receipt->leaf);
  auto note = ledger::sign_checkpoint({test::TempSpace::origin, edge.head()}, log_signer());
  auto file = held.keep("forked", ledger::format_receipt(receipt->entry, proof, note));
  auto found = held.audit({"--receipt", file, "--json"});
  CHECK(found.code == 1);
  CHECK(first_code(found) == "ledger.forked");
}

TEST_CASE("cli audit: a ledger that was cut behind a receipt does not hold it") {
  Held held;
  held.entries.resize(held.entries.size() - 1);
  held.write();
  held.follow_with_tables();
  CHECK(held.audit({}).code == 0);
  CHECK(held.audit({"--receipt", held.receipt(0)}).code == 0);
  auto found = held.audit({"--receipt", held.receipt(held.last_receipt()), "--json"});
  CHECK(found.code == 1);
  CHECK(first_code(found) == "receipt.not_in_ledger");
}

TEST_CASE("cli audit: what is no receipt of this log cannot be held against it") {
  Held held;
  CHECK(held.audit({"--receipt", held.dir.file("none")}).code == 2);
  CHECK(held.audit({"--receipt", held.keep("text", "a text")}).code == 2);
  auto text = honest().memory.receipts[0];
  text[text.size() - 10] = text[text.size() - 10] == 'A' ? 'B' : 'A';
  CHECK(held.audit({"--receipt", held.keep("forged", text)}).code == 2);
}

TEST_CASE("cli audit: the checkpoint that is shown has the quorum of the policy, or is a finding") {
  Held held;
  CHECK(held.audit({"--policy", held.policy("witness.example/w", "none")}).code == 0);
  auto missed = held.audit({"--policy", held.policy("witness.example/w", "w"), "--json"});
  CHECK(missed.code == 1);
  CHECK(first_code(missed) == "policy.quorum_missed");
  CHECK(missed.json().find("findings")->as_array()[0].find("layer")->as_string() == "witnesses");

  // Cosigned, and stored as what was published.
  auto witness = signer("witness.example/w", ledger::SignatureType::cosignature);
  ledger::Checkpoint shown{test::TempSpace::origin, held.head()};
  auto note = *ledger::parse_note(ledger::sign_checkpoint(shown, log_signer()));
  note.signatures.push_back(ledger::cosign(note.text, witness, 1'790'000'000));
  held.run("insert into ledger_witnessed values (1, " + std::to_string(shown.head.size) + ", '" +
           ledger::format_note(note) + "')");
  auto words = held.audit({"--policy", held.policy("witness.example/w", "w")});
  CHECK(words.code == 0);
  CHECK(holds(words.out, "has the policy's quorum: witness.example/w"));
  CHECK(held.audit({"--policy", held.policy("witness.example/other", "w")}).code == 1);

  // A policy that believes another key.
  auto other = signer(test::TempSpace::origin, ledger::SignatureType::ed25519);
  CHECK(held.audit({"--policy", held.policy("witness.example/w", "w", other)}).code == 1);
  CHECK(held.audit({"--policy", held.keep("policy", "quorum of none")}).code == 2);
}

TEST_CASE("cli audit: a cosigned checkpoint of another history is a fork") {
  Held held;
  auto witness = signer("witness.example/w", ledger::SignatureType::cosignature);
  ledger::Checkpoint before{test::TempSpace::origin, held.head()};
  auto note = *ledger::parse_note(ledger::sign_checkpoint(before, log_signer()));
  note.signatures.push_back(ledger::cosign(note.text, witness, 1'790'000'000));
  auto& body = held.entries.back().body;
  body = test::with(body, "salt", std::string(32, '0'));
  held.write();
  held.follow_with_tables();
  held.run("insert into ledger_witnessed values (1, " + std::to_string(before.head.size) + ", '" +
           ledger::format_note(note) + "')");
  CHECK(held.audit({}).code == 0);
  auto found = held.audit({"--policy", held.policy("witness.example/w", "w"), "--json"});
  CHECK(found.code == 1);
  CHECK(first_code(found) == "ledger.forked");
}

TEST_CASE("cli audit: what a key signed that the ledger had retired is told as such") {
  Held held;
  auto next = signer(test::TempSpace::origin, ledger::SignatureType::ed25519);
  auto add = [&](const auto& event) {
    held.entries.push_back(
        {held.entries.back().at, "system", std::string(event.kind), core::encode(event)});
  };
  add(ledger::make_addition(log_signer(), next, std::string(32, '0')));
  add(ledger::LogKeyRetired{ledger::format_vkey(log_signer().verifier()), std::string(32, '0')});
  held.sign_with({next});
  held.write();
  held.follow_with_tables();
  const std::string new_key = ledger::format_vkey(next.verifier());
  CHECK(held.audit({"--key", new_key, "--receipt", held.receipt(0)}).code == 0);

  // Another history, by whoever has the old key.
  auto entry = held.bytes().back();
  ledger::InclusionProof proof{
      .index = held.entries.size() - 1, .size = held.entries.size(), .path = {}};
  ledger::Edge others;
  for (std::size_t i = 0; i + 1 < held.entries.size(); ++i) others.append(core::Hash{});
  auto hashes = others.hashes();
  proof.path.assign(hashes.rbegin(), hashes.rend());
  others.append(ledger::hash_leaf(entry));
  ledger::Checkpoint forked{test::TempSpace::origin, others.head()};
  auto receipt = [&](const ledger::NoteSigner& by) {
    return held.keep("forked",
                     ledger::format_receipt(entry, proof, ledger::sign_checkpoint(forked, by)));
  };
  auto code = [&](const std::vector<std::string>& options) {
    std::vector<std::string> words{"--key", new_key, "--json"};
    words.insert(words.end(), options.begin(), options.end());
    return first_code(held.audit(words));
  };
  CHECK(code({"--receipt", receipt(log_signer())}) == "receipt.key_retired");
  CHECK(code({"--receipt", receipt(next)}) == "ledger.forked");

  ledger::Checkpoint shown{test::TempSpace::origin, held.head()};
  auto witness = signer("witness.example/w", ledger::SignatureType::cosignature);
  auto publish = [&](const std::vector<ledger::NoteSigner>& by) {
    ledger::Note note{ledger::format_checkpoint(shown), {}};
    for (const auto& one : by) note.signatures.push_back(ledger::sign_line(note.text, one));
    note.signatures.push_back(ledger::cosign(note.text, witness, 1'790'000'000));
    held.run("delete from ledger_witnessed; insert into ledger_witnessed values (1, " +
             std::to_string(shown.head.size) + ", '" + ledger::format_note(note) + "')");
  };
  publish({log_signer()});
  CHECK(code({"--policy", held.policy("witness.example/w", "w")}) == "checkpoint.key_retired");
  publish({next});
  CHECK(code({"--policy", held.policy("witness.example/w", "w", next)}) == "");
  CHECK(code({"--policy", held.policy("witness.example/w", "w")}) == "note.unknown_signers");
}
