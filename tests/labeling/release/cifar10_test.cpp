// The example's data through the labeling floor, by the rules of examples/cifar10/rules.md: the
// figures and the bytes of the release must be those that figures.py computes from the files alone.
#include <algorithm>
#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "core/hash.h"
#include "labeling/items/items.h"
#include "labeling/release/release_content.h"
#include "support/labeling/temp_project.h"

using namespace tally;
using namespace tally::labeling;
using test::TempProject;

namespace {

using Labels = std::vector<std::string>;

std::string example(const std::string& name) {
  auto command = "gzip -dc '" TALLY_SOURCE_DIR "/examples/cifar10/" + name + ".ndjson.gz'";
  std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(command.c_str(), "r"), pclose);
  REQUIRE(pipe);
  std::string text;
  char buffer[1 << 16];
  while (auto size = std::fread(buffer, 1, sizeof buffer, pipe.get())) text.append(buffer, size);
  return text;
}

std::vector<core::Json> records(const std::string& text) {
  std::vector<core::Json> all;
  std::size_t from = 0;
  for (auto end = text.find('\n'); end != std::string::npos; end = text.find('\n', from)) {
    all.push_back(*core::parse_json(std::string_view(text).substr(from, end - from)));
    from = end + 1;
  }
  return all;
}

const Labels classes{"airplane", "automobile", "bird",  "cat",  "deer",
                     "dog",      "frog",       "horse", "ship", "truck"};

struct Example {
  std::string predictions;  // with seats for the items that have votes
  std::map<std::string, std::string> published;
  std::map<std::string, std::string> predicted;
  std::map<std::string, std::vector<Labels>> votes;  // seat by seat
};

std::vector<Labels> deal(const core::Json& line) {
  auto item = line.find("item")->as_string();
  auto published = line.find("published")->as_string();
  auto predicted = line.find("predicted")->as_string();
  const std::vector<std::pair<std::string, Labels>> kinds{{"given", {published}},
                                                          {"guessed", {predicted}},
                                                          {"both", {published, predicted}},
                                                          {"neither", {}}};
  std::vector<std::pair<core::Hash, Labels>> dealt;
  for (const auto& [kind, labels] : kinds) {
    for (auto n = line.find("votes")->find(kind)->as_integer(); n > 0; --n) {
      auto key = core::sha256("tallystick/cifar10/v1/" + item + "/" + std::to_string(dealt.size()));
      dealt.emplace_back(key, labels);
    }
  }
  std::sort(dealt.begin(), dealt.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<Labels> votes;
  for (auto& [key, labels] : dealt) votes.push_back(labels);
  return votes;
}

Example read_example() {
  Example example_data;
  for (const auto& line : records(example("published")))
    example_data.published[line.find("item")->as_string()] = line.find("label")->as_string();
  for (const auto& line : records(example("votes")))
    example_data.votes[line.find("item")->as_string()] = deal(line);
  for (auto line : records(example("predictions"))) {
    auto item = line.find("item")->as_string();
    const auto& scores = line.find("scores_ppm")->as_array();
    std::size_t best = 0;
    for (std::size_t i = 1; i < scores.size(); ++i)
      if (scores[i].as_integer() > scores[best].as_integer()) best = i;
    example_data.predicted[item] = classes[best];
    if (example_data.votes.contains(item)) {
      line.add("seats", 5);
      line.add("agree", 3);
    }
    example_data.predictions += core::canonical(line) + "\n";
  }
  return example_data;
}

// Five people answer until nothing waits for any of them.
void replay(TempProject& project, const Example& data) {
  std::vector<space::Principal> people;
  for (int i = 0; i < 5; ++i) people.push_back(project.person());
  for (std::size_t idle = 0, turn = 0; idle < people.size(); ++turn) {
    const auto& who = people[turn % people.size()];
    auto leases = project.lease(who, 100);
    idle = leases.empty() ? idle + 1 : 0;
    if (leases.empty()) continue;
    std::vector<TaskAnswer> answers;
    for (const auto& lease : leases) {
      auto votes = data.votes.find(lease.item);
      auto labels = votes == data.votes.end()
                        ? Labels{data.published.at(lease.item)}
                        : votes->second.at(static_cast<std::size_t>(lease.seat - 1));
      answers.push_back({lease.task, lease.token.text(), labels});
    }
    REQUIRE(project.answers().record_all(who, project.once("turn " + std::to_string(turn)),
                                         project.project, answers));
  }
}

}  // namespace

TEST_CASE("cifar-10: the example is routed, answered and released as its figures say") {
  auto data = read_example();
  TempProject project({}, classes);
  auto imported = project.import(data.predictions);
  REQUIRE(imported);
  auto figures = core::decode<ImportAnswer>(*core::parse_json(imported->body));
  REQUIRE(figures);
  CHECK(figures->entries.size() == 20);
  figures->entries.clear();
  CHECK(core::canonical(*figures) ==
        R"({"accepted":7659,"chunks":20,"entries":[],"held":92,"human":2249,"imported":10000})");

  Items items(project.journal());
  std::vector<std::string> disputed;
  for (const auto& [item, predicted] : data.predicted) {
    auto view = items.show(project.lead, project.project, item);
    REQUIRE(view);
    if (view->route == Route::accept && predicted != data.published[item]) disputed.push_back(item);
  }
  CHECK(disputed.size() == 71);
  REQUIRE(project.intake().send_to_check(project.lead, project.once("check"), project.project,
                                         {.items = disputed, .seats = 5, .agree = 3}));
  replay(project, data);

  auto counts = project.counts();
  CHECK(counts.accepted == 7'659);
  CHECK(counts.human == 2'249);
  CHECK(counts.held == 92);
  CHECK(counts.checks == 71);
  CHECK(counts.answers == 3'420);
  CHECK(counts.in_doubt == 32);
  CHECK(counts.decided == 2'249 + 71 - 32);
  CHECK(counts.open == 0);

  ReleaseContent release;
  release.fill(project.journal(), project.project, ClassList(classes));
  CHECK(release.records() == 9'872);
  CHECK(release.bytes() == 653'895);
  CHECK(core::to_hex(release.digest()) ==
        "750b00951953972c6636fdae65cd38d0a06b0e226259248a28c95ff42ee426c9");
  core::Sha256Stream again;
  release.read([&](std::string_view piece) {
    again.update(piece);
    return true;
  });
  CHECK(again.finish() == release.digest());
}

TEST_CASE("cifar-10: the export holds every item once, in order") {
  auto data = read_example();
  TempProject project({}, classes);
  REQUIRE(project.import(data.predictions));
  Items items(project.journal());
  auto pages = items.export_lines(project.person_of(project.provider), project.project);
  REQUIRE(pages);
  std::vector<std::string> names;
  for (std::string lines; (*pages)(lines); lines.clear()) {
    for (const auto& line : records(lines)) names.push_back(line.find("item")->as_string());
  }
  CHECK(names.size() == 10'000);
  CHECK(std::is_sorted(names.begin(), names.end()));
  CHECK(std::adjacent_find(names.begin(), names.end()) == names.end());
  CHECK_FALSE(items.export_lines(project.person_of(space::PartyId()), project.project));
}
