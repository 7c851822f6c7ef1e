#include "labeling/projects/projects.h"

#include <algorithm>
#include <utility>

#include "space/commitment.h"
#include "space/contracts/contract_tables.h"

namespace tally::labeling {
namespace {

using core::Error;
using core::Refusal;
using core::Result;
using core::sql::Statement;
using space::Change;
using space::Once;

struct Statements {
  core::sql::Connection& db;
  Statement list{db, R"(
    select id
      from (select id from project where party = ?1 and id < ?2
            union
            select id from project where provider = ?1 and id < ?2)
     order by id desc
     limit ?3
  )"};
};

ProjectView view_of(const Project& project, const ProjectText& text) {
  return {.id = project.id,
          .title = text.title,
          .party = project.party,
          .provider = project.provider,
          .contract = project.contract,
          .dataset = project.dataset,
          .version = project.version,
          .classes = ClassList::from_text(text.classes).names(),
          .policy = project.policy,
          .policy_version = project.policy_version,
          .opened_at = project.opened_at};
}

Error clock_not_trusted() {
  return {Refusal::unavailable, "clock.not_trusted",
          "the server's clock departed; whether the contract is valid cannot be told until the "
          "operator has acknowledged it"};
}

}  // namespace

Result<Change> Projects::record(Tx& tx, const Principal& caller, const OpenProject& command) {
  Instant now = journal_.ledger.now();
  auto contract = space::require_active(tx, command.contract, caller.party, "labeling", now);
  if (!contract) return contract.error();
  if (!journal_.ledger.time_is_trusted()) return clock_not_trusted();

  ProjectText text{command.title, ClassList(command.classes).text(), journal_.ledger.draw_salt()};
  OpeningFacts facts{.project = ProjectId::make(now, journal_.random),
                     .party = caller.party,
                     .provider = contract->provider,
                     .dataset = contract->dataset,
                     .version = contract->version,
                     .uses = contract->uses,
                     .classes = space::commitment_hash(text.salt, text.classes),
                     .salt = journal_.ledger.draw_salt()};
  auto opened = decide_opening(command, facts);
  if (!opened) return opened.error();
  auto receipt = space::append_contract_entry(tx, journal_.ledger, caller.actor.text(),
                                              contract->row, *opened);
  store_opening(tx, *opened, text, receipt->seq, now);
  auto project = find_project(tx, facts.project);
  auto body = core::Json::object({{"project", core::encode(view_of(*project, text))}});
  return Change{core::canonical(body), receipt};
}

Result<Change> Projects::open(const Principal& caller,
                              const Once& once,
                              const OpenProject& command) {
  auto valid = validate(command);
  if (!valid) return valid.error();
  return space::run_once(journal_, once, [&](Tx& tx) { return record(tx, caller, command); });
}

Result<ProjectStatus> Projects::show(const Principal& caller, const ProjectId& project) {
  return journal_.readers.read([&](Session& session) -> Result<ProjectStatus> {
    auto found = visible_project(session, project, caller);
    if (!found) return found.error();
    return ProjectStatus{view_of(*found, project_text(session, project)),
                         count_project(session, project)};
  });
}

ProjectListing Projects::list(const Principal& caller,
                              std::uint64_t limit,
                              const std::optional<ProjectId>& before) {
  limit = std::clamp<std::uint64_t>(limit, 1, project_page_max);
  return journal_.readers.read([&](Session& session) {
    std::vector<ProjectId> ids;
    {
      std::string until = before ? before->text() : "prj_~";  // behind every id
      auto row = session.use<Statements>().list(caller.party, until, limit + 1);
      while (row.next()) ids.push_back(row.id<ProjectId>(0));
    }
    ProjectListing listing;
    if (ids.size() > limit) {
      ids.resize(limit);
      listing.next_cursor = ids.back().text();
    }
    for (const ProjectId& id : ids) {
      listing.projects.push_back(view_of(*find_project(session, id), project_text(session, id)));
    }
    return listing;
  });
}

}  // namespace tally::labeling
