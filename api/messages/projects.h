// The messages of /v1/projects that are not values of the labeling floor themselves.
//
//   POST /v1/projects             labeling::OpenProject  -> {"project":labeling::ProjectView,receipt}
//   GET  /v1/projects             -> labeling::ProjectListing
//   GET  /v1/projects/{id}        -> labeling::ProjectStatus
//   POST ../predictions           lines of labeling::Prediction -> labeling::ImportAnswer, receipt
//   POST ../checks                labeling::CheckCommand -> ChecksAnswer, receipt
//   GET  ../export                -> lines of labeling::ItemView
//   GET  ../items/{item}          -> labeling::ItemView
//   GET  ../items/{item}/proof    -> labeling::ItemProof
//   POST ../releases              labeling::ReleaseCommand -> labeling::ReleaseAnswer, receipt
#pragma once

#include <cstdint>

#include "core/mapping.h"
#include "labeling/projects/projects.h"

namespace tally::api {

struct ProjectAnswer {
  labeling::ProjectView project;

  static constexpr auto fields = core::FieldList{core::field("project", &ProjectAnswer::project)};
};

struct ChecksAnswer {
  std::int64_t checks = 0;

  static constexpr auto fields = core::FieldList{core::field("checks", &ChecksAnswer::checks)};
};

}  // namespace tally::api
