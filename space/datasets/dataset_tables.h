// Datasets and versions as they stand: the tables read, and events folded into them.
//
// apply() writes projection tables alone; the keep_ functions file what the ledger does not hold.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/sql/session.h"
#include "space/datasets/dataset.h"

namespace tally::space {

// A dataset as the parties see it.
struct DatasetView {
  std::string description;
  DatasetId id;
  std::optional<std::string> license;
  PartyId provider;
  std::optional<std::uint64_t> published_version;  // the newest
  core::Instant registered_at;
  std::vector<std::string> tags;
  std::string title;
  std::uint64_t versions = 0;  // registered so far: 1 .. versions

  static constexpr auto fields =
      core::FieldList{core::field("description", &DatasetView::description, core::length(0, 8192)),
                      core::field("id", &DatasetView::id),
                      core::field("license", &DatasetView::license),
                      core::field("provider", &DatasetView::provider),
                      core::field("published_version", &DatasetView::published_version),
                      core::field("registered_at", &DatasetView::registered_at),
                      core::field("tags", &DatasetView::tags),
                      core::field("title", &DatasetView::title),
                      core::field("versions", &DatasetView::versions)};
};

struct VersionView {
  std::uint64_t bytes = 0;
  ContentKind content = ContentKind::uploaded;
  DatasetId dataset;
  core::Hash digest;
  std::string media_type;
  std::optional<std::string> note;
  std::optional<std::uint64_t> parent_version;
  std::optional<std::string> project;
  std::optional<core::Instant> published_at;
  std::optional<std::uint64_t> records;
  core::Instant registered_at;
  VersionState state = VersionState::awaiting_content;
  std::uint64_t version = 0;

  static constexpr auto fields =
      core::FieldList{core::field("bytes", &VersionView::bytes),
                      core::field("content", &VersionView::content),
                      core::field("dataset", &VersionView::dataset),
                      core::field("digest", &VersionView::digest),
                      core::field("media_type", &VersionView::media_type),
                      core::field("note", &VersionView::note),
                      core::field("parent_version", &VersionView::parent_version),
                      core::field("project", &VersionView::project),
                      core::field("published_at", &VersionView::published_at),
                      core::field("records", &VersionView::records),
                      core::field("registered_at", &VersionView::registered_at),
                      core::field("state", &VersionView::state),
                      core::field("version", &VersionView::version)};
};

std::optional<Dataset> find_dataset(core::sql::Session& session, const DatasetId& id);
std::optional<DatasetView> find_dataset_view(core::sql::Session& session, const DatasetId& id);
std::optional<DatasetVersion> find_version(core::sql::Session& session,
                                           const DatasetId& id,
                                           std::uint64_t version);
std::optional<VersionView> find_version_view(core::sql::Session& session,
                                             const DatasetId& id,
                                             std::uint64_t version);

// In the order of ids, those behind `after` (empty: from the first), at most `limit`: what is
// published, or all of one provider.
std::vector<DatasetView> list_published(core::sql::Session& session,
                                        std::string_view after,
                                        std::uint64_t limit);
std::vector<DatasetView> list_of_provider(core::sql::Session& session,
                                          const PartyId& provider,
                                          std::string_view after,
                                          std::uint64_t limit);

// Those with numbers above `after`, at most `limit`.
std::vector<VersionView> list_versions(core::sql::Session& session,
                                       const DatasetId& id,
                                       std::uint64_t after,
                                       std::uint64_t limit);

// Where an event stands in the ledger.
struct Recorded {
  std::uint64_t seq = 0;
  core::Instant at;
};

void apply(core::sql::Tx& tx, const DatasetRegistered& event, const Recorded& where);
void apply(core::sql::Tx& tx, const VersionRegistered& event, const Recorded& where);
void apply(core::sql::Tx& tx, const VersionPublished& event, const Recorded& where);

void keep_manifest(core::sql::Tx& tx, const DatasetId& id, const DatasetManifest& manifest);
void keep_manifest(core::sql::Tx& tx,
                   const DatasetId& id,
                   std::uint64_t version,
                   const VersionManifest& manifest);

}  // namespace tally::space
