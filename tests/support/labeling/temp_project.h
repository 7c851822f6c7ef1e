// A space with a project in it, and people who work on it. The project is opened by its entry and
// its rows alone; no contract stands behind it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "labeling/answers/answers.h"
#include "labeling/intake/intake.h"
#include "labeling/projects/project_tables.h"
#include "labeling/queue/queue.h"
#include "labeling/schema.h"
#include "space/commitment.h"
#include "support/space/temp_space.h"

namespace tally::test {

using labeling::Lease;
using labeling::ProjectId;
using space::Change;
using space::Principal;

class TempProject {
 public:
  explicit TempProject(labeling::Policy policy = {}, std::vector<std::string> classes = abc())
      : space(labeling::schema_files()),
        queue_(journal()),
        answers_(journal()),
        intake_(journal()) {
    party = space::PartyId::make(space.clock.now(), space.random);
    provider = space::PartyId::make(space.clock.now(), space.random);
    lead = person();
    project = open(policy, classes);
  }

  static std::vector<std::string> abc() { return {"ant", "bee", "cat"}; }

  ledger::Journal& journal() { return space.journal(); }
  labeling::Queue& queue() { return queue_; }
  labeling::Answers& answers() { return answers_; }
  labeling::Intake& intake() { return intake_; }

  ProjectId open(const labeling::Policy& policy, const std::vector<std::string>& classes) {
    labeling::OpenProject command{
        .contract = {}, .title = "A project", .classes = classes, .policy = policy};
    labeling::ProjectText text{command.title, labeling::ClassList(classes).text(),
                               space.random.salt()};
    labeling::OpeningFacts facts;
    facts.project = ProjectId::make(space.clock.now(), space.random);
    facts.party = party;
    facts.provider = provider;
    facts.dataset = dataset;
    facts.version = 1;
    facts.uses = 1;
    facts.classes = space::commitment_hash(text.salt, text.classes);
    facts.salt = space.random.salt();
    auto opened = labeling::decide_opening(command, facts);
    REQUIRE(opened);
    auto done = space.write([&](core::sql::Tx& tx) -> core::Result<core::Done> {
      auto receipt = journal().ledger.append(tx, labeling::ProjectOpened::kind, "system",
                                             core::canonical(*opened));
      labeling::store_opening(tx, *opened, text, receipt->seq, journal().ledger.now());
      return core::Done{};
    });
    REQUIRE(done);
    return facts.project;
  }

  // A person of the labeling party, or of another.
  Principal person() { return person_of(party); }
  Principal person_of(const space::PartyId& of) {
    Principal who;
    who.actor = space::ActorId::make(space.clock.now(), space.random);
    who.party = of;
    return who;
  }

  // Waiting tasks, as an import would add them. Items are named t1, t2, .. in the order given.
  struct Waiting {
    std::int64_t priority_ppm = 0;
    labeling::Panel panel;
  };
  void add_tasks(const std::vector<Waiting>& waiting) {
    for (std::size_t from = 0; from < waiting.size(); from += 1'000) {
      std::vector<labeling::NewTask> tasks;
      for (std::size_t i = from; i < std::min(from + 1'000, waiting.size()); ++i) {
        tasks.push_back({labeling::TaskId::make(space.clock.now(), space.random),
                         "t" + std::to_string(++tasks_), waiting[i].priority_ppm,
                         waiting[i].panel});
      }
      auto done = space.write([&](core::sql::Tx& tx) -> core::Result<core::Done> {
        labeling::add_tasks(tx, project, tasks);
        labeling::add_counts(tx, project, {.human = static_cast<std::int64_t>(tasks.size())});
        return core::Done{};
      });
      REQUIRE(done);
    }
  }

  std::vector<Lease> lease(const Principal& who, std::int64_t count = 1) {
    auto leases = queue_.lease(who, project, {.count = count, .include_held = {}});
    REQUIRE(leases);
    return *leases;
  }

  core::Result<Change> answer(const Principal& who,
                              const Lease& lease,
                              std::vector<std::string> labels) {
    return answers_.record(who, once(lease.token.text()), lease.task,
                           {lease.token.text(), std::move(labels)});
  }

  core::Result<Change> import(std::string_view lines, const std::string& key = "key") {
    return intake_.import(lead, {.project = project,
                                 .key = key,
                                 .model = std::nullopt,
                                 .body = [lines](const labeling::PieceSink& sink) {
                                   for (std::size_t i = 0; i < lines.size(); i += 997) {
                                     if (!sink(lines.substr(i, 997))) break;
                                   }
                                   return core::Result<core::Done>(core::Done{});
                                 }});
  }

  space::Once once(std::string key) {
    return {.party = party.text(), .route = "test", .key = std::move(key), .request = "same"};
  }

  labeling::ProjectCounts counts() {
    return space.read(
        [&](core::sql::Session& session) { return labeling::count_project(session, project); });
  }

  TempSpace space;
  space::PartyId party;
  space::PartyId provider;
  ProjectId project;
  Principal lead;
  space::DatasetId dataset;

 private:
  labeling::Queue queue_;
  labeling::Answers answers_;
  labeling::Intake intake_;
  std::int64_t tasks_ = 0;
};

inline std::string code_of(const auto& result) { return result ? "" : result.error().code; }

}  // namespace tally::test
