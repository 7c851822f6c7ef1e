// A project: one labeling team, one dataset version under one contract, one policy. Values and
// decisions.
//
// Its party sees all of it; the dataset's provider sees it too and releases what was decided. To
// everybody else it does not exist.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/bytes.h"
#include "core/mapping.h"
#include "core/result.h"
#include "core/time.h"
#include "labeling/answers/labels.h"
#include "labeling/ids.h"
#include "labeling/projects/policy.h"
#include "space/ids.h"

namespace tally::labeling {

using core::Instant;
using space::ActorId;
using space::ContractId;
using space::DatasetId;
using space::PartyId;

struct Project {
  ProjectId id;
  std::uint64_t seq = 0;  // of the entry that opened it
  PartyId party;
  ContractId contract;
  PartyId provider;
  DatasetId dataset;
  std::uint64_t version = 0;
  std::int64_t policy_version = 1;
  Policy policy;
  Instant opened_at;
};

struct ProjectCounts {
  std::int64_t accepted = 0;
  std::int64_t human = 0;
  std::int64_t held = 0;
  std::int64_t checks = 0;    // accepted items that people were asked about
  std::int64_t open = 0;      // tasks that wait for answers
  std::int64_t leased = 0;    // seats that somebody holds now
  std::int64_t answers = 0;   // by people
  std::int64_t decided = 0;   // tasks
  std::int64_t in_doubt = 0;  // tasks

  bool operator==(const ProjectCounts&) const = default;
  static constexpr auto fields = core::FieldList{
      core::field("accepted", &ProjectCounts::accepted),
      core::field("human", &ProjectCounts::human),
      core::field("held", &ProjectCounts::held),
      core::field("checks", &ProjectCounts::checks),
      core::field("open", &ProjectCounts::open),
      core::field("leased", &ProjectCounts::leased),
      core::field("answers", &ProjectCounts::answers),
      core::field("decided", &ProjectCounts::decided),
      core::field("in_doubt", &ProjectCounts::in_doubt),
  };
};

// What a labeling lead asks for.
struct OpenProject {
  ContractId contract;
  std::string title;
  std::vector<std::string> classes;
  Policy policy;

  static constexpr auto fields = core::FieldList{
      core::field("contract", &OpenProject::contract),
      core::field("title", &OpenProject::title, core::length(1, 200)),
      core::field("classes",
                  &OpenProject::classes,
                  core::length(2, classes_max),
                  core::each(core::length(1, class_bytes_max))),
      core::field("policy", &OpenProject::policy),
  };
};

// Refuses with request.invalid what the member rules cannot say: classes that stand twice, a policy
// that contradicts itself.
core::Result<core::Done> validate(const OpenProject& command);

// The body of project.opened/1 (schemas/entries).
struct ProjectOpened {
  static constexpr std::string_view kind = "project.opened/1";

  std::int64_t accept_from_ppm = 0;
  std::int64_t agree = 0;
  std::int64_t class_count = 0;
  core::Hash classes;  // commitment to their canonical JSON array, under a salt that stays private
  ContractId contract;
  core::Hash contract_prev;
  std::uint64_t contract_seq = 0;
  DatasetId dataset;
  std::int64_t hold_below_ppm = 0;
  std::int64_t lease_seconds = 0;
  PartyId party;
  std::int64_t policy_version = 0;
  Priority priority{};
  ProjectId project;
  PartyId provider;
  std::string salt;
  std::int64_t seats = 0;
  std::uint64_t version = 0;

  Policy policy() const {
    return {.accept_from_ppm = accept_from_ppm,
            .hold_below_ppm = hold_below_ppm,
            .priority = priority,
            .seats = seats,
            .agree = agree,
            .lease_seconds = lease_seconds};
  }

  static constexpr auto fields = core::FieldList{
      core::field("accept_from_ppm", &ProjectOpened::accept_from_ppm),
      core::field("agree", &ProjectOpened::agree),
      core::field("class_count", &ProjectOpened::class_count),
      core::field("classes", &ProjectOpened::classes),
      core::field("contract", &ProjectOpened::contract),
      core::field("contract_prev", &ProjectOpened::contract_prev),
      core::field("contract_seq", &ProjectOpened::contract_seq),
      core::field("dataset", &ProjectOpened::dataset),
      core::field("hold_below_ppm", &ProjectOpened::hold_below_ppm),
      core::field("lease_seconds", &ProjectOpened::lease_seconds),
      core::field("party", &ProjectOpened::party),
      core::field("policy_version", &ProjectOpened::policy_version),
      core::field("priority", &ProjectOpened::priority),
      core::field("project", &ProjectOpened::project),
      core::field("provider", &ProjectOpened::provider),
      core::field("salt", &ProjectOpened::salt, core::matches_hex(32)),
      core::field("seats", &ProjectOpened::seats),
      core::field("version", &ProjectOpened::version),
  };
};

// What the contract of a new project says, and whether the party has what it is to label.
struct OpeningFacts {
  ProjectId project;
  PartyId party;
  PartyId provider;
  DatasetId dataset;
  std::uint64_t version = 0;
  std::uint64_t uses = 0;
  core::Hash classes;  // commitment
  std::string salt;
};

// Refuses: project.items_not_obtained (conflict; no use was made under the contract).
core::Result<ProjectOpened> decide_opening(const OpenProject& command, const OpeningFacts& facts);

}  // namespace tally::labeling
