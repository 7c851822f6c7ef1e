#include "labeling/answers/consensus.h"

#include <algorithm>
#include <map>
#include <vector>

#include <doctest/doctest.h>
#include <rapidcheck.h>

using tally::labeling::find_consensus;

namespace {

using Answers = std::vector<std::string>;

const std::string none = "[]";
const std::string cat = R"(["cat"])";
const std::string dog = R"(["dog"])";
const std::string both = R"(["cat","dog"])";

}  // namespace

TEST_CASE("consensus: what the answers of a panel decide, row by row") {
  struct Row {
    Answers answers;
    std::int64_t agree;
    std::optional<std::string> decided;
  };
  const std::vector<Row> rows{
      {{cat}, 1, cat},
      {{none}, 1, none},  // none fits is an answer like any other
      {{cat, cat, cat, dog, dog}, 3, cat},
      {{dog, cat, dog, cat, cat}, 3, cat},
      {{cat, cat, dog, dog, both}, 3, {}},
      {{both, both, both, cat, cat}, 3, both},
      {{both, both, cat, cat, cat}, 3, cat},  // {cat, dog} does not count for {cat}
      {{both, both, cat, cat, none}, 3, {}},
      {{none, none, none, cat, cat}, 3, none},
      {{cat, cat, cat, cat, cat}, 5, cat},
      {{cat, cat, cat, cat, dog}, 5, {}},
      {{cat, cat, dog, dog}, 2, {}},  // both reach the number, so neither decides
      {{cat, cat, cat, dog, dog}, 2, cat},
      {{cat, cat, dog, none, both}, 2, cat},
      {{cat, dog}, 1, {}},
  };
  for (const auto& row : rows) {
    CAPTURE(row.answers.size());
    CAPTURE(row.agree);
    CHECK(find_consensus(row.answers, row.agree) == row.decided);
  }
}

TEST_CASE("consensus: the order of the answers does not change what is decided") {
  CHECK(rc::check("order", [] {
    auto answers = *rc::gen::container<Answers>(rc::gen::element(none, cat, dog, both));
    auto agree = *rc::gen::inRange<std::int64_t>(1, 6);
    auto decided = find_consensus(answers, agree);
    std::sort(answers.begin(), answers.end());
    RC_ASSERT(find_consensus(answers, agree) == decided);
    std::reverse(answers.begin(), answers.end());
    RC_ASSERT(find_consensus(answers, agree) == decided);
    if (!decided) return;
    RC_ASSERT(std::count(answers.begin(), answers.end(), *decided) >= agree);
  }));
}
