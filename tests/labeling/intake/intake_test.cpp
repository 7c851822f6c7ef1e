#include "labeling/intake/intake.h"

#include <algorithm>
#include <set>
#include <utility>

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include "core/hash.h"
#include "labeling/items/items.h"
#include "support/labeling/temp_project.h"

using namespace tally;
using namespace tally::labeling;
using test::code_of;
using test::TempProject;

namespace {

std::string item_name(std::size_t i) {
  auto digits = std::to_string(i);
  return "item-" + std::string(5 - digits.size(), '0') + digits;
}

// Line i has a highest score that spreads the items over all routes.
std::string line_of(std::size_t i) {
  auto top = static_cast<std::int64_t>(400'000 + i * 7'919 % 600'001);
  auto rest = ppm_one - top;
  std::vector<std::int64_t> scores{rest / 2, rest - rest / 2};
  scores.insert(scores.begin() + static_cast<std::ptrdiff_t>(i % 3), top);
  return "{\"item\":\"" + item_name(i) + "\",\"scores_ppm\":[" + std::to_string(scores[0]) + "," +
         std::to_string(scores[1]) + "," + std::to_string(scores[2]) + "]}\n";
}

std::string lines_of(std::size_t from, std::size_t to) {
  std::string lines;
  for (std::size_t i = from; i < to; ++i) lines += line_of(i);
  return lines;
}

ImportAnswer expected_of(std::size_t count) {
  ImportAnswer answer;
  for (std::size_t i = 0; i < count; ++i) {
    auto top = static_cast<std::int64_t>(400'000 + i * 7'919 % 600'001);
    ++answer.imported;
    ++(top >= 990'000 ? answer.accepted : top < 500'000 ? answer.held : answer.human);
  }
  answer.chunks = static_cast<std::int64_t>((count + 499) / 500);
  return answer;
}

ImportAnswer answer_of(const core::Result<space::Change>& change) {
  REQUIRE_MESSAGE(change, code_of(change));
  auto answer = core::decode<ImportAnswer>(*core::parse_json(change->body));
  REQUIRE(answer);
  CHECK(std::cmp_equal(answer->entries.size(), answer->chunks));
  CHECK(std::is_sorted(answer->entries.begin(), answer->entries.end()));
  CHECK(answer->entries.back() == change->receipt->seq);
  answer->entries.clear();  // where they stand in the ledger, nobody knows before
  return *answer;
}

void run_sql(TempProject& project, core::sql::Sql script) {
  REQUIRE(project.space.write([&](core::sql::Tx& tx) -> core::Result<core::Done> {
    tx.connection().run(script);
    return core::Done{};
  }));
}

std::string tables_digest(TempProject& project) {
  auto counts = project.counts();
  return core::canonical(counts) + std::to_string(project.space.ledger_size());
}

}  // namespace

TEST_CASE("intake: 5,000 lines are routed, counted and recorded in chunks of 500") {
  TempProject project;
  auto first = project.space.ledger_size();
  auto answer = answer_of(project.import(lines_of(0, 5'000)));
  auto expected = expected_of(5'000);
  CHECK(answer == expected);
  CHECK(answer.accepted > 0);
  CHECK(answer.held > 0);
  CHECK(project.space.kinds(first) == std::vector<std::string>(10, "predictions.imported/1"));
  auto counts = project.counts();
  CHECK(counts.accepted == expected.accepted);
  CHECK(counts.human == expected.human);
  CHECK(counts.held == expected.held);
  CHECK(counts.open == expected.human);
}

TEST_CASE("intake: the queue gives the imported items in the order of their uncertainty") {
  TempProject project;
  answer_of(project.import(lines_of(0, 1'200)));
  std::vector<std::pair<std::int64_t, std::size_t>> expected;
  for (std::size_t i = 0; i < 1'200; ++i) {
    auto top = static_cast<std::int64_t>(400'000 + i * 7'919 % 600'001);
    if (top >= 500'000 && top < 990'000) expected.emplace_back(top, i);
  }
  std::sort(expected.begin(), expected.end());
  auto ann = project.person();
  std::size_t next = 0;
  for (auto leases = project.lease(ann, 100); !leases.empty(); leases = project.lease(ann, 100)) {
    for (const auto& lease : leases) {
      REQUIRE(next < expected.size());
      REQUIRE(lease.item == item_name(expected[next++].second));
    }
  }
  CHECK(next == expected.size());
}

TEST_CASE(
    "intake: every line proves against the root in its chunk's entry, and no other line does") {
  TempProject project;
  answer_of(project.import(lines_of(0, 1'100)));
  Items items(project.journal());
  std::set<std::int64_t> sizes;
  for (std::size_t i = 0; i < 1'100; i += i % 500 < 20 ? 1U : 13U) {
    auto proof = items.prove(project.lead, project.project, item_name(i));
    REQUIRE(proof);
    const auto& line = proof->prediction;
    sizes.insert(static_cast<std::int64_t>(line.size));
    auto entry = project.space.entry(line.seq);
    auto root = core::Hash::from_hex(entry.find("body")->find("root")->as_string());
    ledger::InclusionProof path{line.index, line.size, line.path};
    REQUIRE(ledger::verifies(path, ledger::hash_leaf(line.line), *root));
    REQUIRE_FALSE(ledger::verifies(path, ledger::hash_leaf(line.line + " "), *root));
    auto json = core::parse_json(line.line);
    REQUIRE(json->find("item")->as_string() == item_name(i));
    REQUIRE(line.receipt.find("c2sp.org/tlog-proof@v1") == 0);
  }
  CHECK(sizes == std::set<std::int64_t>{100, 500});
}

TEST_CASE("intake: after a crash between chunks the same key goes on and answers the same") {
  TempProject project;
  auto lines = lines_of(0, 5'000);
  run_sql(project, R"(
    create trigger crash before insert on line_chunk when new.chunk = 4
    begin
      select raise(abort, 'the power went');
    end
  )");
  CHECK_THROWS(static_cast<void>(project.import(lines, "once")));
  CHECK(project.counts().accepted + project.counts().human + project.counts().held == 1'500);
  run_sql(project, "drop trigger crash");
  project.space.reopen();
  Intake after(project.journal());
  auto again = [&] {
    return after.import(project.lead, {.project = project.project,
                                       .key = "once",
                                       .model = {},
                                       .body = [&](const PieceSink& sink) {
                                         sink(lines);
                                         return core::Result<core::Done>(core::Done{});
                                       }});
  };
  auto resumed = again();
  CHECK(answer_of(resumed) == expected_of(5'000));
  CHECK(resumed->repeated == false);
  auto size = project.space.ledger_size();
  auto repeated = again();
  CHECK(answer_of(repeated) == expected_of(5'000));
  CHECK(repeated->repeated);
  CHECK(repeated->receipt->file() == resumed->receipt->file());
  CHECK(project.space.ledger_size() == size);
}

TEST_CASE("intake: a bad line at any place leaves nothing changed") {
  TempProject project;
  auto before = tables_digest(project);
  for (std::size_t bad : {std::size_t{0}, std::size_t{1}, std::size_t{499}, std::size_t{500},
                          std::size_t{1'203}, std::size_t{1'999}}) {
    std::string lines =
        lines_of(0, bad) + "{\"item\":\"x\",\"scores_ppm\":[1,2,3]}\n" + lines_of(bad + 1, 2'000);
    auto refused = project.import(lines);
    REQUIRE(!refused);
    CHECK(refused.error().code == "prediction.invalid");
    CHECK(refused.error().details.at(0).pointer == "/" + std::to_string(bad + 1) + "/scores_ppm");
    CHECK(tables_digest(project) == before);
  }
  CHECK(answer_of(project.import(lines_of(0, 2'000))) == expected_of(2'000));
}

TEST_CASE("intake: an item that stands twice, in the file or in the project, is refused") {
  TempProject project;
  auto twice = project.import(lines_of(0, 700) + line_of(3));
  REQUIRE(!twice);
  CHECK(twice.error().details.at(0).pointer == "/701/item");
  answer_of(project.import(lines_of(0, 700), "first"));
  auto before = tables_digest(project);
  auto again = project.import(lines_of(700, 1'400) + line_of(3), "second");
  REQUIRE(!again);
  CHECK(again.error().details.at(0).pointer == "/701/item");
  CHECK(tables_digest(project) == before);
  answer_of(project.import(lines_of(700, 1'400), "second"));
}

TEST_CASE("intake: a key serves one file") {
  TempProject project;
  answer_of(project.import(lines_of(0, 3), "key"));
  CHECK(code_of(project.import(lines_of(3, 6), "key")) == "idempotency_key.reused");
}

TEST_CASE("intake: odd files are told apart") {
  TempProject project;
  CHECK(code_of(project.import("")) == "import.empty");
  CHECK(code_of(project.import("\n")) == "prediction.malformed");
  CHECK(code_of(project.import(line_of(0) + "\n" + line_of(1))) == "prediction.malformed");
  auto long_line = project.import(line_of(0) + std::string(20'000, ' ') + "\n");
  CHECK(code_of(long_line) == "prediction.invalid");
  CHECK(long_line.error().details.at(0).pointer == "/2");
  auto no_newline = lines_of(0, 2);
  no_newline.pop_back();
  CHECK(answer_of(project.import(no_newline)).imported == 2);
}

TEST_CASE("intake: a body that breaks off changes nothing") {
  TempProject project;
  auto before = tables_digest(project);
  auto refused = project.intake().import(
      project.lead,
      {.project = project.project, .key = "k", .model = {}, .body = [](const PieceSink& sink) {
         sink(lines_of(0, 600));
         return core::Result<core::Done>(
             core::Error{core::Refusal::malformed, "request.body_broken", "it ended early"});
       }});
  CHECK(code_of(refused) == "request.body_broken");
  CHECK(tables_digest(project) == before);
}

TEST_CASE("intake: a model's name enters the ledger as a commitment alone") {
  TempProject project;
  auto lines = lines_of(0, 2);
  auto change =
      project.intake().import(project.lead, {.project = project.project,
                                             .key = "k",
                                             .model = "resnet-of-ann",
                                             .body = [&](const PieceSink& sink) {
                                               sink(lines);
                                               return core::Result<core::Done>(core::Done{});
                                             }});
  REQUIRE(change);
  auto entry = project.space.last_entry();
  CHECK(entry.find("body")->find("model")->as_string().size() == 64);
  CHECK(core::canonical(entry).find("resnet") == std::string::npos);
}

TEST_CASE("intake: lines cut into pieces of any size are the same lines") {
  CHECK(rc::check("pieces", [] {
    auto text = *rc::gen::container<std::string>(rc::gen::element('a', 'b', '\n'));
    std::vector<std::string> expected;
    std::size_t from = 0;
    for (auto end = text.find('\n'); end != std::string::npos; end = text.find('\n', from)) {
      expected.push_back(text.substr(from, end - from));
      from = end + 1;
    }
    if (from < text.size()) expected.push_back(text.substr(from));
    std::vector<std::string> lines;
    LineCutter cutter(1'000, [&](std::string_view line) {
      lines.emplace_back(line);
      return true;
    });
    for (std::size_t at = 0; at < text.size();) {
      auto size = *rc::gen::inRange<std::size_t>(1, 9);
      RC_ASSERT(cutter.feed(std::string_view(text).substr(at, size)));
      at += size;
    }
    RC_ASSERT(cutter.finish());
    RC_ASSERT(lines == expected);
  }));
}

TEST_CASE("check: accepted items go to people once, and each of their lines is proved") {
  TempProject project;
  answer_of(project.import(lines_of(0, 1'000)));
  Items items(project.journal());
  std::vector<std::string> accepted;
  std::string human;
  for (std::size_t i = 0; i < 1'000; ++i) {
    auto item = items.show(project.lead, project.project, item_name(i));
    REQUIRE(item);
    if (item->route == Route::accept) accepted.push_back(item->item);
    if (item->route == Route::human) human = item->item;
  }
  REQUIRE(accepted.size() >= 3);
  accepted.resize(3);
  auto check = [&](std::vector<std::string> names, const std::string& key) {
    return project.intake().send_to_check(project.lead, project.once(key), project.project,
                                          {.items = std::move(names), .seats = 5, .agree = 3});
  };
  auto refused = check({accepted[0], human, "nothing", accepted[0]}, "bad");
  REQUIRE(!refused);
  REQUIRE(refused.error().details.size() == 3);
  CHECK(refused.error().details[0].pointer == "/items/1");
  CHECK(refused.error().details[2].pointer == "/items/3");
  auto open = project.counts().open;
  auto done = check(accepted, "good");
  REQUIRE(done);
  CHECK(done->body == R"({"checks":3})");
  CHECK(project.counts().checks == 3);
  CHECK(project.counts().open == open + 3);
  CHECK(check({accepted[1]}, "again").error().details.at(0).pointer == "/items/0");
  for (const auto& name : accepted) {
    auto proof = items.prove(project.lead, project.project, name);
    REQUIRE(proof);
    REQUIRE(proof->check);
    auto entry = project.space.entry(proof->check->seq);
    CHECK(entry.find("kind")->as_string() == "items.sent_to_check/1");
    auto root = core::Hash::from_hex(entry.find("body")->find("root")->as_string());
    CHECK(ledger::verifies(
        ledger::InclusionProof{proof->check->index, proof->check->size, proof->check->path},
        ledger::hash_leaf(proof->check->line), *root));
  }
}
