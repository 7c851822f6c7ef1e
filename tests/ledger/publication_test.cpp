#include "ledger/publication.h"

#include <doctest/doctest.h>

#include "ledger/checkpoint.h"
#include "ledger/proof.h"
#include "ledger/sample_ledger.h"
#include "ledger/witnessed.h"

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

namespace {

// What the witness made of what the log signed last.
ledger::Published cosigned_head(const ledger::Ledger& ledger) {
  ledger::NoteSigner witness("witness.example", core::SigningKey::from_seed(core::sha256("w")),
                             ledger::SignatureType::cosignature);
  auto head = ledger.signed_head();
  auto line = ledger::cosign(ledger::parse_note(*head.note)->text, witness, 1'732'240'000);
  return {.size = head.head.size, .note = *head.note + ledger::format_signature_line(line)};
}

}  // namespace

TEST_CASE("publication: under a policy nothing is shown before its quorum, and it stays shown") {
  SampleLedger sample;
  sample.append(1, 300);
  auto reader = core::sql::sqlite::open_reader(sample.path());
  core::sql::Session session(reader);
  REQUIRE(ledger::note_policy(sample.writer(), true));
  ledger::WitnessedPublication publication(session, sample.ledger());
  CHECK(publication.newest() == ledger::Published{});
  CHECK(!ledger::read_published(session));

  auto cosigned = cosigned_head(sample.ledger());
  REQUIRE(publication.publish(sample.writer(), cosigned));
  sample.append(300, 400);
  CHECK(publication.newest() == cosigned);
  CHECK(ledger::read_published(session) == cosigned);
  CHECK(ledger::WitnessedPublication(session, sample.ledger()).newest() == cosigned);

  auto larger = cosigned_head(sample.ledger());
  REQUIRE(publication.publish(sample.writer(), larger));
  REQUIRE(publication.publish(sample.writer(), cosigned));  // late, and left out
  CHECK(publication.newest() == larger);
  CHECK(ledger::read_published(session) == larger);

  REQUIRE(ledger::note_policy(sample.writer(), true));
  CHECK(ledger::read_published(session) == larger);
  REQUIRE(ledger::note_policy(sample.writer(), false));
  CHECK(ledger::WitnessedPublication(session, sample.ledger()).newest() == ledger::Published{});
}

TEST_CASE("publication: what was published and does not fit the ledger stops the server") {
  SampleLedger sample;
  sample.append(1, 300);
  auto reader = core::sql::sqlite::open_reader(sample.path());
  core::sql::Session session(reader);
  auto fits = [&](const ledger::Published& published) {
    REQUIRE(ledger::note_policy(sample.writer(), false));
    ledger::WitnessedPublication publication(session, sample.ledger());
    REQUIRE(publication.publish(sample.writer(), published));
    try {
      ledger::WitnessedPublication again(session, sample.ledger());
      return true;
    } catch (const core::Broken&) {
      return false;
    }
  };
  auto note_of = [](ledger::TreeHead head, std::string_view seed = "log") {
    return ledger::sign_checkpoint({test::sample_origin, head, {}}, test::sample_signer(seed));
  };
  auto good = cosigned_head(sample.ledger());
  auto head = sample.ledger().signed_head().head;
  CHECK(fits(good));
  CHECK_FALSE(fits({300, note_of({300, core::Hash{}})}));        // another root
  CHECK_FALSE(fits({301, note_of({301, head.root})}));           // more than there is
  CHECK_FALSE(fits({299, note_of(head)}));                       // the row says another size
  CHECK_FALSE(fits({300, note_of(head, "another log's key")}));  // not by this log
  CHECK_FALSE(fits({300, "no note"}));
}

TEST_CASE("publication: a receipt in the published tree proves the entry under its cosignatures") {
  SampleLedger sample;
  sample.append(1, 300);
  auto reader = core::sql::sqlite::open_reader(sample.path());
  core::sql::Session session(reader);
  auto published = cosigned_head(sample.ledger());
  sample.append(300, 320);
  for (std::uint64_t seq : {0U, 1U, 255U, 256U, 299U}) {
    auto receipt = sample.ledger().receipt_of(session, seq);
    auto file = ledger::published_receipt(session, receipt, published);
    auto verified = ledger::verify_receipt(file, test::sample_signer().verifier());
    REQUIRE(verified);
    CHECK(verified->index == seq);
    CHECK(verified->checkpoint.head.size == 300);
    CHECK(file.ends_with(published.note));
  }
}
