// The pages in schemas/entries: each example is an entry that the code of its kind reads and would
// write again, and each member of it is explained.
#include <fstream>
#include <iterator>
#include <string>
#include <tuple>

#include <doctest/doctest.h>

#include "core/json.h"
#include "core/mapping.h"
#include "labeling/answers/answer.h"
#include "labeling/intake/intake.h"
#include "labeling/projects/project.h"

using namespace tally;
using namespace tally::labeling;

namespace {

std::string page_of(std::string_view kind) {
  std::string name(kind.substr(0, kind.find('/')));
  std::ifstream file(std::string(TALLY_SOURCE_DIR) + "/schemas/entries/" + name + ".md");
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
  CHECK(Event::fields.apply([&](const auto&... field) { return (explains(field.name) && ...); }));
}

}  // namespace

TEST_CASE("entries: each kind of labeling has a page that is true") {
  check_page<ProjectOpened>();
  check_page<PredictionsImported>();
  check_page<ItemsSentToCheck>();
  check_page<LabelRecorded>();
}
