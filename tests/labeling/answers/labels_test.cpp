#include "labeling/answers/labels.h"

#include <doctest/doctest.h>

using namespace tally::labeling;
using Names = std::vector<std::string>;

TEST_CASE("labels: a set of classes is one text, in class order whatever the order given") {
  ClassList classes(Names{"horse", "cat", "dog \"x\""});
  CHECK(*classes.labels_text(Names{"cat", "horse"}, "") == R"(["horse","cat"])");
  CHECK(*classes.labels_text(Names{"dog \"x\"", "horse"}, "") == R"(["horse","dog \"x\""])");
  CHECK(*classes.labels_text(Names{}, "") == "[]");
  CHECK(classes.labels_text(1) == R"(["cat"])");
}

TEST_CASE("labels: each label that is no class or stands twice is named by its place") {
  ClassList classes(Names{"cat", "dog"});
  auto refused = classes.labels_text(Names{"cat", "cow", "cat"}, "/answers/3/labels");
  REQUIRE(!refused);
  CHECK(refused.error().kind == tally::core::Refusal::invalid);
  REQUIRE(refused.error().details.size() == 2);
  CHECK(refused.error().details[0].pointer == "/answers/3/labels/1");
  CHECK(refused.error().details[1].pointer == "/answers/3/labels/2");
}

TEST_CASE("labels: classes go through their text unchanged") {
  ClassList classes(Names{"b", "a", "ä"});
  CHECK(ClassList::from_text(classes.text()).names() == classes.names());
}

TEST_CASE("labels: a class that stands twice or breaks a line is no class") {
  CHECK(check_classes(Names{"cat", "dog"}, "/classes"));
  auto refused = check_classes(Names{"cat", "do\ng", "cat"}, "/classes");
  REQUIRE(!refused);
  REQUIRE(refused.error().details.size() == 2);
  CHECK(refused.error().details[0].pointer == "/classes/1");
  CHECK(refused.error().details[1].pointer == "/classes/2");
}
