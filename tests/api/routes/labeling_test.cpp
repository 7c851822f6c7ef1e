// The routes of projects, leases and answers: what they answer, and with which status they refuse.
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "api/messages/projects.h"
#include "api/messages/tasks.h"
#include "api/routes/projects.h"
#include "api/routes/tasks.h"
#include "support/labeling/temp_project.h"

using namespace tally;
using core::Json;

namespace {

class Pieces : public api::BodySource {
 public:
  explicit Pieces(std::string text) : text_(std::move(text)) {}
  core::Result<core::Done> read(const api::BodySink& sink, std::uint64_t) override {
    for (std::size_t at = 0; at < text_.size(); at += 7)
      if (!sink(std::string_view(text_).substr(at, 7))) break;
    return core::Done{};
  }

 private:
  std::string text_;
};

struct Answer {
  int status = 0;
  std::string text;

  std::string code() const { return member("code"); }
  std::string pointer() const {
    auto json = *core::parse_json(text);
    return json.find("errors")->as_array().at(0).find("pointer")->as_string();
  }
  std::string member(std::string_view name) const {
    auto json = core::parse_json(text);
    REQUIRE(json);
    const Json* found = json->find(name);
    return found == nullptr ? "" : found->as_string();
  }
  template <class T>
  T as() const {
    auto json = *core::parse_json(text);
    Json bare = Json::object({});
    for (const auto& entry : json.as_object())
      if (entry.name != "receipt") bare.add(entry.name, entry.value);
    auto value = core::decode<T>(bare);
    REQUIRE(value);
    return *value;
  }
};

// A project of a labeling party on a provider's dataset, behind its routes.
class Server : public test::TempProject {
 public:
  Server()
      : owner(space.join("Provider", {tally::space::Role::provider})),
        labeler(space.join("Labeler", {tally::space::Role::labeler})),
        services(journal(), space.clock, core::sha256("master"), space.operator_key, "secret"),
        router([this](const api::Request& request, const std::string& scope) {
          return authenticate(request, scope);
        }) {
    provider = owner.party;
    party = labeler.party;
    dataset = space.publish(owner, "{\"item\":\"a\"}\n").dataset;
    project = open({}, abc());
    api::add_project_routes(router, services);
    api::add_task_routes(router, services);
  }

  Answer ask(const test::Member& who,
             const std::string& method,
             const std::string& target,
             const std::string& body = "",
             const std::string& key = "") {
    std::string bearer = "Bearer " + who.token;
    std::vector<api::Header> headers{{"Authorization", bearer}};
    if (!key.empty()) headers.push_back({"Idempotency-Key", key});
    api::Request request(method, target, headers);
    request.request_id = "r";
    Pieces pieces(body);
    auto reply = router.answer(request, pieces);
    for (std::string chunk; reply.chunks && reply.chunks(chunk); chunk.clear()) reply.body += chunk;
    return {reply.status, reply.body};
  }
  Answer post(const std::string& target, const std::string& body, const std::string& key = "k") {
    return ask(labeler, "POST", target, body, key);
  }
  std::string at(const std::string& rest = "") const {
    return "/v1/projects/" + project.text() + rest;
  }
  void import_three() {
    auto done = post(at("/predictions"),
                     "{\"item\":\"b\",\"scores_ppm\":[0,1000000,0]}\n"
                     "{\"item\":\"c/d\",\"scores_ppm\":[400000,300000,300000]}\n"
                     "{\"item\":\"a\",\"scores_ppm\":[600000,400000,0]}\n");
    REQUIRE(done.status == 201);
  }
  api::LeaseView lease_one() {
    auto answer = ask(labeler, "POST", at("/leases"), R"({"count":1})");
    REQUIRE(answer.status == 200);
    return answer.as<api::LeasesAnswer>().leases.at(0);
  }

  test::Member owner;
  test::Member labeler;
  api::Services services;
  api::Router router;

 private:
  core::Result<api::Principal> authenticate(const api::Request& request, const std::string& scope) {
    auto token = request.bearer_token();
    if (!token) return token.error();
    auto principal = services.authenticator.authenticate(*token);
    if (!principal) return principal;
    if (!scope.empty() && !principal->has(scope))
      return core::Error{core::Refusal::forbidden, "scope.missing", "no scope " + scope};
    return principal;
  }
};

std::string answer_body(const std::string& token, const std::string& label) {
  return "{\"lease\":\"" + token + "\",\"labels\":[\"" + label + "\"]}";
}

}  // namespace

TEST_CASE("labeling routes: predictions come in, and the project shows its counts") {
  Server server;
  server.import_three();
  auto status = server.ask(server.owner, "GET", server.at()).as<labeling::ProjectStatus>();
  CHECK(status.project.classes == test::TempProject::abc());
  CHECK(status.counts.accepted == 1);
  CHECK(status.counts.held == 1);
  CHECK(status.counts.open == 1);
  auto again = server.post(server.at("/predictions"), "{\"item\":\"z\",\"scores_ppm\":[1,2,3]}");
  CHECK(again.status == 422);
  CHECK(again.code() == "prediction.invalid");
  CHECK(again.pointer() == "/1/scores_ppm");
  auto listed = server.ask(server.labeler, "GET", "/v1/projects?limit=10");
  CHECK(listed.as<labeling::ProjectListing>().projects.at(0).id == server.project);
}

TEST_CASE("labeling routes: the same import again gets the same bytes") {
  Server server;
  const std::string line = "{\"item\":\"b\",\"scores_ppm\":[0,1000000,0]}\n";
  auto first = server.post(server.at("/predictions?model=resnet"), line);
  auto again = server.post(server.at("/predictions?model=resnet"), line);
  CHECK(first.status == 201);
  CHECK(again.status == 200);
  CHECK(again.text == first.text);
  auto other = server.post(server.at("/predictions?model=other"), line);
  CHECK(other.status == 422);
  CHECK(other.code() == "idempotency_key.reused");
}

TEST_CASE("labeling routes: a lease is answered, with a receipt that is had again") {
  Server server;
  server.import_three();
  auto lease = server.lease_one();
  CHECK(lease.item == "a");
  CHECK(lease.seat == 1);
  CHECK(server.ask(server.labeler, "POST", server.at("/leases"), R"({"count":1})").text ==
        R"({"leases":[]})");
  auto target = "/v1/tasks/" + lease.task.text() + "/answers";
  auto wrong = server.post(target, answer_body(lease.token, "cow"));
  CHECK(wrong.status == 422);
  CHECK(wrong.pointer() == "/labels/0");
  auto done = server.post(target, answer_body(lease.token, "cat"));
  CHECK(done.status == 201);
  auto answer = done.as<api::AnswerAnswer>().answer;
  CHECK(answer.task_state == labeling::TaskState::decided);
  auto receipt = server.ask(server.owner, "GET", "/v1/answers/" + answer.id.text() + "/receipt");
  auto json = *core::parse_json(done.text);
  CHECK(receipt.text == json.find("receipt")->find("proof")->as_string());
  auto late = server.post(target, answer_body(lease.token, "cat"), "another-key");
  CHECK(late.status == 409);
  CHECK(late.code() == "lease.expired");
}

TEST_CASE("labeling routes: several answers in one request") {
  Server server;
  server.import_three();
  REQUIRE(server.post(server.at("/checks"), R"({"items":["b"],"seats":1,"agree":1})").status ==
          201);
  auto leases = server.ask(server.labeler, "POST", server.at("/leases"), R"({"count":100})")
                    .as<api::LeasesAnswer>()
                    .leases;
  REQUIRE(leases.size() == 2);
  std::string body = "{\"answers\":[";
  for (const auto& lease : leases) {
    body += body.back() == '[' ? "" : ",";
    body +=
        "{\"task\":\"" + lease.task.text() + "\",\"lease\":\"" + lease.token + "\",\"labels\":[]}";
  }
  auto done = server.post(server.at("/answers"), body + "]}");
  CHECK(done.status == 201);
  CHECK(done.as<api::AnswersAnswer>().answers.size() == 2);
  CHECK(server.post(server.at("/answers"), "{\"answers\":[]}", "none").status == 422);
}

TEST_CASE("labeling routes: items and their proofs, also under names that no path can hold") {
  Server server;
  server.import_three();
  auto item = server.ask(server.owner, "GET", server.at("/item?name=c%2Fd"));
  CHECK(item.text == R"({"answers":0,"item":"c/d","route":"hold","state":"held"})");
  auto proof = server.ask(server.labeler, "GET", server.at("/item/proof?name=c/d"))
                   .as<labeling::ItemProof>();
  CHECK(proof.prediction.index == 1);
  CHECK(proof.prediction.size == 3);
  CHECK(server.ask(server.owner, "GET", server.at("/items/a")).member("state") == "open");
  CHECK(server.ask(server.owner, "GET", server.at("/items/b/proof")).status == 200);
  CHECK(server.ask(server.owner, "GET", server.at("/item")).status == 422);
  CHECK(server.ask(server.labeler, "GET", server.at("/items/none")).code() == "item.not_found");
  auto lines = server.ask(server.owner, "GET", server.at("/export"));
  CHECK(lines.status == 200);
  CHECK(lines.text ==
        "{\"answers\":0,\"item\":\"a\",\"route\":\"human\",\"state\":\"open\"}\n"
        "{\"answers\":0,\"item\":\"b\",\"labels\":[\"bee\"],\"route\":\"accept\",\"source\":"
        "\"model\","
        "\"state\":\"accepted\"}\n"
        "{\"answers\":0,\"item\":\"c/d\",\"route\":\"hold\",\"state\":\"held\"}\n");
}

TEST_CASE("labeling routes: a release is the provider's") {
  Server server;
  server.import_three();
  auto refused = server.post(server.at("/releases"), "{}");
  CHECK(refused.status == 403);
  CHECK(refused.code() == "scope.missing");
  auto done = server.ask(server.owner, "POST", server.at("/releases"), "{}", "k");
  CHECK(done.status == 201);
  auto answer = done.as<labeling::ReleaseAnswer>();
  CHECK(answer.released == 1);
  CHECK(answer.version.project == server.project.text());
  auto again = server.ask(server.owner, "POST", server.at("/releases"), "{}", "k");
  CHECK(again.status == 200);
  CHECK(again.text == done.text);
}

TEST_CASE("labeling routes: bad requests get their status and change nothing") {
  Server server;
  server.import_three();
  auto size = server.space.ledger_size();
  struct Row {
    std::string target;
    std::string body;
    std::string key;
    int status;
    std::string code;
  };
  auto unknown = "/v1/projects/" + labeling::ProjectId().text();
  const std::vector<Row> rows{
      {"/v1/projects", "{", "k", 400, "json.malformed"},
      {"/v1/projects", "{}", "k", 422, "request.invalid"},
      {"/v1/projects", "{}", "", 400, "idempotency_key.missing"},
      {unknown + "/predictions", "x", "k", 404, "project.not_found"},
      {unknown + "/leases", R"({"count":1})", "k", 404, "project.not_found"},
      {unknown + "/checks", R"({"items":["a"],"seats":1,"agree":1})", "k", 404,
       "project.not_found"},
      {"/v1/projects/nonsense/leases", R"({"count":1})", "k", 404, "request.unknown_id"},
      {server.at("/leases"), R"({"count":0})", "k", 422, "request.invalid"},
      {server.at("/leases"), R"({"count":101})", "k", 422, "request.invalid"},
      {server.at("/leases"), R"({"count":"1"})", "k", 422, "request.invalid"},
      {server.at("/checks"), R"({"items":["a"],"seats":1,"agree":1})", "k", 422, "request.invalid"},
      {server.at("/predictions"), "", "new", 422, "import.empty"},
      {server.at("/predictions?model="), "x", "new", 422, "request.invalid_parameter"},
      {"/v1/tasks/" + labeling::TaskId().text() + "/answers", R"({"lease":"x","labels":[]})", "k",
       404, "task.not_found"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.target);
    CAPTURE(row.body);
    auto answer = server.ask(server.labeler, "POST", row.target, row.body, row.key);
    CHECK(answer.status == row.status);
    CHECK(answer.code() == row.code);
  }
  CHECK(server.space.ledger_size() == size);
}
