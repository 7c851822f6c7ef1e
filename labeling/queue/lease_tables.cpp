#include "labeling/queue/lease_tables.h"

namespace tally::labeling {
namespace {

using core::sql::Cursor;
using core::sql::Statement;

struct Statements {
  core::sql::Connection& db;
  Statement find{db, R"(
    select l.id, l.fence, l.secret, l.task, t.item, l.annotator, l.seat, l.leased_at, l.leased_until
      from lease l
      join task t on t.id = l.task
     where l.id = ?1
  )"};
  Statement of_annotator{db, R"(
    select l.id, l.fence, l.secret, l.task, t.item, l.annotator, l.seat, l.leased_at, l.leased_until
      from lease l
      join task t on t.id = l.task
     where l.project = ?1 and l.annotator = ?2 and l.leased_until > ?3
     order by t.place
     limit 100
  )"};
};

struct WriteStatements {
  core::sql::Connection& db;
  Statement insert{db, R"(
    insert into lease (id, task, project, annotator, seat, fence, secret, leased_at, leased_until)
    values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
  )"};
  Statement take_seat{db, R"(
    update task
       set free_seats = free_seats - ?2, fence = ?3
     where id = ?1 and (free_seats & ?2) <> 0 and fence < ?3
  )"};
  Statement add_leased{db, "update queue set leased = leased + ?2 where project = ?1"};
  Statement remove{db, "delete from lease where id = ?1"};
  Statement due{db, R"(
    select id, task, project, seat
      from lease
     where leased_until <= ?1
     order by leased_until
     limit ?2
  )"};
  Statement count_return{db, R"(
    update queue set freed = freed + 1, leased = leased - 1 where project = ?1 returning freed
  )"};
  Statement free_seat{db, R"(
    update task
       set free_seats = free_seats + ?2, freed = ?3
     where id = ?1 and (free_seats & ?2) = 0
  )"};
};

Lease lease_from_row(const Cursor& row) {
  Lease lease;
  lease.token = {row.id<LeaseId>(0), row.integer(1), row.text(2)};
  lease.task = row.id<TaskId>(3);
  lease.item = row.text(4);
  lease.annotator = row.id<ActorId>(5);
  lease.seat = row.integer(6);
  lease.leased_at = row.instant(7);
  lease.leased_until = row.instant(8);
  return lease;
}

std::int64_t bit_of(std::int64_t seat) { return std::int64_t{1} << (seat - 1); }

struct DueLease {
  LeaseId id;
  TaskId task;
  ProjectId project;
  std::int64_t seat = 0;
};

void end_lease(Tx& tx, const DueLease& due) {
  auto& sql = tx.use<WriteStatements>();
  sql.remove(due.id).run();
  std::int64_t freed = 0;
  {
    auto row = sql.count_return(due.project);
    if (!row.next()) throw core::Broken("a project has lost its queue: " + due.project.text());
    freed = row.integer(0);
  }
  auto changed = sql.free_seat(due.task, bit_of(due.seat), freed).run();
  if (changed != 1) throw core::Broken("a lease held a seat that was free: " + due.id.text());
}

}  // namespace

std::optional<Lease> find_lease(Session& session, const LeaseId& id) {
  auto row = session.use<Statements>().find(id);
  if (!row.next()) return std::nullopt;
  return lease_from_row(row);
}

std::vector<Lease> list_leases(Session& session,
                               const ProjectId& project,
                               const ActorId& annotator,
                               Instant now) {
  std::vector<Lease> leases;
  auto row = session.use<Statements>().of_annotator(project, annotator, now);
  while (row.next()) leases.push_back(lease_from_row(row));
  return leases;
}

void store_lease(Tx& tx, const ProjectId& project, const Lease& lease) {
  auto& sql = tx.use<WriteStatements>();
  sql.insert(lease.token.lease, lease.task, project, lease.annotator, lease.seat, lease.token.fence,
             lease.token.secret, lease.leased_at, lease.leased_until)
      .run();
  auto changed = sql.take_seat(lease.task, bit_of(lease.seat), lease.token.fence).run();
  TALLY_ASSERT(changed == 1);
  sql.add_leased(project, 1).run();
}

void delete_answered_lease(Tx& tx, const ProjectId& project, const LeaseId& id) {
  auto& sql = tx.use<WriteStatements>();
  sql.remove(id).run();
  sql.add_leased(project, -1).run();
}

std::int64_t expire_leases(Tx& tx, Instant now, std::int64_t limit) {
  std::vector<DueLease> due;
  {
    auto row = tx.use<WriteStatements>().due(now, limit);
    while (row.next()) {
      due.push_back({row.id<LeaseId>(0), row.id<TaskId>(1), row.id<ProjectId>(2), row.integer(3)});
    }
  }
  for (const DueLease& lease : due) end_lease(tx, lease);
  return static_cast<std::int64_t>(due.size());
}

}  // namespace tally::labeling
