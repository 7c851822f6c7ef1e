// The projects of the space: opened under a contract for the purpose `labeling`, seen by their party
// and by the dataset's provider.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "labeling/projects/project_tables.h"
#include "ledger/journal.h"
#include "space/once.h"

namespace tally::labeling {

inline constexpr std::uint64_t project_page_max = 200;

// A project as those see it who may.
struct ProjectView {
  ProjectId id;
  std::string title;
  PartyId party;
  PartyId provider;
  ContractId contract;
  DatasetId dataset;
  std::uint64_t version = 0;
  std::vector<std::string> classes;
  Policy policy;
  std::int64_t policy_version = 1;
  Instant opened_at;

  static constexpr auto fields = core::FieldList{
      core::field("id", &ProjectView::id),
      core::field("title", &ProjectView::title),
      core::field("party", &ProjectView::party),
      core::field("provider", &ProjectView::provider),
      core::field("contract", &ProjectView::contract),
      core::field("dataset", &ProjectView::dataset),
      core::field("version", &ProjectView::version),
      core::field("classes", &ProjectView::classes),
      core::field("policy", &ProjectView::policy),
      core::field("policy_version", &ProjectView::policy_version),
      core::field("opened_at", &ProjectView::opened_at),
  };
};

struct ProjectStatus {
  ProjectView project;
  ProjectCounts counts;

  static constexpr auto fields = core::FieldList{
      core::field("project", &ProjectStatus::project),
      core::field("counts", &ProjectStatus::counts),
  };
};

struct ProjectListing {
  std::vector<ProjectView> projects;
  std::optional<std::string> next_cursor;

  static constexpr auto fields = core::FieldList{
      core::field("projects", &ProjectListing::projects),
      core::field("next_cursor", &ProjectListing::next_cursor),
  };
};

class Projects {
 public:
  explicit Projects(ledger::Journal& journal) : journal_(journal) {}

  // {"project":{..}}. Refusals, in this order: request.invalid, idempotency_key.reused,
  // contract.not_found and the others of space::require_active for the purpose "labeling",
  // clock.not_trusted (unavailable), project.items_not_obtained.
  core::Result<space::Change> open(const Principal& caller,
                                   const space::Once& once,
                                   const OpenProject& command);

  // Refusal: project.not_found.
  core::Result<ProjectStatus> show(const Principal& caller, const ProjectId& project);

  // Those that the caller may see, newest first: at most `limit`, older than `before`.
  ProjectListing list(const Principal& caller,
                      std::uint64_t limit,
                      const std::optional<ProjectId>& before);

 private:
  core::Result<space::Change> record(Tx& tx, const Principal& caller, const OpenProject& command);

  ledger::Journal& journal_;
};

}  // namespace tally::labeling
