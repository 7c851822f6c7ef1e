#include "space/datasets/dataset.h"

#include <algorithm>

#include "space/commitment.h"

namespace tally::space {
namespace {

using core::Done;
using core::Error;
using core::Refusal;
using core::Result;

bool is_restricted_name(std::string_view name) {
  constexpr std::size_t name_bytes_max = 127;
  constexpr std::string_view marks = "!#$&^_.+-";
  auto is_plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  auto fits = [&](char c) { return is_plain(c) || marks.find(c) != std::string_view::npos; };
  return !name.empty() && name.size() <= name_bytes_max && is_plain(name.front()) &&
         std::all_of(name.begin(), name.end(), fits);
}

Error invalid(std::string pointer, std::string code, std::string words) {
  return {Refusal::invalid,
          "request.invalid",
          "the version cannot be registered like this",
          {{std::move(pointer), std::move(code), std::move(words)}}};
}

}  // namespace

std::optional<MediaType> MediaType::parse(std::string_view text) {
  std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  if (!is_restricted_name(text.substr(0, slash))) return std::nullopt;
  if (!is_restricted_name(text.substr(slash + 1))) return std::nullopt;
  MediaType type;
  type.text_ = text;
  return type;
}

Result<VersionRegistered> decide_version(const Dataset& dataset,
                                         const NewVersion& wanted,
                                         const VersionOrigin& origin,
                                         std::string salt) {
  bool is_uploaded = wanted.content == ContentKind::uploaded;
  if (is_uploaded && wanted.bytes > content_bytes_max) {
    return invalid("/bytes", "out_of_range",
                   "uploaded content has at most " + std::to_string(content_bytes_max) + " bytes");
  }
  if (is_uploaded && wanted.records && !wanted.media_type.has_records()) {
    return invalid("/records", "not_allowed", "only application/x-ndjson is uploaded as records");
  }
  if (dataset.versions >= versions_max) {
    return Error{Refusal::conflict, "dataset.too_many_versions",
                 "a dataset has at most " + std::to_string(versions_max) + " versions"};
  }
  TALLY_ASSERT(!origin.parent_version || *origin.parent_version <= dataset.versions);
  VersionRegistered event;
  event.bytes = wanted.bytes;
  event.content = wanted.content;
  event.dataset = dataset.id;
  event.digest = wanted.digest;
  event.manifest =
      commitment(salt, core::canonical(VersionManifest{wanted.media_type, wanted.note}));
  event.parent_version = origin.parent_version;
  event.project = origin.project;
  event.records = wanted.records;
  event.salt = std::move(salt);
  event.version = dataset.versions + 1;
  return event;
}

Result<Done> compare_content(const DatasetVersion& version, const ReceivedContent& received) {
  if (received.bytes != version.bytes || received.digest != version.digest) {
    return Error{Refusal::invalid, "dataset.digest_mismatch",
                 "announced were " + std::to_string(version.bytes) + " bytes with SHA-256 " +
                     core::to_hex(version.digest) + "; what arrived differs, and was removed"};
  }
  if (version.records && version.records != received.records) {
    return Error{Refusal::invalid, "dataset.records_mismatch",
                 "announced were " + std::to_string(*version.records) + " records, there are " +
                     std::to_string(received.records.value_or(0))};
  }
  return Done{};
}

}  // namespace tally::space
