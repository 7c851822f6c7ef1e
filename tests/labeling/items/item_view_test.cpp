#include "labeling/items/item_view.h"

#include <doctest/doctest.h>

using namespace tally;
using namespace tally::labeling;

TEST_CASE("item: its route and its task say how it stands and what is released, row by row") {
  const ClassList classes(std::vector<std::string>{"ant", "bee"});
  struct Row {
    ItemFacts facts;
    std::string exported;
    std::optional<std::string> released;
  };
  auto facts = [](Route route, std::optional<TaskState> task = {},
                  std::optional<std::string> labels = {}, std::int64_t answers = 0) {
    return ItemFacts{"x", 1, route, task, std::move(labels), answers};
  };
  const std::vector<Row> rows{
      {facts(Route::accept),
       R"({"answers":0,"item":"x","labels":["bee"],"route":"accept","source":"model","state":"accepted"})",
       R"({"item":"x","labels":["bee"],"source":"model"})"},
      {facts(Route::hold), R"({"answers":0,"item":"x","route":"hold","state":"held"})", {}},
      {facts(Route::human, TaskState::open, {}, 2),
       R"({"answers":2,"item":"x","route":"human","state":"open"})",
       {}},
      {facts(Route::human, TaskState::decided, R"(["ant","bee"])", 5),
       R"({"answers":5,"item":"x","labels":["ant","bee"],"route":"human","source":"people","state":"decided"})",
       R"({"item":"x","labels":["ant","bee"],"source":"people"})"},
      {facts(Route::human, TaskState::decided, "[]", 5),
       R"({"answers":5,"item":"x","labels":[],"route":"human","source":"people","state":"decided"})",
       {}},
      {facts(Route::human, TaskState::in_doubt, {}, 5),
       R"({"answers":5,"item":"x","route":"human","state":"in_doubt"})",
       {}},
      {facts(Route::accept, TaskState::open, {}, 1),
       R"({"answers":1,"item":"x","route":"accept","state":"open"})",
       {}},
      {facts(Route::accept, TaskState::in_doubt, {}, 5),
       R"({"answers":5,"item":"x","route":"accept","state":"in_doubt"})",
       {}},
      {facts(Route::accept, TaskState::decided, R"(["ant"])", 5),
       R"({"answers":5,"item":"x","labels":["ant"],"route":"accept","source":"people","state":"decided"})",
       R"({"item":"x","labels":["ant"],"source":"people"})"},
  };
  for (const auto& row : rows) {
    auto view = view_of(row.facts, classes);
    CHECK(core::canonical(view) == row.exported);
    auto line = release_line(view);
    CHECK(line.has_value() == row.released.has_value());
    if (line && row.released) CHECK(*line == *row.released + "\n");
  }
}
