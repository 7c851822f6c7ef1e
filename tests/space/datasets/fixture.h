// A space with a provider and what it takes to register and upload.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "core/json.h"
#include "space/datasets/datasets.h"
#include "space/datasets/uploads.h"
#include "support/space/temp_space.h"

namespace tally::test {

// Hands the content over in pieces, as a body comes from the network.
inline space::ContentSource pieces_of(std::string content, std::size_t piece_bytes = 10'000) {
  return [content = std::move(content),
          piece_bytes](const space::ContentSink& sink) -> core::Result<core::Done> {
    std::string_view rest = content;
    while (!rest.empty()) {
      auto piece = rest.substr(0, piece_bytes);
      rest.remove_prefix(piece.size());
      if (!sink(piece)) break;
    }
    return core::Done{};
  };
}

inline space::NewVersion version_of(const std::string& content,
                                    const std::string& media_type = "application/x-ndjson") {
  space::NewVersion version;
  version.bytes = content.size();
  version.digest = core::sha256(content);
  version.media_type = *space::MediaType::parse(media_type);
  return version;
}

template <class Answer>
Answer answer_of(const core::Result<space::Change>& change) {
  REQUIRE(change);
  auto json = core::parse_json(change->body);
  REQUIRE(json);
  auto answer = core::decode<Answer>(*json);
  REQUIRE(answer);
  return *answer;
}

template <class T>
std::string code_of(const core::Result<T>& result) {
  REQUIRE(!result);
  return result.error().code;
}

struct Catalogue {
  // The floors above give their own migrations.
  explicit Catalogue(std::vector<core::EmbeddedFile> migrations = space::schema_files())
      : space(std::move(migrations)) {}

  TempSpace space;
  Member provider = space.join("Hospital", {space::Role::provider});
  space::Datasets datasets{space.journal()};
  space::Uploads uploads{space.journal(), space.content()};
  int keys = 0;

  std::string key() { return "key " + std::to_string(++keys); }

  space::DatasetId add_dataset() {
    space::DatasetManifest manifest;
    manifest.title = "X-rays";
    manifest.description = "Chest, frontal";
    auto answer = answer_of<space::DatasetAnswer>(
        datasets.register_dataset(provider.principal, manifest, key()));
    return answer.dataset.id;
  }
  std::uint64_t add_version(const space::DatasetId& id, const space::NewVersion& version) {
    auto answer = answer_of<space::VersionAnswer>(
        datasets.register_version(provider.principal, id, version, key()));
    return answer.version.version;
  }
  core::Result<space::Change> upload(const space::DatasetId& id,
                                     std::uint64_t version,
                                     const std::string& content) {
    return uploads.upload(provider.principal, id, version, pieces_of(content));
  }
  // Rows in the tables of content.
  std::uint64_t stored_rows() {
    struct Statements {
      core::sql::Connection& db;
      core::sql::Statement count{db, R"(
        select (select count(*) from content_chunk) + (select count(*) from content_key)
      )"};
    };
    return space.read([](core::sql::Session& session) {
      auto row = session.use<Statements>().count();
      REQUIRE(row.next());
      return row.natural(0);
    });
  }
};

}  // namespace tally::test
