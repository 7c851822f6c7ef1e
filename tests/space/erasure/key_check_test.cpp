#include "space/erasure/key_check.h"

#include <algorithm>
#include <vector>

#include <doctest/doctest.h>

#include "core/sql/sqlite/sqlite.h"
#include "space/erasure/erasures.h"
#include "space/uses/market.h"

using namespace tally;
using namespace tally::space;
using test::code_of;

namespace {

using Subjects = std::vector<std::string>;

Subjects missing_in(test::TempSpace& space) {
  Subjects subjects;
  space.read([&](core::sql::Session& session) {
    find_missing_keys(session, space.journal().shred_keys, space.content(),
                      [&](const std::string& subject) { subjects.push_back(subject); });
    return core::Done{};
  });
  std::ranges::sort(subjects);
  return subjects;
}

// As if a copy from before had been put in place.
void lose_key(test::TempSpace& space, const std::string& subject) {
  auto store = core::sql::sqlite::open_key_store(space.key_store());
  struct Statements {
    core::sql::Connection& db;
    core::sql::Statement lose{db, "delete from subject_key where subject = ?1"};
  } sql{store};
  REQUIRE(sql.lose(subject).run() == 1);
}

}  // namespace

TEST_CASE("key check: nothing is missing while the key store is the database's") {
  test::TempSpace space;
  auto hospital = space.join("Hospital", {Role::provider});
  space.publish(hospital, "{\"n\":0}\n");
  CHECK(missing_in(space).empty());
  space.reopen();
  CHECK(missing_in(space).empty());
}

TEST_CASE("key check: each key that the store lost is named, and no other") {
  test::TempSpace space;
  auto hospital = space.join("Hospital", {Role::provider});
  space.join("Lab", {Role::consumer});
  auto published = space.publish(hospital, "{\"n\":0}\n");
  Subjects lost{actor_subject(hospital.principal.actor), content_subject(published.dataset, 1),
                party_subject(hospital.party)};
  for (const auto& subject : lost) lose_key(space, subject);
  space.reopen();
  CHECK(missing_in(space) == lost);
  // Given up, they are shredded and no longer missing.
  for (const auto& subject : lost) space.journal().shred_keys.shred(subject);
  CHECK(missing_in(space).empty());
  auto page = space.read([&](core::sql::Session& session) {
    return space.content().open_page(session, published.dataset, 1, 0, 1);
  });
  CHECK(code_of(page) == "dataset.version_erased");
}

TEST_CASE("key check: a key that came back after its erasure is shredded again") {
  test::Market market;
  auto& space = market.space;
  Erasures erasures(space.journal(), space.content(), market.contracts, space.authenticator());
  auto subject = content_subject(market.dataset, 1);
  REQUIRE(erasures.erase_version(market.provider.principal, market.dataset, 1, "e"));
  CHECK(erasures.shred_returned() == 0);
  lose_key(space, subject);
  space.journal().shred_keys.draw(subject);
  CHECK(erasures.shred_returned() == 1);
  CHECK(space.journal().shred_keys.is_shredded(subject));
  CHECK(erasures.missing_keys(false).count == 0);
}
