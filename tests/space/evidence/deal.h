// A contract of the market, what happens under it, and the evidence about it.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "space/contracts/contract_tables.h"
#include "space/evidence/attestation.h"
#include "space/evidence/evidence.h"
#include "space/evidence/evidence_check.h"
#include "space/uses/market.h"

namespace tally::test {

using Lines = std::vector<std::string>;

struct Deal : Market {
  space::ContractId contract = agree(400);

  core::Result<space::Change> attest_by(const space::Principal& who, const std::string& key) {
    return space::attest(space.journal(), who, {who.party.text(), "attest", key, contract.text()},
                         contract);
  }
  core::Result<Lines> evidence(const space::Principal& who) {
    return evidence(who, *space.journal().ledger.signed_head().note);
  }
  core::Result<Lines> evidence(const space::Principal& who, const std::string& note) {
    auto writer = space.read([&](core::sql::Session& session) {
      return space::EvidenceWriter::open(session, who, contract, note);
    });
    if (!writer) return writer.error();
    Lines lines;
    std::string piece;
    while (space.read([&](core::sql::Session& session) { return writer->next(session, piece); })) {
      std::size_t begin = 0;
      for (std::size_t end = piece.find('\n'); end != std::string::npos;
           end = piece.find('\n', begin)) {
        lines.push_back(piece.substr(begin, end - begin));
        begin = end + 1;
      }
    }
    return lines;
  }
  core::Result<space::EvidenceVerdict> check(const Lines& lines,
                                             std::vector<space::PartyPin> pins = {}) {
    auto key = *ledger::parse_vkey(space.journal().ledger.log_vkey());
    space::EvidenceCheck check(key, std::move(pins));
    for (const auto& line : lines) {
      if (auto done = check.take(line); !done) return done.error();
    }
    return check.finish();
  }
  std::string refusal(const Lines& lines, std::vector<space::PartyPin> pins = {}) {
    return code_of(check(lines, std::move(pins)));
  }

  void attest(const std::string& key = "a") { REQUIRE(attest_by(consumer.principal, key)); }
  void use_often(int times) {
    for (int i = 0; i < times; ++i) REQUIRE(use(contract, key()));
  }

  // An entry in the contract's chain that the product would not write.
  template <class Event>
  void forge(const Event& event, const std::string& by) {
    auto row = find(contract);
    auto done = space.write([&](core::sql::Tx& tx) -> core::Result<core::Done> {
      space::append_contract_entry(tx, space.journal().ledger, by, row, event);
      return core::Done{};
    });
    REQUIRE(done);
  }
  // An attestation of that many uses, whatever the tables say.
  void forge_attestation(std::uint64_t counted) {
    forge(
        space::ContractAttested{
            .party = consumer.party, .salt = space.random.salt(), .uses = counted},
        consumer.principal.actor.text());
  }
};

}  // namespace tally::test
