// The rows of projects and their counts.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "core/sql/session.h"
#include "labeling/projects/project.h"
#include "space/parties/principal.h"

namespace tally::labeling {

using core::sql::Session;
using core::sql::Tx;
using space::Principal;

std::optional<Project> find_project(Session& session, const ProjectId& id);

// Forbidden contract.terminated: the project's contract was ended, no more data comes in or goes out to
// people. Answers under leases that were given before are still taken, until these run out.
core::Result<core::Done> require_contract(Session& session, const Project& project);

// Each refuses with not_found project.not_found: who may not see a project learns nothing of it.
core::Result<Project> project_of_party(Session& session,
                                       const ProjectId& id,
                                       const Principal& caller);
core::Result<Project> project_of_provider(Session& session,
                                          const ProjectId& id,
                                          const Principal& caller);
core::Result<Project> visible_project(Session& session,
                                      const ProjectId& id,
                                      const Principal& caller);

struct ProjectText {
  std::string title;
  std::string classes;  // ClassList::text
  std::string salt;     // of the commitment to them
};
ProjectText project_text(Session& session, const ProjectId& id);

ProjectCounts count_project(Session& session, const ProjectId& id);

// project.opened/1, applied.
void store_opening(
    Tx& tx, const ProjectOpened& opened, const ProjectText& text, std::uint64_t seq, Instant at);

// What a change adds to the counts.
struct CountChange {
  std::int64_t accepted = 0;
  std::int64_t human = 0;
  std::int64_t held = 0;
  std::int64_t checks = 0;
  std::int64_t answers = 0;
  std::int64_t decided = 0;
  std::int64_t in_doubt = 0;
};
void add_counts(Tx& tx, const ProjectId& id, const CountChange& change);

// The number of the project's next chunk of lines.
std::int64_t take_chunk_number(Tx& tx, const ProjectId& id);

template <class Enum>
std::string_view name_of(Enum value) {
  for (const auto& [candidate, name] : enum_names(Enum{})) {
    if (candidate == value) return name;
  }
  core::assertion_failed("an enumerator without a name", __FILE__, __LINE__);
}

// Throws core::Broken when the database holds another name.
template <class Enum>
Enum named(std::string_view text) {
  for (const auto& [value, name] : enum_names(Enum{})) {
    if (name == text) return value;
  }
  throw core::Broken("the database holds an unknown name: " + std::string(text));
}

}  // namespace tally::labeling
