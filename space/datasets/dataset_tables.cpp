#include "space/datasets/dataset_tables.h"

#include "core/json.h"
#include "space/rows.h"

namespace tally::space {
namespace {

using core::Hash;
using core::sql::Cursor;
using core::sql::Session;
using core::sql::Tx;

struct Reads {
  core::sql::Connection& db;
  core::sql::Statement dataset{db, R"(
    select id, provider, versions, published_version from dataset where id = ?1
  )"};
  core::sql::Statement dataset_view{db, R"(
    select d.id, d.provider, d.versions, d.published_version, d.registered_at, m.document
      from dataset d left join dataset_manifest m on m.dataset = d.id
     where d.id = ?1
  )"};
  core::sql::Statement published{db, R"(
    select d.id, d.provider, d.versions, d.published_version, d.registered_at, m.document
      from dataset d left join dataset_manifest m on m.dataset = d.id
     where d.published_version > 0 and d.id > ?1
     order by d.id
     limit ?2
  )"};
  core::sql::Statement of_provider{db, R"(
    select d.id, d.provider, d.versions, d.published_version, d.registered_at, m.document
      from dataset d left join dataset_manifest m on m.dataset = d.id
     where d.provider = ?1 and d.id > ?2
     order by d.id
     limit ?3
  )"};
  core::sql::Statement version{db, R"(
    select v.dataset, v.version, v.state, v.content, v.digest, v.bytes, v.records, m.document,
           v.published_seq, v.parent_version, v.project, v.registered_at, v.published_at
      from dataset_version v left join dataset_version_manifest m
        on m.dataset = v.dataset and m.version = v.version
     where v.dataset = ?1 and v.version = ?2
  )"};
  core::sql::Statement versions{db, R"(
    select v.dataset, v.version, v.state, v.content, v.digest, v.bytes, v.records, m.document,
           v.published_seq, v.parent_version, v.project, v.registered_at, v.published_at
      from dataset_version v left join dataset_version_manifest m
        on m.dataset = v.dataset and m.version = v.version
     where v.dataset = ?1 and v.version > ?2
     order by v.version
     limit ?3
  )"};
};

struct Writes {
  core::sql::Connection& db;
  core::sql::Statement add_dataset{db, R"(
    insert into dataset (id, provider, manifest, versions, published_version, registered_at)
    values (?1, ?2, ?3, 0, 0, ?4)
  )"};
  core::sql::Statement count_version{db, R"(
    update dataset set versions = ?2 where id = ?1 and versions = ?2 - 1
  )"};
  core::sql::Statement add_version{db, R"(
    insert into dataset_version (dataset, version, state, content, digest, bytes, records, manifest,
                                 parent_version, project, registered_at)
    values (?1, ?2, 'awaiting_content', 'uploaded', ?3, ?4, ?5, ?6, ?7, ?8, ?9)
  )"};
  core::sql::Statement add_outside_version{db, R"(
    insert into dataset_version (dataset, version, state, content, digest, bytes, records, manifest,
                                 parent_version, project, registered_at, published_at,
                                 published_seq)
    values (?1, ?2, 'published', 'metadata_only', ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9, ?10)
  )"};
  core::sql::Statement publish_version{db, R"(
    update dataset_version
       set state = 'published', records = ?3, published_at = ?4, published_seq = ?5
     where dataset = ?1 and version = ?2 and state = 'awaiting_content'
  )"};
  core::sql::Statement point_to_version{db, R"(
    update dataset set published_version = ?2 where id = ?1 and published_version < ?2
  )"};
  core::sql::Statement keep_manifest{db, R"(
    insert into dataset_manifest (dataset, document) values (?1, ?2)
  )"};
  core::sql::Statement keep_version_manifest{db, R"(
    insert into dataset_version_manifest (dataset, version, document) values (?1, ?2, ?3)
  )"};
};

std::optional<std::uint64_t> optional_natural(const Cursor& row, int column) {
  if (row.is_null(column)) return std::nullopt;
  return row.natural(column);
}

// A document that we filed ourselves; an erased one is as good as empty.
template <class Document>
Document read_document(const Cursor& row, int column) {
  if (row.is_null(column)) return {};
  auto json = core::parse_json(row.view(column));
  if (json) {
    if (auto document = core::decode<Document>(*json)) return *std::move(document);
  }
  throw core::Broken("the database holds a manifest that cannot be read");
}

Dataset read_dataset(const Cursor& row) {
  return {row.id<DatasetId>(0), row.id<PartyId>(1), row.natural(2), row.natural(3)};
}

DatasetView read_dataset_view(const Cursor& row) {
  auto manifest = read_document<DatasetManifest>(row, 5);
  DatasetView view;
  view.description = std::move(manifest.description);
  view.id = row.id<DatasetId>(0);
  view.license = std::move(manifest.license);
  view.provider = row.id<PartyId>(1);
  if (row.natural(3) > 0) view.published_version = row.natural(3);
  view.registered_at = row.instant(4);
  view.tags = std::move(manifest.tags).value_or(std::vector<std::string>{});
  view.title = std::move(manifest.title);
  view.versions = row.natural(2);
  return view;
}

DatasetVersion read_version(const Cursor& row) {
  DatasetVersion version;
  version.dataset = row.id<DatasetId>(0);
  version.version = row.natural(1);
  version.state = read_name<VersionState>(row, 2);
  version.content = read_name<ContentKind>(row, 3);
  version.digest = row.hash(4);
  version.bytes = row.natural(5);
  version.records = optional_natural(row, 6);
  version.media_type = read_document<VersionManifest>(row, 7).media_type;
  version.published_seq = optional_natural(row, 8);
  return version;
}

VersionView read_version_view(const Cursor& row) {
  auto manifest = read_document<VersionManifest>(row, 7);
  VersionView view;
  view.bytes = row.natural(5);
  view.content = read_name<ContentKind>(row, 3);
  view.dataset = row.id<DatasetId>(0);
  view.digest = row.hash(4);
  view.media_type = manifest.media_type.text();
  view.note = std::move(manifest.note);
  view.parent_version = optional_natural(row, 9);
  view.project = row.optional_text(10);
  if (!row.is_null(12)) view.published_at = row.instant(12);
  view.records = optional_natural(row, 6);
  view.registered_at = row.instant(11);
  view.state = read_name<VersionState>(row, 2);
  view.version = row.natural(1);
  return view;
}

Hash commitment_of(const std::string& manifest) {
  auto hash = Hash::from_hex(manifest);
  TALLY_ASSERT(hash.has_value());
  return *hash;
}

void require_one(std::int64_t rows) {
  if (rows != 1) throw core::Broken("an event does not fit the tables of datasets");
}

}  // namespace

std::optional<Dataset> find_dataset(Session& session, const DatasetId& id) {
  return read_one(session.use<Reads>().dataset(id), read_dataset);
}

std::optional<DatasetView> find_dataset_view(Session& session, const DatasetId& id) {
  return read_one(session.use<Reads>().dataset_view(id), read_dataset_view);
}

std::optional<DatasetVersion> find_version(Session& session,
                                           const DatasetId& id,
                                           std::uint64_t version) {
  if (version > versions_max) return std::nullopt;
  return read_one(session.use<Reads>().version(id, version), read_version);
}

std::optional<VersionView> find_version_view(Session& session,
                                             const DatasetId& id,
                                             std::uint64_t version) {
  if (version > versions_max) return std::nullopt;
  return read_one(session.use<Reads>().version(id, version), read_version_view);
}

std::vector<DatasetView> list_published(Session& session,
                                        std::string_view after,
                                        std::uint64_t limit) {
  return read_all(session.use<Reads>().published(after, limit), read_dataset_view);
}

std::vector<DatasetView> list_of_provider(Session& session,
                                          const PartyId& provider,
                                          std::string_view after,
                                          std::uint64_t limit) {
  return read_all(session.use<Reads>().of_provider(provider, after, limit), read_dataset_view);
}

std::vector<VersionView> list_versions(Session& session,
                                       const DatasetId& id,
                                       std::uint64_t after,
                                       std::uint64_t limit) {
  if (after > versions_max) return {};
  return read_all(session.use<Reads>().versions(id, after, limit), read_version_view);
}

void apply(Tx& tx, const DatasetRegistered& event, const Recorded& where) {
  tx.use<Writes>()
      .add_dataset(event.dataset, event.provider, commitment_of(event.manifest), where.at)
      .run();
}

void apply(Tx& tx, const VersionRegistered& event, const Recorded& where) {
  auto& sql = tx.use<Writes>();
  require_one(sql.count_version(event.dataset, event.version).run());
  Hash manifest = commitment_of(event.manifest);
  if (event.content == ContentKind::uploaded) {
    sql.add_version(event.dataset, event.version, event.digest, event.bytes, event.records,
                    manifest, event.parent_version, event.project, where.at)
        .run();
    return;
  }
  sql.add_outside_version(event.dataset, event.version, event.digest, event.bytes, event.records,
                          manifest, event.parent_version, event.project, where.at, where.seq)
      .run();
  sql.point_to_version(event.dataset, event.version).run();
}

void apply(Tx& tx, const VersionPublished& event, const Recorded& where) {
  auto& sql = tx.use<Writes>();
  require_one(
      sql.publish_version(event.dataset, event.version, event.records, where.at, where.seq).run());
  sql.point_to_version(event.dataset, event.version).run();
}

void keep_manifest(Tx& tx, const DatasetId& id, const DatasetManifest& manifest) {
  tx.use<Writes>().keep_manifest(id, core::canonical(manifest)).run();
}

void keep_manifest(Tx& tx,
                   const DatasetId& id,
                   std::uint64_t version,
                   const VersionManifest& manifest) {
  tx.use<Writes>().keep_version_manifest(id, version, core::canonical(manifest)).run();
}

}  // namespace tally::space
