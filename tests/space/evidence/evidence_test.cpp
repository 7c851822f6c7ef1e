#include "space/evidence/evidence.h"

#include <doctest/doctest.h>

#include "core/json.h"
#include "space/conduct/replayed.h"
#include "space/continuation/confirmation.h"
#include "space/evidence/deal.h"
#include "space/parties/rotation.h"

using namespace tally;
using namespace tally::space;
using test::code_of;
using test::Deal;
using test::Lines;

namespace {

std::size_t last_with(const Lines& lines, const std::string& part) {
  for (std::size_t i = lines.size(); i-- > 0;) {
    if (lines[i].find(part) != std::string::npos) return i;
  }
  REQUIRE(false);
  return 0;
}

void erase(Lines& lines, std::size_t index) {
  lines.erase(lines.begin() + static_cast<std::ptrdiff_t>(index));
}

}  // namespace

TEST_CASE("evidence: all uses up to the attestation are proved, and the parties' signatures") {
  Deal deal;
  deal.use_often(2);
  REQUIRE(deal.use(deal.contract, "again"));
  REQUIRE(deal.use(deal.contract, "again"));
  deal.attest();
  deal.use_often(1);  // after it: not spoken of
  auto lines = deal.evidence(deal.consumer.principal);
  REQUIRE(lines);
  auto verdict = deal.check(*lines);
  REQUIRE(verdict);
  CHECK(verdict->contract == deal.contract.text());
  CHECK(verdict->provider == deal.provider.party);
  CHECK(verdict->consumer == deal.consumer.party);
  CHECK(verdict->uses == 3);
  CHECK(verdict->limit == 400);
  CHECK(verdict->asserted.uses == 3);
  CHECK(verdict->asserted.redeliveries == 1);
  CHECK(verdict->asserted.voids == 0);
  CHECK(verdict->unknown_count == 0);
  CHECK(verdict->redelivered == 1);
  CHECK(verdict->entries == 7);
  CHECK(verdict->state == ContractState::active);
  CHECK(verdict->attested_entry == deal.space.ledger_size() - 2);
  auto provider = deal.evidence(deal.provider.principal);
  REQUIRE(provider);
  CHECK(*provider == *lines);
  CHECK(test::Replayed(deal.space).codes().empty());
  CHECK(test::Replayed(deal.space).differences().empty());
}

TEST_CASE(
    "evidence: a file from before an exchange of the log's key verifies with the old key, one from "
    "after it with the new one, and one from between with either") {
  Deal deal;
  deal.use_often(1);
  auto key = [&] { return *ledger::parse_vkey(deal.space.journal().ledger.log_vkey()); };
  auto given = [&](const std::string& name) {
    deal.attest(name);
    return *deal.evidence(deal.consumer.principal);
  };
  auto code = [&](const Lines& lines, const ledger::LogKeys& keys) -> std::string {
    EvidenceCheck check(keys);
    for (const auto& line : lines) {
      if (auto done = check.take(line); !done) return done.error().code;
    }
    auto verdict = check.finish();
    return verdict ? "" : verdict.error().code;
  };
  auto old_key = key();
  auto before = given("before");
  deal.space.add_log_key();
  auto between = given("between");
  deal.space.retire_log_key();
  auto after = given("after");
  auto new_key = key();
  REQUIRE_FALSE(old_key == new_key);
  auto both = *ledger::LogKeys::of({old_key, new_key});
  CHECK(code(before, old_key) == "");
  CHECK(code(before, new_key) == "note.unknown_signers");
  CHECK(code(before, both) == "");
  CHECK(code(between, old_key) == "");
  CHECK(code(between, new_key) == "");
  CHECK(code(after, old_key) == "note.unknown_signers");
  CHECK(code(after, new_key) == "");
  CHECK(code(after, both) == "");
  CHECK(test::Replayed(deal.space).codes().empty());
}

TEST_CASE("evidence: a contract of many bundles, its end, and an attestation by the operator") {
  Deal deal;
  deal.use_often(300);
  deal.space.clock.advance_ms(5'000);
  REQUIRE(deal.terminate(deal.provider, deal.contract));
  auto attested = deal.attest_by(deal.space.operator_principal, "o");
  REQUIRE(attested);
  auto answer = test::answer_of<AttestationAnswer>(attested);
  CHECK(answer.attestation.uses == 300);
  CHECK(answer.attestation.entries == 304);
  auto lines = deal.evidence(deal.provider.principal);
  REQUIRE(lines);
  auto verdict = deal.check(*lines);
  REQUIRE(verdict);
  CHECK(verdict->uses == 300);
  CHECK(verdict->entries == 304);
  CHECK(verdict->state == ContractState::terminated);
  CHECK(verdict->attested_entry == answer.attestation.seq);
  CHECK(test::Replayed(deal.space).codes().empty());
}

TEST_CASE("evidence: a gap, a dropped, a foreign or an altered line, and a stale end are refused") {
  Deal deal;
  deal.use_often(2);
  deal.attest("a");
  auto early = *deal.evidence(deal.consumer.principal);
  deal.use_often(2);
  deal.attest("b");
  auto lines = *deal.evidence(deal.consumer.principal);
  REQUIRE(deal.check(lines));
  const std::string use = "\"kind\":\"use.recorded/1\"";

  auto gap = lines;
  erase(gap, last_with(gap, use) - 1);
  CHECK(deal.refusal(gap) == "evidence.gap");
  auto dropped = lines;
  erase(dropped, last_with(dropped, use));
  CHECK(deal.refusal(dropped) == "evidence.gap");
  auto no_offer = lines;
  erase(no_offer, last_with(no_offer, "contract.offered/1"));
  CHECK(deal.refusal(no_offer) == "evidence.gap");
  auto open = lines;
  open.pop_back();
  CHECK(deal.refusal(open) == "evidence.not_closed");
  auto twice = lines;
  twice.push_back(twice.back());
  CHECK(deal.refusal(twice) == "evidence.gap");

  // The earlier attestation at the end of the later uses.
  auto stale = lines;
  std::size_t first = last_with(lines, "contract.attested/1");
  Lines up_to(lines.begin(), lines.begin() + static_cast<std::ptrdiff_t>(first));
  stale.back() = lines[last_with(up_to, "contract.attested/1")];
  CHECK(deal.refusal(stale) == "evidence.gap");
  // Under the earlier checkpoint the later entries are not there yet.
  auto old = lines;
  old[0] = early[0];
  CHECK(deal.refusal(old) == "evidence.not_included");

  auto altered = lines;
  std::string& line = altered[last_with(altered, use)];
  line.replace(line.find("training"), 8, "research");
  CHECK(deal.refusal(altered) == "evidence.not_included");
  auto document = lines;
  document[1].replace(document[1].find("\"value\":400"), 11, "\"value\":500");
  CHECK(deal.refusal(document) == "evidence.wrong_document");
  auto swapped = lines;
  std::swap(swapped[2], swapped[3]);
  CHECK(deal.refusal(swapped) == "evidence.foreign_entry");
  auto unspelled = lines;
  unspelled[1] += " ";
  CHECK(deal.refusal(unspelled) == "evidence.malformed");
  CHECK(deal.refusal({}) == "evidence.not_closed");
  CHECK(deal.refusal({"{}"}) == "evidence.malformed");

  Deal other;
  other.use_often(1);
  other.attest();
  auto foreign = *other.evidence(other.consumer.principal);
  auto mixed = lines;
  mixed[last_with(mixed, use)] = foreign[last_with(foreign, use)];
  CHECK(deal.refusal(mixed) == "evidence.not_included");
}

TEST_CASE(
    "evidence: keys that were exchanged are proved with the contract, and judged by their place") {
  Deal deal;
  test::Rotation rotation{deal.space};
  Keys keys(deal.space.journal());
  auto first = deal.consumer;
  auto second = rotation.with_key(first, "second");
  auto third = rotation.with_key(first, "third");
  REQUIRE(keys.add(first.party, rotation.addition(first, second)));
  deal.consumer.key = second.key;
  deal.contract = deal.agree(400);  // accepted with the second key
  deal.use_often(2);
  REQUIRE(keys.retire(first.party, rotation.id(second), rotation.retirement(first, second)));
  REQUIRE(keys.add(first.party, rotation.addition(first, third)));
  deal.consumer.key = third.key;
  REQUIRE(deal.terminate(deal.consumer, deal.contract));
  deal.attest();
  auto lines = *deal.evidence(deal.provider.principal);
  auto verdict = deal.check(lines);
  REQUIRE(verdict);
  CHECK(verdict->state == ContractState::terminated);
  CHECK(verdict->uses == 2);

  const std::string added = "\"kind\":\"party.key_added/1\"";
  std::size_t last = last_with(lines, added);
  auto without_third = lines;
  erase(without_third, last);
  CHECK(deal.refusal(without_third) == "evidence.wrong_signature");
  Lines up_to(lines.begin(), lines.begin() + static_cast<std::ptrdiff_t>(last));
  auto without_second = lines;
  erase(without_second, last_with(up_to, added));
  CHECK(deal.refusal(without_second) == "evidence.wrong_signature");
  auto retired_early = lines;
  std::size_t retired = last_with(lines, "\"kind\":\"party.key_retired/1\"");
  std::swap(retired_early[retired], retired_early[last_with(up_to, "contract.accepted/1")]);
  CHECK(deal.refusal(retired_early) == "evidence.gap");
}

TEST_CASE("evidence: keys that were exchanged long before the contract stand before it") {
  Deal deal;
  test::Rotation rotation{deal.space};
  Keys keys(deal.space.journal());
  auto second = rotation.with_key(deal.provider, "second");
  REQUIRE(keys.add(second.party, rotation.addition(deal.provider, second)));
  REQUIRE(keys.retire(second.party, rotation.id(deal.provider),
                      rotation.retirement(second, deal.provider)));
  deal.use_often(300);
  deal.space.clock.advance_ms(60'000);
  deal.provider.key = second.key;
  deal.contract = deal.agree(5);
  deal.use_often(1);
  deal.attest();
  auto lines = *deal.evidence(deal.consumer.principal);
  REQUIRE(deal.check(lines));
  CHECK(last_with(lines, "party.key_retired/1") < last_with(lines, "contract.offered/1"));
  CHECK(test::Replayed(deal.space).codes().empty());
}

TEST_CASE("evidence: another contract's entry of the same log is foreign") {
  Deal deal;
  deal.use_often(1);
  auto other = deal.agree(3);
  REQUIRE(deal.use(other, "o"));
  deal.attest();
  auto lines = *deal.evidence(deal.consumer.principal);
  auto own = deal.contract;
  deal.contract = other;
  deal.attest("other");
  // Both under one checkpoint.
  auto foreign = *deal.evidence(deal.consumer.principal);
  deal.contract = own;
  lines = *deal.evidence(deal.consumer.principal);
  REQUIRE(deal.check(lines));
  REQUIRE(lines[0].substr(0, 100) == foreign[0].substr(0, 100));
  lines[lines.size() - 2] = foreign[last_with(foreign, "use.recorded/1")];
  CHECK(deal.refusal(lines) == "evidence.foreign_entry");
}

TEST_CASE(
    "evidence: an attestation of another count is found by whoever checks, and by the audit") {
  Deal deal;
  deal.use_often(2);
  deal.forge_attestation(1);
  CHECK(deal.refusal(*deal.evidence(deal.consumer.principal)) == "evidence.stale_attestation");
  CHECK(test::Replayed(deal.space).codes() == std::set<std::string>{"contract.wrong_attestation"});
}

TEST_CASE("evidence: it is for the parties of the contract, once something closes it") {
  Deal deal;
  CHECK(code_of(deal.evidence(deal.consumer.principal)) == "contract.not_attested");
  CHECK(code_of(deal.evidence(deal.stranger.principal)) == "contract.not_found");
  CHECK(code_of(deal.attest_by(deal.stranger.principal, "s")) == "contract.not_found");
  auto before = *deal.space.journal().ledger.signed_head().note;
  deal.attest();
  CHECK(code_of(deal.evidence(deal.stranger.principal)) == "contract.not_found");
  CHECK(code_of(deal.evidence(deal.space.operator_principal)) == "contract.not_found");
  CHECK(code_of(deal.evidence(deal.consumer.principal, before)) == "contract.not_attested");
  auto again = deal.attest_by(deal.consumer.principal, "a");
  REQUIRE(again);
  CHECK(again->repeated);
  auto reader = deal.consumer.principal;
  reader.scopes = {Scope::contracts_read};
  CHECK(code_of(deal.attest_by(reader, "r")) == "scope.missing");
  CHECK(deal.evidence(reader));
}

TEST_CASE("evidence: counts that a party confirmed are signed for, and are those of the chain") {
  Deal deal;
  deal.use_often(2);
  auto confirm = [&](const test::Member& member, std::vector<std::uint64_t> used) {
    ConfirmationDocument stated{.contract = deal.contract,
                                .document = deal.find(deal.contract).document,
                                .format = std::string(ConfirmationDocument::format_name),
                                .nonce = deal.space.random.salt(),
                                .used = std::move(used)};
    auto json = core::encode(stated);
    return space::confirm(deal.space.journal(), member.principal, deal.once(member, "confirm"),
                          deal.contract, {json, deal.sign(member, SignedVerb::confirm, json)});
  };
  REQUIRE(confirm(deal.consumer, {2}));
  deal.use_often(1);
  REQUIRE(deal.terminate(deal.provider, deal.contract));
  deal.attest();
  auto lines = *deal.evidence(deal.consumer.principal);
  auto verdict = deal.check(lines);
  REQUIRE(verdict);
  CHECK(verdict->unknown_count == 0);
  CHECK(verdict->uses == 3);
  auto without_document = lines;
  erase(without_document, last_with(lines, "tallystick/confirmation/v1"));
  CHECK(deal.refusal(without_document) == "evidence.wrong_document");
  auto altered = lines;
  std::string& line = altered[last_with(lines, "tallystick/confirmation/v1")];
  line.replace(line.find("\"used\":[2]"), 10, "\"used\":[1]");
  CHECK(deal.refusal(altered) == "evidence.wrong_document");
}
