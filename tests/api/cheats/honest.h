// A space that was honest until now: contracts that run, that ended and that were over, uses, a
// repetition, a project with a label.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "api/cheats/forged_ledger.h"
#include "core/hash.h"
#include "labeling/answers/answers.h"
#include "labeling/intake/intake.h"
#include "labeling/projects/projects.h"
#include "labeling/queue/queue.h"
#include "labeling/schema.h"
#include "space/parties/rotation.h"
#include "space/uses/market.h"

namespace tally::test {

inline constexpr std::int64_t day_ms = 86'400'000;

inline const space::UseCommand download{"training", space::Action::download, std::nullopt,
                                        std::nullopt};

struct Honest : Market {
  space::ContractId running, expired, ended, labeled;
  space::ContractId waiting;  // offered, and not accepted
  Rotation rotation{space};
  Member second = rotation.with_key(consumer, "second");
  Member team = space.join("Team", {space::Role::labeler});
  Memory memory;

  Honest() : Market(labeling::schema_files()) {
    waiting = id_of(offer(core::encode(document(3))));
    running = agree(3);
    expired = agree(3, "2026-11-19T00:00:00Z");
    ended = agree(3);
    keep(use(running, "k1"));
    REQUIRE(use(running, "k1"));
    keep(use(running, "k2", download));
    keep(use(ended, "k3"));
    label_something();
    keep(terminate(provider, ended));
    space.clock.advance_ms(3 * day_ms);
    keep(use(running, "k4", download));
    memory.witnessed = space.journal().ledger.signed_head().head;
    space.reopen();  // as a restart: all is in the database
  }

  void keep(const core::Result<space::UseAnswer>& answer) {
    REQUIRE(answer);
    memory.receipts.push_back(answer->receipt);
  }
  void keep(const core::Result<space::Change>& change) {
    REQUIRE(change);
    memory.receipts.push_back(change->receipt->file());
  }

  // As the product would write it for these signatures.
  space::PartyKeyAdded added(const Member& by, const Member& held) {
    auto addition = rotation.addition(by, held);
    return {.key = rotation.id(held),
            .party = by.party,
            .possession = addition.possession,
            .public_key = held.key.public_key(),
            .salt = std::string(32, '0'),
            .signature = addition.signature,
            .signer = addition.key};
  }
  space::PartyKeyRetired retired(const Member& by, const Member& held) {
    return {.key = rotation.id(held),
            .party = by.party,
            .salt = std::string(32, '0'),
            .signature = rotation.retirement(by, held).signature,
            .signer = rotation.id(by)};
  }

  void label_something() {
    auto offered = document(5);
    offered.parties.consumer = team.party;
    offered.permissions[0].purpose = {"labeling"};
    auto json = core::encode(offered);
    labeled = id_of(offer(json));
    REQUIRE(contracts.accept(
        team.principal, once(team, "accept"), labeled,
        {core::sha256(core::canonical(json)), sign(team, space::SignedVerb::accept, json)}));
    space::UseCommand all{"labeling", std::nullopt, 0, 10};
    keep(uses.use(team.principal, labeled, "items", all));
    labeling::Projects projects(space.journal());
    auto opened = projects.open(
        team.principal, once(team, "open"),
        {.contract = labeled, .title = "Animals", .classes = {"ant", "bee"}, .policy = {}});
    REQUIRE(opened);
    auto project = *labeling::ProjectId::parse(
        core::parse_json(opened->body)->find("project")->find("id")->as_string());
    labeling::Intake intake(space.journal());
    std::string lines =
        "{\"item\":\"a\",\"scores_ppm\":[600000,400000]}\n"
        "{\"item\":\"b\",\"scores_ppm\":[550000,450000]}\n"
        "{\"item\":\"c\",\"scores_ppm\":[999000,1000]}\n";
    REQUIRE(intake.import(team.principal, {.project = project,
                                           .key = "import",
                                           .model = std::nullopt,
                                           .body = [&](const labeling::PieceSink& sink) {
                                             sink(lines);
                                             return core::Result<core::Done>(core::Done{});
                                           }}));
    labeling::Queue queue(space.journal());
    labeling::Answers answers(space.journal());
    auto leases = queue.lease(team.principal, project, {.count = 1, .include_held = {}});
    REQUIRE(leases);
    const auto& lease = leases->at(0);
    keep(answers.record(team.principal, once(team, "answer"), lease.task,
                        {lease.token.text(), {"ant"}}));
  }
};

// The honest space, made once.
inline Honest& honest() {
  static Honest honest;
  return honest;
}

}  // namespace tally::test
