#include "space/replay.h"

#include <doctest/doctest.h>

#include "space/conduct/replayed.h"
#include "space/datasets/fixture.h"
#include "space/parties/actors.h"

using namespace tally;
using namespace tally::space;
using test::Catalogue;
using test::Replayed;
using test::version_of;

namespace {

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

TEST_CASE("replay: the ledger alone gives the tables of parties and datasets back") {
  Catalogue fixture;
  live_a_little(fixture);
  Replayed replayed(fixture.space);
  CHECK(replayed.codes().empty());
  CHECK(replayed.differences().empty());
}

TEST_CASE("replay: a row that was changed, added or taken away is named by table and column") {
  struct Tampered {
    std::string sql;
    std::string difference;
  };
  const std::vector<Tampered> all = {
      {"update party set roles = 'provider auditor' where roles = 'provider'", "party.roles"},
      {"update party set public_key = zeroblob(32) where roles = 'provider'", "party.public_key"},
      {"update actor set expires_at = expires_at + 1 where scopes like '%datasets:write%'",
       "actor.expires_at"},
      {"update actor set state = 'active' where state = 'revoked'", "actor.state"},
      {"update dataset_version set records = 3 where records = 2", "dataset_version.records"},
      {"update dataset_version set digest = zeroblob(32) where version = 2",
       "dataset_version.digest"},
      {"update dataset_version set published_at = published_at + 2000 where version = 1",
       "dataset_version.published_at"},
      {"update dataset set versions = versions + 1 where versions > 0", "dataset.versions"},
      {"delete from dataset_version where version = 2", "dataset_version"},
      {"insert into actor (id, party, scopes, expires_at, state, added_at) "
       "select 'act_x', id, '', 1, 'active', 1 from party limit 1",
       "actor"}};
  for (const auto& tampered : all) {
    Catalogue fixture;
    live_a_little(fixture);
    auto done = fixture.space.write([&](core::sql::Tx& tx) -> core::Result<core::Done> {
      tx.connection().driver().run_script(tampered.sql);
      return core::Done{};
    });
    REQUIRE(done);
    Replayed replayed(fixture.space);
    CHECK(replayed.codes().empty());
    CAPTURE(tampered.sql);
    REQUIRE(replayed.differences().size() == 1);
    CHECK(*replayed.differences().begin() == tampered.difference);
  }
}

TEST_CASE("replay: rows whose time was read a moment after their entry's are the same") {
  Catalogue fixture;
  live_a_little(fixture);
  auto done = fixture.space.write([&](core::sql::Tx& tx) -> core::Result<core::Done> {
    tx.connection().run("update party set registered_at = registered_at + 1000");
    return core::Done{};
  });
  REQUIRE(done);
  CHECK(Replayed(fixture.space).differences().empty());
}

TEST_CASE("replay: every column of every projection table is compared, and no table is left out") {
  test::TempSpace space;
  ledger::Replayers replayers;
  space::register_replayers(replayers);
  std::set<std::string> compared;
  for (const auto& table : replayers.projection()) {
    for (const auto& column : table.columns) {
      compared.insert(std::string(table.name) + "." + std::string(column.name));
    }
  }
  std::set<std::string> wanted;
  for (const auto& file : schema_files()) {
    std::string_view text = file.text;
    // "-- projection. .." stands before its table.
    for (std::size_t at = text.find("create table "); at != std::string_view::npos;
         at = text.find("create table ", at + 1)) {
      auto before = text.substr(0, at);
      auto comment = before.substr(before.rfind("\n\n") + 2);
      bool is_projection =
          comment.starts_with("-- projection") || comment.starts_with("-- Projection");
      auto name = std::string(text.substr(at + 13, text.find(' ', at + 13) - at - 13));
      if (!is_projection) continue;
      struct Statements {
        core::sql::Connection& db;
        core::sql::Statement columns{db, "select name from pragma_table_info(?1)"};
      };
      space.read([&](core::sql::Session& session) {
        auto row = session.use<Statements>().columns(name);
        while (row.next()) wanted.insert(name + "." + row.text(0));
        return 0;
      });
    }
  }
  CHECK(wanted.size() > 50);
  CHECK(compared == wanted);
}
