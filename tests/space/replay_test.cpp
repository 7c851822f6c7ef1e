#include "space/replay.h"

#include <doctest/doctest.h>

#include "core/sql/migrate.h"
#include "core/sql/sqlite/sqlite.h"
#include "space/datasets/fixture.h"
#include "space/parties/actors.h"

using namespace tally;
using namespace tally::space;
using test::Catalogue;
using test::version_of;

namespace {

// Every column of the projection tables, row by row.
struct Projection {
  core::sql::Connection& db;
  core::sql::Statement parties{db, R"(
    select id || key_id || hex(public_key) || state || roles || hex(document) || registered_at
      from party order by id
  )"};
  core::sql::Statement actors{db, R"(
    select id || party || scopes || expires_at || state || added_at from actor order by id
  )"};
  core::sql::Statement datasets{db, R"(
    select id || provider || hex(manifest) || versions || '/' || published_version || '/' ||
           registered_at
      from dataset order by id
  )"};
  core::sql::Statement versions{db, R"(
    select dataset || version || state || content || hex(digest) || bytes || '/' ||
           coalesce(records, 'none') || hex(manifest) || coalesce(parent_version, 'none') ||
           coalesce(project, 'none') || registered_at || coalesce(published_at, 'none') ||
           coalesce(published_seq, 'none')
      from dataset_version order by dataset, version
  )"};
};

std::vector<std::string> rows_of(core::sql::Session& session) {
  auto& sql = session.use<Projection>();
  std::vector<std::string> rows;
  for (auto* statement : {&sql.parties, &sql.actors, &sql.datasets, &sql.versions}) {
    auto row = (*statement)();
    while (row.next()) rows.push_back(row.text(0));
  }
  return rows;
}

struct Empty {
  core::sql::Connection connection = core::sql::sqlite::open_memory();
  core::sql::Tx tx{connection};
  Empty() { core::sql::migrate(connection, schema_files()); }
};

bool replay(core::sql::Tx& tx, const core::Json& entry) {
  Recorded where{static_cast<std::uint64_t>(entry.find("seq")->as_integer()),
                 {entry.find("at")->as_integer()}};
  return replay_entry(tx, entry.find("kind")->as_string(), *entry.find("body"), where);
}

void live_a_little(Catalogue& fixture) {
  const std::string lines = "{\"a\":1}\n{\"a\":2}\n";
  Actors actors(fixture.space.journal(), fixture.space.authenticator());
  auto lab = fixture.space.join("Lab", {Role::consumer, Role::auditor});
  fixture.space.clock.advance_ms(17);
  REQUIRE(actors.add(lab.principal, {"Ada", {Scope::datasets_read}, 60}, "add"));
  REQUIRE(actors.revoke(lab.principal, lab.principal.actor, "revoke"));
  auto id = fixture.add_dataset();
  fixture.add_dataset();
  fixture.add_version(id, version_of(lines));
  fixture.space.clock.advance_ms(17);
  fixture.add_version(id, version_of(lines));
  REQUIRE(fixture.upload(id, 1, lines));
  auto outside = version_of(lines);
  outside.content = ContentKind::metadata_only;
  fixture.add_version(id, outside);
}

}  // namespace

TEST_CASE("replay: the ledger alone gives the tables back") {
  Catalogue fixture;
  live_a_little(fixture);
  Empty again;
  for (std::uint64_t seq = 0; seq < fixture.space.ledger_size(); ++seq) {
    CHECK(replay(again.tx, fixture.space.entry(seq)) == (seq > 0));
  }
  auto rows = rows_of(again.tx);
  CHECK(rows.size() == 3 + 4 + 2 + 3);
  CHECK(rows == fixture.space.read([](core::sql::Session& session) { return rows_of(session); }));
}

TEST_CASE(
    "replay: an entry that its kind does not allow, or that does not fit, is not passed over") {
  Catalogue fixture;
  Empty again;
  auto approved = fixture.space.entry(2);
  CHECK_THROWS_AS(replay(again.tx, approved), core::Broken);  // before it was registered
  Recorded where{1, {1}};
  CHECK_THROWS_AS(replay_entry(again.tx, "party.approved/1", core::Json::object({}), where),
                  core::Broken);
  CHECK_FALSE(replay_entry(again.tx, "party.approved/2", core::Json::object({}), where));
}
