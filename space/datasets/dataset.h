// Datasets and their versions: values and decisions.
//
//   awaiting_content --content arrived, as announced--> published
//
// A version is fixed by the digest of its content before a byte of it is here. Content is uploaded and
// sealed, or stays with the provider (metadata_only; published at once). What is published never
// changes. Everything here is a plain value or a pure function.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/mapping.h"
#include "core/result.h"
#include "space/ids.h"

namespace tally::space {

inline constexpr std::uint64_t content_bytes_max = std::uint64_t{16} << 30;
inline constexpr std::uint64_t versions_max = 1'000'000;

enum class ContentKind : std::uint8_t { uploaded, metadata_only };
constexpr auto enum_names(ContentKind) {
  using Name = std::pair<ContentKind, std::string_view>;
  return std::array{Name{ContentKind::uploaded, "uploaded"},
                    Name{ContentKind::metadata_only, "metadata_only"}};
}

enum class VersionState : std::uint8_t { awaiting_content, published };
constexpr auto enum_names(VersionState) {
  using Name = std::pair<VersionState, std::string_view>;
  return std::array{Name{VersionState::awaiting_content, "awaiting_content"},
                    Name{VersionState::published, "published"}};
}

// `type/subtype` (RFC 6838), without parameters.
class MediaType {
 public:
  MediaType() = default;
  static std::optional<MediaType> parse(std::string_view text);
  const std::string& text() const { return text_; }
  static std::string pattern() { return "^[a-z0-9][a-z0-9!#$&^_.+-]*/[a-z0-9][a-z0-9!#$&^_.+-]*$"; }
  // Content that is one record after another, each a JSON object on a line.
  bool has_records() const { return text_ == "application/x-ndjson"; }

  bool operator==(const MediaType&) const = default;

 private:
  std::string text_;
};

struct Dataset {
  DatasetId id;
  PartyId provider;
  std::uint64_t versions = 0;           // registered: 1 .. versions
  std::uint64_t published_version = 0;  // the newest published one; 0: none
};

struct DatasetVersion {
  DatasetId dataset;
  std::uint64_t version = 0;
  VersionState state = VersionState::awaiting_content;
  ContentKind content = ContentKind::uploaded;
  core::Hash digest;  // SHA-256 of the content
  std::uint64_t bytes = 0;
  std::optional<std::uint64_t> records;
  MediaType media_type;
  std::optional<std::uint64_t> published_seq;
};

// What a provider says of a dataset.
struct DatasetManifest {
  std::string description;
  std::optional<std::string> license;
  std::optional<std::vector<std::string>> tags;
  std::string title;

  static constexpr auto fields = core::FieldList{
      core::field("description", &DatasetManifest::description, core::length(0, 8192)),
      core::field("license", &DatasetManifest::license, core::length(1, 200)),
      core::field(
          "tags", &DatasetManifest::tags, core::length(0, 32), core::each(core::length(1, 64))),
      core::field("title", &DatasetManifest::title, core::length(1, 200))};
};

struct NewVersion {
  std::uint64_t bytes = 0;
  ContentKind content = ContentKind::uploaded;
  core::Hash digest;
  MediaType media_type;
  std::optional<std::string> note;
  std::optional<std::uint64_t> records;

  static constexpr auto fields =
      core::FieldList{core::field("bytes", &NewVersion::bytes),
                      core::field("content", &NewVersion::content),
                      core::field("digest", &NewVersion::digest),
                      core::field("media_type", &NewVersion::media_type),
                      core::field("note", &NewVersion::note, core::length(1, 2000)),
                      core::field("records", &NewVersion::records)};
};

// What a version was made from: a version of the same dataset, by a labeling project.
struct VersionOrigin {
  std::optional<std::uint64_t> parent_version;
  std::optional<std::string> project;
};

// What a version's entry commits to beside the digest.
struct VersionManifest {
  MediaType media_type;
  std::optional<std::string> note;

  static constexpr auto fields =
      core::FieldList{core::field("media_type", &VersionManifest::media_type),
                      core::field("note", &VersionManifest::note, core::length(1, 2000))};
};

struct DatasetRegistered {
  static constexpr std::string_view kind = "dataset.registered/1";

  DatasetId dataset;
  std::string manifest;  // commitment to the canonical DatasetManifest
  PartyId provider;
  std::string salt;

  static constexpr auto fields =
      core::FieldList{core::field("dataset", &DatasetRegistered::dataset),
                      core::field("manifest", &DatasetRegistered::manifest, core::matches_hex(64)),
                      core::field("provider", &DatasetRegistered::provider),
                      core::field("salt", &DatasetRegistered::salt, core::matches_hex(32))};
};

struct VersionRegistered {
  static constexpr std::string_view kind = "dataset.version_registered/1";

  std::uint64_t bytes = 0;
  ContentKind content = ContentKind::uploaded;
  DatasetId dataset;
  core::Hash digest;
  std::string manifest;  // commitment to the canonical VersionManifest
  std::optional<std::uint64_t> parent_version;
  std::optional<std::string> project;
  std::optional<std::uint64_t> records;
  std::string salt;
  std::uint64_t version = 0;

  static constexpr auto fields =
      core::FieldList{core::field("bytes", &VersionRegistered::bytes),
                      core::field("content", &VersionRegistered::content),
                      core::field("dataset", &VersionRegistered::dataset),
                      core::field("digest", &VersionRegistered::digest),
                      core::field("manifest", &VersionRegistered::manifest, core::matches_hex(64)),
                      core::field("parent_version", &VersionRegistered::parent_version),
                      core::field("project", &VersionRegistered::project),
                      core::field("records", &VersionRegistered::records),
                      core::field("salt", &VersionRegistered::salt, core::matches_hex(32)),
                      core::field("version", &VersionRegistered::version)};
};

struct VersionPublished {
  static constexpr std::string_view kind = "dataset.version_published/1";

  DatasetId dataset;
  std::optional<std::uint64_t> records;  // of content that has records
  std::string salt;
  std::uint64_t version = 0;

  static constexpr auto fields =
      core::FieldList{core::field("dataset", &VersionPublished::dataset),
                      core::field("records", &VersionPublished::records),
                      core::field("salt", &VersionPublished::salt, core::matches_hex(32)),
                      core::field("version", &VersionPublished::version)};
};

// What an upload brought.
struct ReceivedContent {
  core::Hash digest;
  std::uint64_t bytes = 0;
  std::optional<std::uint64_t> records;
};

// Refusals, in this order: request.invalid (content to upload is too large, or has records although
// its media type has none), dataset.too_many_versions (conflict). `origin.parent_version` is one of
// the dataset's.
core::Result<VersionRegistered> decide_version(const Dataset& dataset,
                                               const NewVersion& wanted,
                                               const VersionOrigin& origin,
                                               std::string salt);

// Is what arrived what was announced? Refusals (invalid), in this order: dataset.digest_mismatch
// (digest or size), dataset.records_mismatch.
core::Result<core::Done> compare_content(const DatasetVersion& version,
                                         const ReceivedContent& received);

}  // namespace tally::space
