#include "labeling/intake/prediction.h"

#include <vector>

#include <doctest/doctest.h>

using namespace tally;
using namespace tally::labeling;

namespace {

core::Result<Prediction> read(std::string_view text) {
  return read_prediction(text, 7, Policy{}, 3);
}

}  // namespace

TEST_CASE("prediction: a line gives its item, its scores and its own panel") {
  auto line = read(R"({"item":"a/b","scores_ppm":[1,2,999997],"seats":5,"agree":3})");
  REQUIRE(line);
  CHECK(line->item == "a/b");
  CHECK(line->scores_ppm == std::vector<std::int64_t>{1, 2, 999'997});
  CHECK(line->panel(Policy{}) == Panel{5, 3});
  CHECK(read(R"({"item":"a","scores_ppm":[0,0,1000000]})")->panel(Policy{}) == Panel{1, 1});
}

TEST_CASE("prediction: what is wrong in a line is told with its number and its member") {
  struct Row {
    std::string text;
    std::string code;
    std::string pointer;
  };
  const std::vector<Row> rows{
      {"", "prediction.malformed", "/7"},
      {"{", "prediction.malformed", "/7"},
      {R"({"item":"a","item":"b","scores_ppm":[0,0,1000000]})", "prediction.malformed", "/7/item"},
      {R"([1])", "prediction.invalid", "/7"},
      {R"({"scores_ppm":[0,0,1000000]})", "prediction.invalid", "/7/item"},
      {R"({"item":"","scores_ppm":[0,0,1000000]})", "prediction.invalid", "/7/item"},
      {R"({"item":"a\nb","scores_ppm":[0,0,1000000]})", "prediction.invalid", "/7/item"},
      {"{\"item\":\"" + std::string(129, 'x') + R"(","scores_ppm":[0,0,1000000]})",
       "prediction.invalid", "/7/item"},
      {R"({"item":"a"})", "prediction.invalid", "/7/scores_ppm"},
      {R"({"item":"a","scores_ppm":[0,1000000]})", "prediction.invalid", "/7/scores_ppm"},
      {R"({"item":"a","scores_ppm":[0,0,0,1000000]})", "prediction.invalid", "/7/scores_ppm"},
      {R"({"item":"a","scores_ppm":[0,0,999989]})", "prediction.invalid", "/7/scores_ppm"},
      {R"({"item":"a","scores_ppm":[11,0,1000000]})", "prediction.invalid", "/7/scores_ppm"},
      {R"({"item":"a","scores_ppm":[-1,1,1000000]})", "prediction.invalid", "/7/scores_ppm/0"},
      {R"({"item":"a","scores_ppm":[0,0,1000001]})", "prediction.invalid", "/7/scores_ppm/2"},
      {R"({"item":"a","scores_ppm":[0,0,"1"]})", "prediction.invalid", "/7/scores_ppm/2"},
      {R"({"item":"a","scores_ppm":[0.1,0.2,0.7]})", "prediction.malformed", "/7/scores_ppm/0"},
      {R"({"item":"a","scores_ppm":[0,0,1000000],"seats":33})", "prediction.invalid", "/7/seats"},
      {R"({"item":"a","scores_ppm":[0,0,1000000],"agree":2})", "prediction.invalid", "/7/agree"},
      {R"({"item":"a","scores_ppm":[0,0,1000000],"x":2})", "prediction.invalid", "/7/x"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.text);
    auto line = read(row.text);
    REQUIRE(!line);
    CHECK(line.error().kind == core::Refusal::invalid);
    CHECK(line.error().code == row.code);
    CHECK(line.error().message.starts_with("line 7: "));
    REQUIRE(!line.error().details.empty());
    CHECK(line.error().details[0].pointer == row.pointer);
  }
}

TEST_CASE("prediction: the sum may miss a million by ten either way") {
  CHECK(read(R"({"item":"a","scores_ppm":[10,0,1000000]})"));
  CHECK(read(R"({"item":"a","scores_ppm":[0,0,999990]})"));
}

TEST_CASE("prediction: a chunk's line is canonical JSON") {
  RoutedLine line{.item = "a",
                  .predicted = 2,
                  .route = Route::human,
                  .salt = std::string(32, '0'),
                  .scores_ppm = {1, 2, 3},
                  .seats = 5,
                  .agree = 3,
                  .task = TaskId()};
  CHECK(
      core::canonical(line) ==
      R"({"agree":3,"item":"a","predicted":2,"route":"human","salt":"00000000000000000000000000000000",)"
      R"("scores_ppm":[1,2,3],"seats":5,"task":"tsk_00000000000000000000000000"})");
}
