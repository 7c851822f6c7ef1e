#include "labeling/answers/answers.h"

#include <doctest/doctest.h>

#include "labeling/answers/answer_tables.h"
#include "support/labeling/temp_project.h"

using namespace tally;
using namespace tally::labeling;
using test::code_of;
using test::TempProject;

namespace {

std::string state_in(const core::Result<space::Change>& change) {
  REQUIRE_MESSAGE(change, code_of(change));
  return core::parse_json(change->body)->find("answer")->find("task_state")->as_string();
}

struct Value {
  core::sql::Connection& db;
  core::sql::Statement find{db, "select labels, salt from answer_value where answer = ?1"};
};

}  // namespace

TEST_CASE("answers: one is an entry that names its lease and hides its labels") {
  TempProject project;
  project.add_tasks({{1, {}}});
  auto ann = project.person();
  auto lease = project.lease(ann).at(0);
  project.space.clock.advance_ms(5'000);
  auto change = project.answer(ann, lease, {"cat", "ant"});
  CHECK(state_in(change) == "decided");
  auto entry = project.space.last_entry();
  CHECK(entry.find("kind")->as_string() == "label.recorded/1");
  CHECK(entry.find("by")->as_string() == ann.actor.text());
  const auto& body = *entry.find("body");
  CHECK(body.find("annotator")->as_string() == ann.actor.text());
  CHECK(body.find("lease")->as_string() == lease.token.lease.text());
  CHECK(body.find("leased_at")->as_integer() == lease.leased_at.unix_ms);
  CHECK(body.find("leased_until")->as_integer() == lease.leased_until.unix_ms);
  CHECK(body.find("outcome")->as_string() == "decided");
  CHECK(body.find("task")->as_string() == lease.task.text());
  auto text = core::canonical(entry);
  CHECK(text.find("cat") == std::string::npos);
  CHECK(text.find(lease.token.secret) == std::string::npos);

  // Whoever holds the value and its salt can show that the entry meant it; the entry's own salt
  // opens nothing.
  auto id = core::parse_json(change->body)->find("answer")->find("id")->as_string();
  auto commitments = project.space.read([&](core::sql::Session& session) {
    auto row = session.use<Value>().find(id);
    REQUIRE(row.next());
    CHECK(row.text(0) == R"(["ant","cat"])");
    return std::pair{space::commitment(row.text(1), row.text(0)),
                     space::commitment(body.find("salt")->as_string(), row.text(0))};
  });
  CHECK(body.find("value")->as_string() == commitments.first);
  CHECK(body.find("value")->as_string() != commitments.second);
}

TEST_CASE("answers: all seats are asked, and the last one decides or leaves in doubt") {
  TempProject project;
  project.add_tasks({{2, {3, 2}}, {1, {3, 2}}});
  std::vector<space::Principal> people{project.person(), project.person(), project.person()};
  auto play = [&](const std::vector<std::vector<std::string>>& labels) {
    std::vector<std::string> states;
    for (std::size_t i = 0; i < people.size(); ++i) {
      auto lease = project.lease(people[i]).at(0);
      states.push_back(state_in(project.answer(people[i], lease, labels[i])));
    }
    return states;
  };
  using States = std::vector<std::string>;
  CHECK(play({{"ant"}, {"ant"}, {"bee"}}) == States{"open", "open", "decided"});
  CHECK(play({{"ant"}, {"ant", "bee"}, {}}) == States{"open", "open", "in_doubt"});
  auto counts = project.counts();
  CHECK(counts.answers == 6);
  CHECK(counts.decided == 1);
  CHECK(counts.in_doubt == 1);
  CHECK(counts.open == 0);
  CHECK(counts.leased == 0);
}

TEST_CASE("answers: the same key has its effect once; a spent lease has none") {
  TempProject project;
  project.add_tasks({{1, {2, 2}}});
  auto ann = project.person();
  auto lease = project.lease(ann).at(0);
  auto first =
      project.answers().record(ann, project.once("k"), lease.task, {lease.token.text(), {"ant"}});
  auto size = project.space.ledger_size();
  auto again =
      project.answers().record(ann, project.once("k"), lease.task, {lease.token.text(), {"ant"}});
  REQUIRE(again);
  CHECK(again->repeated);
  CHECK(again->body == first->body);
  CHECK(code_of(project.answers().record(ann, project.once("other"), lease.task,
                                         {lease.token.text(), {"ant"}})) == "lease.expired");
  CHECK(project.space.ledger_size() == size);
}

TEST_CASE("answers: a batch is recorded whole or not at all, each answer as its own entry") {
  TempProject project;
  project.add_tasks({{3, {}}, {2, {}}, {1, {}}});
  auto ann = project.person();
  auto leases = project.lease(ann, 3);
  std::vector<TaskAnswer> batch;
  for (const auto& lease : leases) batch.push_back({lease.task, lease.token.text(), {"bee"}});
  auto record = [&](const std::string& key) {
    return project.answers().record_all(ann, project.once(key), project.project, batch);
  };
  auto size = project.space.ledger_size();
  batch[1].labels = {"cow"};
  CHECK(record("a").error().details.at(0).pointer == "/answers/1/labels/0");
  batch[1].labels = {};
  batch[2].lease = leases[1].token.text();
  auto refused = record("b");
  CHECK(code_of(refused) == "lease.expired");
  CHECK(refused.error().details.at(0).pointer == "/answers/2/lease");
  batch[2].lease = "nonsense";
  CHECK(code_of(record("c")) == "lease.malformed");
  batch[2].lease = leases[2].token.text();
  batch[2].task = TaskId();
  CHECK(code_of(record("d")) == "task.not_found");
  CHECK(project.space.ledger_size() == size);
  CHECK(project.counts().answers == 0);
  batch[2].task = leases[2].task;
  auto done = record("e");
  REQUIRE(done);
  CHECK(core::parse_json(done->body)->find("answers")->as_array().size() == 3);
  CHECK(project.space.kinds(size) == std::vector<std::string>(3, "label.recorded/1"));
}

TEST_CASE("answers: a task of another project is not answered under this one") {
  TempProject project;
  project.add_tasks({{1, {}}});
  auto other = project.open({}, TempProject::abc());
  auto ann = project.person();
  auto lease = project.lease(ann).at(0);
  std::vector<TaskAnswer> batch{{lease.task, lease.token.text(), {}}};
  CHECK(code_of(project.answers().record_all(ann, project.once("k"), other, batch)) ==
        "task.not_found");
}

TEST_CASE("answers: every receipt is had again, by those who see the project") {
  TempProject project;
  project.add_tasks({{1, {}}});
  auto ann = project.person();
  auto change = project.answer(ann, project.lease(ann).at(0), {"ant"});
  REQUIRE(change);
  auto id =
      *AnswerId::parse(core::parse_json(change->body)->find("answer")->find("id")->as_string());
  CHECK(project.answers().receipt(ann, id)->file() == change->receipt->file());
  CHECK(project.answers().receipt(project.person_of(project.provider), id)->file() ==
        change->receipt->file());
  CHECK(code_of(project.answers().receipt(project.person_of(space::PartyId()), id)) ==
        "answer.not_found");
}
