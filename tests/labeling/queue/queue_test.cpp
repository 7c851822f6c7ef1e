#include "labeling/queue/queue.h"

#include <set>

#include <doctest/doctest.h>

#include "support/labeling/temp_project.h"

using namespace tally;
using namespace tally::labeling;
using test::code_of;
using test::TempProject;

namespace {

std::vector<std::string> items_of(const std::vector<Lease>& leases) {
  std::vector<std::string> items;
  for (const auto& lease : leases) items.push_back(lease.item);
  return items;
}

using Items = std::vector<std::string>;

}  // namespace

TEST_CASE("queue: the most uncertain task comes first, the older of equals before the younger") {
  TempProject project;
  project.add_tasks({{100'000, {}}, {300'000, {}}, {200'000, {}}, {300'000, {}}, {0, {}}});
  auto ann = project.person();
  CHECK(items_of(project.lease(ann, 2)) == Items{"t2", "t4"});
  CHECK(items_of(project.lease(project.person(), 100)) == Items{"t3", "t1", "t5"});
  CHECK(project.lease(ann, 100).empty());
  CHECK(project.counts().leased == 5);
}

TEST_CASE("queue: a task added later that is more uncertain overtakes") {
  TempProject project;
  project.add_tasks({{100'000, {}}});
  project.add_tasks({{200'000, {}}});
  CHECK(items_of(project.lease(project.person(), 2)) == Items{"t2", "t1"});
}

TEST_CASE("queue: the seats of a task go to different people, lowest seat first") {
  TempProject project;
  project.add_tasks({{1, {3, 2}}});
  auto ann = project.person();
  auto bob = project.person();
  auto cid = project.person();
  CHECK(project.lease(ann, 5).at(0).seat == 1);
  CHECK(project.lease(ann, 5).empty());
  CHECK(project.lease(bob).at(0).seat == 2);
  CHECK(project.lease(cid).at(0).seat == 3);
  CHECK(project.lease(project.person()).empty());
}

TEST_CASE("queue: a lease that ran out goes back, and its token is dead") {
  TempProject project;
  project.add_tasks({{1, {}}});
  auto ann = project.person();
  auto bob = project.person();
  auto first = project.lease(ann).at(0);
  CHECK(first.leased_until.unix_ms == first.leased_at.unix_ms + 600'000);
  project.space.clock.advance_ms(599'999);
  CHECK(project.lease(bob).empty());
  project.space.clock.advance_ms(1);
  CHECK(code_of(project.answer(ann, first, {"ant"})) == "lease.expired");
  auto second = project.lease(bob).at(0);
  CHECK(second.token.fence > first.token.fence);
  CHECK(code_of(project.answer(ann, first, {"ant"})) == "lease.superseded");
  CHECK(code_of(project.answer(ann, second, {"ant"})) == "lease.not_yours");
  CHECK(code_of(project.answer(bob, second, {"ant"})) == "");
  CHECK(project.counts().answers == 1);
}

TEST_CASE("queue: whoever let a lease run out may be asked again") {
  TempProject project;
  project.add_tasks({{1, {2, 2}}});
  auto ann = project.person();
  project.lease(ann);
  project.space.clock.advance_ms(600'000);
  CHECK(project.lease(ann).size() == 1);
}

TEST_CASE("queue: a lease leaves no ledger entry, whether it is answered or not") {
  TempProject project;
  project.add_tasks({{1, {}}, {2, {}}});
  auto before = project.space.ledger_size();
  auto ann = project.person();
  auto leases = project.lease(ann, 2);
  project.space.clock.advance_ms(600'000);
  CHECK(*project.queue().reap(100) == 2);
  CHECK(project.counts().leased == 0);
  CHECK(project.space.ledger_size() == before);
}

TEST_CASE("queue: a restart neither extends a lease nor ends it") {
  TempProject project;
  project.add_tasks({{1, {}}});
  auto ann = project.person();
  auto lease = project.lease(ann).at(0);
  project.space.clock.advance_ms(300'000);
  project.space.reopen();
  Queue queue(project.journal());
  Answers answers(project.journal());
  project.space.clock.advance_ms(299'999);
  CHECK(queue.lease(project.person(), project.project, {})->empty());
  project.space.clock.advance_ms(1);
  CHECK(code_of(answers.record(ann, project.once("k"), lease.task, {lease.token.text(), {}})) ==
        "lease.expired");
  CHECK(queue.lease(project.person(), project.project, {})->size() == 1);
}

TEST_CASE("queue: held leases are handed out again to whoever lost the answer") {
  TempProject project;
  project.add_tasks({{3, {}}, {2, {}}, {1, {}}});
  auto ann = project.person();
  auto lost = project.lease(ann, 2);
  auto again = project.queue().lease(ann, project.project, {.count = 3, .include_held = true});
  REQUIRE(again);
  CHECK(items_of(*again) == Items{"t1", "t2", "t3"});
  CHECK(again->at(0).token == lost.at(0).token);
  CHECK(project.queue()
            .lease(project.person(), project.project, {.count = 3, .include_held = true})
            ->empty());
}

TEST_CASE("queue: a project of others does not exist") {
  TempProject project;
  project.add_tasks({{1, {}}});
  auto stranger =
      project.person_of(space::PartyId::make(project.space.clock.now(), project.space.random));
  CHECK(code_of(project.queue().lease(stranger, project.project, {})) == "project.not_found");
  auto provider = project.person_of(project.provider);
  CHECK(code_of(project.queue().lease(provider, project.project, {})) == "project.not_found");
}

TEST_CASE("queue: nothing is leased or answered while the clock is not trusted") {
  TempProject project;
  project.add_tasks({{2, {}}, {1, {}}});
  auto ann = project.person();
  auto lease = project.lease(ann).at(0);
  project.space.clock.step_wall_ms(24 * 3'600'000);
  CHECK(code_of(project.queue().lease(ann, project.project, {})) == "clock.not_trusted");
  CHECK(code_of(project.answer(ann, lease, {"ant"})) == "clock.not_trusted");
}

TEST_CASE("queue: a task that comes back behind someone's remembered place is found again") {
  TempProject project;
  std::vector<TempProject::Waiting> waiting(60, {500'000, {2, 2}});
  project.add_tasks(waiting);
  auto ann = project.person();
  auto bob = project.person();
  auto away = project.lease(bob, 1).at(0);  // t1: one seat is left, and ann does not take it
  auto cid = project.person();
  project.lease(cid, 1);  // nor can she: t1 is full
  for (const auto& lease : project.lease(ann, 40)) REQUIRE(project.answer(ann, lease, {}));
  CHECK(items_of(project.lease(ann, 1)) == Items{"t42"});  // remembers that she is past t41
  project.space.clock.advance_ms(600'000);
  CHECK(items_of(project.lease(ann, 3)) == Items{"t1", "t42", "t43"});
}

TEST_CASE("queue: thousands of answered tasks that wait for others are not looked at again") {
  TempProject project(Policy{.seats = 2, .agree = 2});
  constexpr std::int64_t had = 3'000;
  project.add_tasks(std::vector<TempProject::Waiting>(had, {900'000, {2, 2}}));
  project.add_tasks(std::vector<TempProject::Waiting>(10, {100'000, {2, 2}}));
  auto ann = project.person();
  for (std::int64_t done = 0; done < had; done += 100) {
    auto leases = project.lease(ann, 100);
    REQUIRE(leases.size() == 100);
    std::vector<TaskAnswer> answers;
    for (const auto& lease : leases) answers.push_back({lease.task, lease.token.text(), {}});
    REQUIRE(project.answers().record_all(ann, project.once(std::to_string(done)), project.project,
                                         answers));
  }
  auto step = [&] {
    auto made = project.space.write(
        [&](core::sql::Tx& tx) { return project.queue().lease(tx, ann, project.project, 1); });
    REQUIRE(made);
    return *made;
  };
  CHECK(step().rows_examined <= 120);
  CHECK(step().rows_examined <= 20);
  // A refill sends her back to the start: in steps of at most 500 rows, and once.
  project.add_tasks({{1, {}}});
  int steps = 1;
  for (auto made = step(); !made.is_finished; made = step()) {
    ++steps;
    CHECK(made.rows_examined <= rows_examined_max);
  }
  CHECK(steps <= had / rows_examined_max + 1);
  CHECK(step().rows_examined <= 20);
}

TEST_CASE("queue: its statements walk indexes and sort nothing") {
  struct Plans {
    core::sql::Connection& db;
    core::sql::Statement ahead{db, R"(
      explain query plan
      select id from task where project = ?1 and place > ?2 and free_seats <> 0
       order by place limit ?3
    )"};
    core::sql::Statement returned{db, R"(
      explain query plan
      select id from task where project = ?1 and freed > ?2 and freed > 0 and free_seats <> 0
       order by freed limit ?3
    )"};
    core::sql::Statement due{db, R"(
      explain query plan
      select id from lease where leased_until <= ?1 order by leased_until limit ?2
    )"};
  };
  TempProject project;
  project.space.read([](core::sql::Session& session) {
    auto plan = [](core::sql::Cursor row) {
      std::string text;
      while (row.next()) text += row.text(3) + "; ";
      return text;
    };
    auto& sql = session.use<Plans>();
    CHECK(plan(sql.ahead("p", 1, 1)) ==
          "SEARCH task USING INDEX task_waiting (project=? AND place>?); ");
    CHECK(plan(sql.returned("p", 1, 1)).starts_with("SEARCH task USING INDEX task_freed"));
    CHECK(plan(sql.returned("p", 1, 1)).find("TEMP B-TREE") == std::string::npos);
    CHECK(plan(sql.due(1, 1)).find("INDEX lease_due") != std::string::npos);
    return true;
  });
}
