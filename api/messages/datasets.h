// The messages of /v1/datasets.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/mapping.h"
#include "space/datasets/dataset.h"
#include "space/datasets/dataset_tables.h"

namespace tally::api {

using RegisterDatasetBody = space::DatasetManifest;
using RegisterVersionBody = space::NewVersion;

struct DatasetBody {
  space::DatasetView dataset;

  static constexpr auto fields = core::FieldList{core::field("dataset", &DatasetBody::dataset)};
};

struct DatasetListBody {
  std::vector<space::DatasetView> datasets;
  std::optional<std::string> next_cursor;

  static constexpr auto fields =
      core::FieldList{core::field("datasets", &DatasetListBody::datasets),
                      core::field("next_cursor", &DatasetListBody::next_cursor)};
};

struct VersionBody {
  space::VersionView version;

  static constexpr auto fields = core::FieldList{core::field("version", &VersionBody::version)};
};

struct VersionListBody {
  std::optional<std::string> next_cursor;
  std::vector<space::VersionView> versions;

  static constexpr auto fields =
      core::FieldList{core::field("next_cursor", &VersionListBody::next_cursor),
                      core::field("versions", &VersionListBody::versions)};
};

}  // namespace tally::api
