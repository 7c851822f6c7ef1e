// The catalogue: datasets and versions are registered, and found by every party of the space.
//
// What is published is seen by all who may read datasets; what is not, by its provider alone. Content
// is brought by Uploads (space/datasets/uploads.h) and leaves by a use under a contract, never here.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/result.h"
#include "ledger/journal.h"
#include "space/datasets/dataset.h"
#include "space/datasets/dataset_tables.h"
#include "space/once.h"
#include "space/page.h"
#include "space/parties/principal.h"

namespace tally::space {

// The answers of changes: {"dataset":{..}} and {"version":{..}}.
struct DatasetAnswer {
  DatasetView dataset;

  static constexpr auto fields = core::FieldList{core::field("dataset", &DatasetAnswer::dataset)};
};
struct VersionAnswer {
  VersionView version;

  static constexpr auto fields = core::FieldList{core::field("version", &VersionAnswer::version)};
};

// Adds a version inside a command that has more to do: the release of a labeling project, say. The
// caller has checked that `origin` is true. `by` is the actor. Uploaded content then comes through
// Uploads::upload, which publishes it. Refusals: those of decide_version.
core::Result<Change> add_version(ledger::Ledger& ledger,
                                 core::sql::Tx& tx,
                                 std::string_view by,
                                 const Dataset& dataset,
                                 const NewVersion& wanted,
                                 const VersionOrigin& origin);

class Datasets {
 public:
  explicit Datasets(ledger::Journal& journal) : journal_(journal) {}

  // Refusals, in this order: scope.missing, idempotency_key.reused.
  core::Result<Change> register_dataset(const Principal& by,
                                        const DatasetManifest& manifest,
                                        std::string_view key);

  // A version of the caller's own dataset. Refusals, in this order: scope.missing,
  // idempotency_key.reused, dataset.not_found, those of decide_version.
  core::Result<Change> register_version(const Principal& by,
                                        const DatasetId& id,
                                        const NewVersion& wanted,
                                        std::string_view key);

  // Refusals: scope.missing, dataset.not_found, dataset.version_not_found.
  core::Result<DatasetView> find(const Principal& by, const DatasetId& id);
  core::Result<VersionView> find_version(const Principal& by,
                                         const DatasetId& id,
                                         std::uint64_t version);

  // Those with numbers above `after`, in their order, of which the caller sees what is published or
  // its own. The cursor is the number of the last one. Refusals as find.
  core::Result<Page<VersionView>> list_versions(const Principal& by,
                                                const DatasetId& id,
                                                std::uint64_t after,
                                                std::uint64_t limit);

  struct Listing {
    std::optional<PartyId> provider;  // of this one alone; empty: what is published, by all
    std::string_view cursor;
    std::uint64_t limit = page_items_max;
  };
  // In the order of ids, behind the cursor. Of another provider only what is published; a page may
  // then hold fewer than `limit`. Refusal: scope.missing.
  core::Result<Page<DatasetView>> list(const Principal& by, const Listing& listing);

 private:
  ledger::Journal& journal_;
};

}  // namespace tally::space
