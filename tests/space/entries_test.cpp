// The pages in schemas/entries: each example is an entry that the code of its kind reads and would
// write again, and each member of it is explained.

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include <doctest/doctest.h>

#include "core/hash.h"
#include "core/json.h"
#include "core/mapping.h"
#include "ledger/log_keys.h"
#include "space/clock.h"
#include "space/continuation/confirmation.h"
#include "space/continuation/continuation.h"
#include "space/datasets/dataset.h"
#include "space/erasure/erasure.h"
#include "space/opening.h"
#include "space/parties/actor.h"
#include "space/parties/party.h"
#include "space/parties/party_key.h"

using namespace tally;
using namespace tally::space;

namespace {

std::string page_of(std::string_view kind) {
  std::string name(kind.substr(0, kind.find('/')));
  std::ifstream file(std::filesystem::path(TALLY_SOURCE_DIR) / "schemas/entries" / (name + ".md"));
  REQUIRE_MESSAGE(file.good(), "a page for " << name);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::string example_of(const std::string& page) {
  const std::string open = "```json\n";
  auto begin = page.find(open);
  REQUIRE(begin != std::string::npos);
  begin += open.size();
  return page.substr(begin, page.find("\n```", begin) - begin);
}

template <class Event>
void check_page() {
  CAPTURE(Event::kind);
  auto page = page_of(Event::kind);
  CHECK(page.starts_with("# `" + std::string(Event::kind) + "`\n"));
  auto example = example_of(page);
  CHECK(core::is_canonical(example));
  auto entry = core::parse_json(example);
  REQUIRE(entry);
  CHECK(entry->find("kind")->as_string() == Event::kind);
  auto event = core::decode<Event>(*entry->find("body"));
  REQUIRE(event);
  CHECK(core::canonical(*event) == core::canonical(*entry->find("body")));
  auto explains = [&](std::string_view member) {
    return page.find("\n| `" + std::string(member) + "` |") != std::string::npos;
  };
  bool explains_all =
      Event::fields.apply([&](const auto&... field) { return (explains(field.name) && ...); });
  CHECK(explains_all);
}

}  // namespace

TEST_CASE("entries: each kind of the space has a page that is true") {
  check_page<LedgerOpened>();
  check_page<ClockAcknowledged>();
  check_page<PartyRegistered>();
  check_page<PartyApproved>();
  check_page<ledger::LogKeyAdded>();
  check_page<ledger::LogKeyRetired>();
  check_page<PartyKeyAdded>();
  check_page<PartyKeyRetired>();
  check_page<ActorAdded>();
  check_page<ActorRevoked>();
  check_page<DatasetRegistered>();
  check_page<VersionRegistered>();
  check_page<VersionPublished>();
  check_page<VersionErased>();
  check_page<PartyErased>();
  check_page<ActorErased>();
  check_page<ContractDocumentErased>();
  check_page<ContractConfirmed>();
  check_page<LedgerReopened>();
  check_page<LedgerContinued>();
  check_page<EntryRecovered>();
}

TEST_CASE("entries: the signatures in the examples about keys are those that the pages describe") {
  auto body_of = [](std::string_view kind) {
    return *core::parse_json(example_of(page_of(kind)))->find("body");
  };
  auto log = *core::decode<ledger::LogKeyAdded>(body_of(ledger::LogKeyAdded::kind));
  CHECK(ledger::check_addition("space.example/log", log));
  auto added = *core::decode<PartyKeyAdded>(body_of(PartyKeyAdded::kind));
  auto retired = *core::decode<PartyKeyRetired>(body_of(PartyKeyRetired::kind));
  auto first = core::SigningKey::from_seed(core::sha256("first key"));
  CHECK(check_addition("space.example/log", added, first.public_key()));
  CHECK(check_retirement("space.example/log", retired, added.public_key));
}
