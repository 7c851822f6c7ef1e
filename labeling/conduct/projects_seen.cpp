#include "labeling/conduct/projects_seen.h"

#include <utility>

#include "labeling/projects/project_tables.h"

namespace tally::labeling {
namespace {

using core::sql::Statement;
using ledger::Replay;

constexpr std::size_t projects_kept_max = 4'096;

struct Statements {
  core::sql::Connection& db;
  Statement insert{db, R"(
    insert into project (id, seq, party, contract, provider, dataset, version, policy_version,
                         accept_from_ppm, hold_below_ppm, priority, seats, agree, lease_seconds,
                         classes, opened_at)
    values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)
  )"};
  Statement insert_counts{db, "insert into project_count (project) values (?1)"};
  Statement insert_tasks{db, "insert into conduct_project (project, tasks) values (?1, 0)"};
  Statement store_tasks{db, "update conduct_project set tasks = ?2 where project = ?1"};
  Statement store{db, R"(
    update project_count
       set accepted = ?2, human = ?3, held = ?4, checks = ?5, answers = ?6, decided = ?7,
           in_doubt = ?8, chunks = ?9
     where project = ?1
  )"};
  Statement find{db, R"(
    select p.party, p.contract, p.policy_version, p.lease_seconds, p.opened_at, c.accepted, c.human,
           c.held, c.checks, c.answers, c.decided, c.in_doubt, c.chunks, t.tasks
      from project p
      join project_count c on c.project = p.id
      join conduct_project t on t.project = p.id
     where p.id = ?1
  )"};
};

}  // namespace

ProjectFacts& ProjectsSeen::keep(Replay& replay, ProjectFacts facts) {
  if (cache_.size() >= projects_kept_max) {
    flush(replay);
    cache_.clear();
  }
  std::string key = facts.id.text();
  return cache_.insert_or_assign(std::move(key), std::move(facts)).first->second;
}

ProjectFacts* ProjectsSeen::find(Replay& replay, const ProjectId& id) {
  auto known = cache_.find(id.text());
  if (known != cache_.end()) return &known->second;
  ProjectFacts facts;
  {
    auto row = replay.tx().use<Statements>().find(id);
    if (!row.next()) return nullptr;
    facts.id = id;
    facts.party = row.id<PartyId>(0);
    facts.contract = row.id<ContractId>(1);
    facts.policy_version = row.integer(2);
    facts.lease_seconds = row.integer(3);
    facts.opened_at = row.instant(4);
    facts.counts.accepted = row.integer(5);
    facts.counts.human = row.integer(6);
    facts.counts.held = row.integer(7);
    facts.counts.checks = row.integer(8);
    facts.counts.answers = row.integer(9);
    facts.counts.decided = row.integer(10);
    facts.counts.in_doubt = row.integer(11);
    facts.chunks = row.integer(12);
    facts.tasks = row.integer(13);
  }
  return &keep(replay, std::move(facts));
}

void ProjectsSeen::add(Replay& replay, const ProjectOpened& opened, std::uint64_t seq, Instant at) {
  auto& sql = replay.tx().use<Statements>();
  sql.insert(opened.project, seq, opened.party, opened.contract, opened.provider, opened.dataset,
             opened.version, opened.policy_version, opened.accept_from_ppm, opened.hold_below_ppm,
             name_of(opened.priority), opened.seats, opened.agree, opened.lease_seconds,
             opened.classes, at)
      .run();
  sql.insert_counts(opened.project).run();
  sql.insert_tasks(opened.project).run();
  keep(replay, {.id = opened.project,
                .party = opened.party,
                .contract = opened.contract,
                .policy_version = opened.policy_version,
                .lease_seconds = opened.lease_seconds,
                .opened_at = at,
                .counts = {},
                .chunks = 0,
                .tasks = 0});
}

void ProjectsSeen::flush(Replay& replay) {
  auto& sql = replay.tx().use<Statements>();
  for (const auto& [id, project] : cache_) {
    const ProjectCounts& counts = project.counts;
    sql.store(project.id, counts.accepted, counts.human, counts.held, counts.checks, counts.answers,
              counts.decided, counts.in_doubt, project.chunks)
        .run();
    sql.store_tasks(project.id, project.tasks).run();
  }
}

}  // namespace tally::labeling
