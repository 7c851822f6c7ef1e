#include "labeling/projects/policy.h"

#include <cmath>
#include <numeric>
#include <vector>

#include <doctest/doctest.h>
#include <rapidcheck.h>

using namespace tally;
using namespace tally::labeling;

namespace {

using Scores = std::vector<std::int64_t>;

// Scores of 2 to 40 classes that sum to exactly 1,000,000.
Scores arbitrary_scores() {
  auto size = *rc::gen::inRange<std::size_t>(2, 41);
  auto weights = *rc::gen::container<std::vector<std::int64_t>>(
      size, rc::gen::oneOf(rc::gen::just<std::int64_t>(0), rc::gen::inRange<std::int64_t>(0, 9),
                           rc::gen::inRange<std::int64_t>(0, 100'000)));
  auto sum = std::accumulate(weights.begin(), weights.end(), std::int64_t{0});
  if (sum == 0) {
    weights.back() = ppm_one;
    return weights;
  }
  for (auto& weight : weights) weight = weight * ppm_one / sum;
  weights.front() += ppm_one - std::accumulate(weights.begin(), weights.end(), std::int64_t{0});
  return weights;
}

double real_entropy(const Scores& scores) {
  double sum = 0;
  double entropy = 0;
  for (auto score : scores) sum += static_cast<double>(score);
  for (auto score : scores) {
    if (score == 0) continue;
    double p = static_cast<double>(score) / sum;
    entropy -= p * std::log(p);
  }
  return entropy / std::log(static_cast<double>(scores.size())) * 1e6;
}

}  // namespace

TEST_CASE("policy: the band of the highest score decides the route, its lower border included") {
  Policy policy;
  struct Row {
    std::int64_t top;
    Route route;
  };
  for (auto row :
       {Row{990'000, Route::accept}, Row{1'000'000, Route::accept}, Row{989'999, Route::human},
        Row{500'000, Route::human}, Row{499'999, Route::hold}, Row{333'334, Route::hold}}) {
    Scores scores{(ppm_one - row.top) / 2, row.top, ppm_one - row.top - (ppm_one - row.top) / 2};
    CAPTURE(row.top);
    auto routing = route_prediction(policy, scores);
    CHECK(routing.route == row.route);
    CHECK(routing.predicted == 1);
    CHECK(routing.top_ppm == row.top);
  }
}

TEST_CASE("policy: of equal scores the first class is the predicted one") {
  CHECK(route_prediction({}, Scores{200'000, 400'000, 400'000}).predicted == 1);
  CHECK(route_prediction({}, Scores{500'000, 500'000}).predicted == 0);
}

TEST_CASE("policy: the priorities are the textbook formulas") {
  Scores scores{100'000, 700'000, 200'000};
  CHECK(priority_ppm(Priority::least_confidence, scores) == 300'000);
  CHECK(priority_ppm(Priority::margin, scores) == 500'000);
  CHECK(priority_ppm(Priority::entropy, scores) == 729'846);  // 729,846.7 rounded down
}

TEST_CASE("policy: certainty is worth nothing and even scores are worth all, by each formula") {
  for (auto priority : {Priority::least_confidence, Priority::margin, Priority::entropy}) {
    CHECK(priority_ppm(priority, Scores{0, 0, ppm_one, 0}) == 0);
  }
  Scores even{250'000, 250'000, 250'000, 250'000};
  CHECK(priority_ppm(Priority::least_confidence, even) == 750'000);
  CHECK(priority_ppm(Priority::margin, even) == ppm_one);
  CHECK(priority_ppm(Priority::entropy, even) == ppm_one);
}

TEST_CASE("policy: entropy in integers is within two millionths of entropy in reals") {
  CHECK(rc::check("entropy", [] {
    auto scores = arbitrary_scores();
    auto ppm = priority_ppm(Priority::entropy, scores);
    RC_ASSERT(ppm >= 0 && ppm <= ppm_one);
    RC_ASSERT(std::abs(static_cast<double>(ppm) - real_entropy(scores)) <= 2.0);
  }));
}

TEST_CASE("policy: sums that miss a million by the slack keep every priority in range") {
  for (std::int64_t slack : {-10, 10}) {
    Scores scores{500'000 + slack, 500'000};
    for (auto priority : {Priority::least_confidence, Priority::margin, Priority::entropy}) {
      auto ppm = priority_ppm(priority, scores);
      CHECK(ppm >= 0);
      CHECK(ppm <= ppm_one);
    }
  }
}

TEST_CASE("policy: what contradicts itself is refused at its place") {
  Policy policy;
  CHECK(validate(policy, "/policy"));
  policy.agree = 2;
  auto refused = validate(policy, "/policy");
  REQUIRE(!refused);
  CHECK(refused.error().code == "request.invalid");
  CHECK(refused.error().details.at(0).pointer == "/policy/agree");
  policy = {};
  policy.accept_from_ppm = 400'000;
  CHECK(validate(policy, "/policy").error().details.at(0).pointer == "/policy/hold_below_ppm");
}
