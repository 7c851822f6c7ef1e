#include "space/contracts/purpose.h"

#include <algorithm>

#include <doctest/doctest.h>

using namespace tally::space;

TEST_CASE("purpose: a code covers itself and what stands below it, never what stands above") {
  CHECK(purpose_covers("labeling", "labeling"));
  CHECK(purpose_covers("labeling", "labeling.review"));
  CHECK(!purpose_covers("labeling.review", "labeling"));
  CHECK(!purpose_covers("labeling", "training"));
  CHECK(!purpose_covers("training.fine_tuning", "training.pretraining"));
}

TEST_CASE("purpose: an unknown code is covered by nothing, a prefix of a word is no ancestor") {
  CHECK(!purpose_covers("labeling", "labeling.theft"));
  CHECK(!purpose_covers("theft", "theft"));
  CHECK(!purpose_covers("label", "labeling"));
  CHECK(!purpose_covers("", "labeling"));
  CHECK(!is_purpose("labeling."));
}

TEST_CASE("purpose: the codes are sorted, and each has its parent in the tree") {
  auto codes = purpose_codes();
  CHECK(std::ranges::is_sorted(codes));
  for (auto code : codes) {
    auto dot = code.rfind('.');
    if (dot != std::string_view::npos) CHECK(is_purpose(code.substr(0, dot)));
  }
}
