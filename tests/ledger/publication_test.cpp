#include "ledger/publication.h"

#include <doctest/doctest.h>

#include "ledger/checkpoint.h"
#include "ledger/sample_ledger.h"

using namespace tally;
using test::SampleLedger;

TEST_CASE("publication: without a policy, what was signed last is published") {
  SampleLedger sample;
  ledger::SignedPublication publication(sample.ledger());
  CHECK(publication.newest().size == 1);
  sample.append(1, 300);
  auto published = publication.newest();
  CHECK(published.size == 300);
  auto opened = ledger::open_checkpoint(published.note, test::sample_origin,
                                        test::sample_signer().verifier());
  REQUIRE(opened);
  CHECK(opened->head == sample.ledger().signed_head().head);
}

TEST_CASE("publication: a database says what was stored, and nothing before that") {
  auto empty = core::sql::sqlite::open_temporary();
  core::sql::migrate(empty, ledger::schema_files());
  core::sql::Session nothing(empty);
  CHECK(!ledger::read_published(nothing));

  SampleLedger sample;
  ledger::SignedPublication publication(sample.ledger());
  sample.append(1, 300);
  auto published = publication.newest();
  sample.close();
  auto reader = core::sql::sqlite::open_reader(sample.path());
  core::sql::Session session(reader);
  CHECK(ledger::read_published(session) == published);
}
