#include "labeling/projects/project_tables.h"

#include "space/contracts/contract_tables.h"

namespace tally::labeling {
namespace {

using core::Result;
using core::sql::Cursor;
using core::sql::Statement;

struct Statements {
  core::sql::Connection& db;
  Statement find{db, R"(
    select id, seq, party, contract, provider, dataset, version, policy_version, accept_from_ppm,
           hold_below_ppm, priority, seats, agree, lease_seconds, opened_at
      from project
     where id = ?1
  )"};
  Statement text{db, "select title, classes, salt from project_text where project = ?1"};
  Statement counts{db, R"(
    select c.accepted, c.human, c.held, c.checks, q.leased, c.answers, c.decided, c.in_doubt
      from project_count c
      join queue q on q.project = c.project
     where c.project = ?1
  )"};
};

struct WriteStatements {
  core::sql::Connection& db;
  Statement insert{db, R"(
    insert into project (id, seq, party, contract, provider, dataset, version, policy_version,
                         accept_from_ppm, hold_below_ppm, priority, seats, agree, lease_seconds,
                         classes, opened_at)
    values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)
  )"};
  Statement insert_text{db, R"(
    insert into project_text (project, title, classes, salt) values (?1, ?2, ?3, ?4)
  )"};
  Statement insert_counts{db, "insert into project_count (project) values (?1)"};
  Statement insert_queue{db, "insert into queue (project) values (?1)"};
  Statement add{db, R"(
    update project_count
       set accepted = accepted + ?2, human = human + ?3, held = held + ?4, checks = checks + ?5,
           answers = answers + ?6, decided = decided + ?7, in_doubt = in_doubt + ?8
     where project = ?1
  )"};
  Statement next_chunk{db, R"(
    update project_count set chunks = chunks + 1 where project = ?1 returning chunks
  )"};
};

Project project_from_row(const Cursor& row) {
  Project project;
  project.id = row.id<ProjectId>(0);
  project.seq = row.natural(1);
  project.party = row.id<PartyId>(2);
  project.contract = row.id<ContractId>(3);
  project.provider = row.id<PartyId>(4);
  project.dataset = row.id<DatasetId>(5);
  project.version = row.natural(6);
  project.policy_version = row.integer(7);
  project.policy = {.accept_from_ppm = row.integer(8),
                    .hold_below_ppm = row.integer(9),
                    .priority = named<Priority>(row.view(10)),
                    .seats = row.integer(11),
                    .agree = row.integer(12),
                    .lease_seconds = row.integer(13)};
  project.opened_at = row.instant(14);
  return project;
}

template <class Predicate>
Result<Project> project_if(Session& session, const ProjectId& id, Predicate may_see) {
  auto project = find_project(session, id);
  if (!project || !may_see(*project)) {
    return core::Error{core::Refusal::not_found, "project.not_found", "there is no such project"};
  }
  return *project;
}

}  // namespace

std::optional<Project> find_project(Session& session, const ProjectId& id) {
  auto row = session.use<Statements>().find(id);
  if (!row.next()) return std::nullopt;
  return project_from_row(row);
}

core::Result<core::Done> require_contract(Session& session, const Project& project) {
  auto contract = space::find_contract(session, project.contract);
  if (contract && contract->state == space::ContractState::terminated) {
    return core::Error{core::Refusal::forbidden, "contract.terminated",
                       "the contract of this project was terminated; no more work is given out"};
  }
  return core::Done{};
}

Result<Project> project_of_party(Session& session, const ProjectId& id, const Principal& caller) {
  return project_if(session, id, [&](const Project& p) { return p.party == caller.party; });
}

Result<Project> project_of_provider(Session& session,
                                    const ProjectId& id,
                                    const Principal& caller) {
  return project_if(session, id, [&](const Project& p) { return p.provider == caller.party; });
}

Result<Project> visible_project(Session& session, const ProjectId& id, const Principal& caller) {
  return project_if(session, id, [&](const Project& p) {
    return p.party == caller.party || p.provider == caller.party;
  });
}

ProjectText project_text(Session& session, const ProjectId& id) {
  auto row = session.use<Statements>().text(id);
  if (!row.next()) throw core::Broken("a project has lost its title and classes: " + id.text());
  return {row.text(0), row.text(1), row.text(2)};
}

ProjectCounts count_project(Session& session, const ProjectId& id) {
  auto row = session.use<Statements>().counts(id);
  if (!row.next()) throw core::Broken("a project has lost its counts: " + id.text());
  ProjectCounts counts{.accepted = row.integer(0),
                       .human = row.integer(1),
                       .held = row.integer(2),
                       .checks = row.integer(3),
                       .open = 0,
                       .leased = row.integer(4),
                       .answers = row.integer(5),
                       .decided = row.integer(6),
                       .in_doubt = row.integer(7)};
  counts.open = counts.human + counts.checks - counts.decided - counts.in_doubt;
  return counts;
}

void store_opening(
    Tx& tx, const ProjectOpened& opened, const ProjectText& text, std::uint64_t seq, Instant at) {
  auto& sql = tx.use<WriteStatements>();
  sql.insert(opened.project, seq, opened.party, opened.contract, opened.provider, opened.dataset,
             opened.version, opened.policy_version, opened.accept_from_ppm, opened.hold_below_ppm,
             name_of(opened.priority), opened.seats, opened.agree, opened.lease_seconds,
             opened.classes, at)
      .run();
  sql.insert_text(opened.project, text.title, text.classes, text.salt).run();
  sql.insert_counts(opened.project).run();
  sql.insert_queue(opened.project).run();
}

void add_counts(Tx& tx, const ProjectId& id, const CountChange& change) {
  tx.use<WriteStatements>()
      .add(id, change.accepted, change.human, change.held, change.checks, change.answers,
           change.decided, change.in_doubt)
      .run();
}

std::int64_t take_chunk_number(Tx& tx, const ProjectId& id) {
  auto row = tx.use<WriteStatements>().next_chunk(id);
  if (!row.next()) throw core::Broken("a project has lost its counts: " + id.text());
  return row.integer(0);
}

}  // namespace tally::labeling
