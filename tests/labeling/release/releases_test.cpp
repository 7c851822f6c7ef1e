#include "labeling/release/releases.h"

#include <doctest/doctest.h>

#include "support/labeling/temp_project.h"

using namespace tally;
using namespace tally::labeling;
using test::code_of;
using test::TempProject;

namespace {

// A project on a provider's published dataset: one item accepted, one held, one for people.
class Released : public TempProject {
 public:
  Released()
      : owner(space.join("Provider", {tally::space::Role::provider})),
        uploads(journal(), space.content()),
        releases(journal(), uploads) {
    auto published = space.publish(owner, "{\"item\":\"a\"}\n");
    provider = owner.party;
    dataset = published.dataset;
    project = open({}, abc());
    REQUIRE(
        import("{\"item\":\"b\",\"scores_ppm\":[0,1000000,0]}\n"
               "{\"item\":\"c\",\"scores_ppm\":[400000,300000,300000]}\n"
               "{\"item\":\"a\",\"scores_ppm\":[600000,400000,0]}\n"));
  }

  core::Result<tally::space::Change> release(const std::string& key = "k",
                                             std::optional<std::string> note = {}) {
    auto scoped = once(key);
    scoped.party = owner.party.text();
    return releases.release(owner.principal, scoped, project, {std::move(note)});
  }
  void answer_one(std::vector<std::string> labels) {
    auto ann = person();
    REQUIRE(answer(ann, lease(ann).at(0), std::move(labels)));
  }
  std::string content(std::uint64_t version) {
    auto page = space.read([&](core::sql::Session& session) {
      return space.content().open_page(session, dataset, version, 0, 100);
    });
    REQUIRE(page);
    return page->lines;
  }

  test::Member owner;
  tally::space::Uploads uploads;
  Releases releases;
};

ReleaseAnswer answer_of(const core::Result<space::Change>& change) {
  REQUIRE_MESSAGE(change, code_of(change));
  auto answer = core::decode<ReleaseAnswer>(*core::parse_json(change->body));
  REQUIRE(answer);
  return *answer;
}

}  // namespace

TEST_CASE("release: what is settled becomes a version that names its parent and its project") {
  Released project;
  project.answer_one({"cat", "ant"});
  auto first = project.space.ledger_size();
  auto change = project.release("k", "first labels");
  auto answer = answer_of(change);
  REQUIRE(answer.entries.size() == 2);
  CHECK(answer.entries[0] < answer.entries[1]);
  CHECK(answer.entries[1] == change->receipt->seq);
  CHECK(answer.released == 2);
  CHECK(answer.version.version == 2);
  CHECK(answer.version.state == space::VersionState::published);
  CHECK(answer.version.parent_version == 1);
  CHECK(answer.version.project == project.project.text());
  CHECK(answer.version.note == "first labels");
  std::string lines =
      "{\"item\":\"a\",\"labels\":[\"ant\",\"cat\"],\"source\":\"people\"}\n"
      "{\"item\":\"b\",\"labels\":[\"bee\"],\"source\":\"model\"}\n";
  CHECK(project.content(2) == lines);
  CHECK(answer.version.digest == core::sha256(lines));
  CHECK(project.space.kinds(first) ==
        std::vector<std::string>{"dataset.version_registered/1", "dataset.version_published/1"});
  const auto entry = project.space.entry(first);
  CHECK(entry.find("by")->as_string() == project.owner.principal.actor.text());
  CHECK(entry.find("body")->find("parent_version")->as_integer() == 1);
  CHECK(entry.find("body")->find("project")->as_string() == project.project.text());
}

TEST_CASE("release: the same key releases once, also when answers came since") {
  Released project;
  auto first = project.release();
  auto size = project.space.ledger_size();
  CHECK(answer_of(first).released == 1);
  project.answer_one({"ant"});
  auto again = project.release();
  REQUIRE(again);
  CHECK(again->repeated);
  CHECK(again->body == first->body);
  CHECK(again->receipt->file() == first->receipt->file());
  CHECK(project.space.ledger_size() == size + 1);  // the answer
  auto next = answer_of(project.release("next"));
  CHECK(next.version.version == 3);
  CHECK(next.released == 2);
}

TEST_CASE("release: a crash between the version and its content is made good by the same key") {
  Released project;
  auto crash = [&](core::sql::Sql script) {
    REQUIRE(project.space.write([&](core::sql::Tx& tx) -> core::Result<core::Done> {
      tx.connection().run(script);
      return core::Done{};
    }));
  };
  crash(R"(
    create trigger crash before insert on content_chunk
    begin
      select raise(abort, 'the power went');
    end
  )");
  CHECK_THROWS(static_cast<void>(project.release()));
  CHECK_THROWS(static_cast<void>(project.release("other")));
  crash("drop trigger crash");
  auto answer = answer_of(project.release());
  CHECK(answer.version.version == 2);
  CHECK(answer.version.state == space::VersionState::published);
  project.answer_one({"ant"});
  CHECK(code_of(project.release("other")) == "release.outdated");
}

TEST_CASE("release: it is the provider's alone, and there must be something to release") {
  Released project;
  auto wanted = [&](const space::Principal& who) {
    return code_of(project.releases.release(who, project.once("k"), project.project, {}));
  };
  CHECK(wanted(project.lead) == "project.not_found");
  CHECK(wanted(project.person_of(space::PartyId())) == "project.not_found");
  project.project = project.open({}, TempProject::abc());
  CHECK(code_of(project.release()) == "release.empty");
}
