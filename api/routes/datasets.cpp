#include "api/routes/datasets.h"

#include "api/change.h"
#include "api/messages/datasets.h"
#include "api/routes/listing.h"
#include "core/bytes.h"

namespace tally::api {
namespace {

using core::Error;
using core::Refusal;
using core::Result;
using space::DatasetId;
using space::PartyId;

struct VersionPath {
  DatasetId dataset;
  std::uint64_t version = 0;
};

Result<VersionPath> version_path(const Request& request) {
  auto dataset = request.id<DatasetId>("id");
  if (!dataset) return dataset.error();
  auto version = core::parse_decimal(request.param("version"));
  if (!version) {
    return Error{Refusal::not_found, "dataset.version_not_found", "a version is a number"};
  }
  return VersionPath{*dataset, *version};
}

Result<Reply> register_dataset(space::Datasets& datasets, const Request& request) {
  auto body = request.body<RegisterDatasetBody>();
  if (!body) return body.error();
  auto key = request.idempotency_key();
  if (!key) return key.error();
  auto change = datasets.register_dataset(request.principal, *body, *key);
  if (!change) return change.error();
  return reply_change(201, *change);
}

Result<Reply> list_datasets(space::Datasets& datasets, const Request& request) {
  auto query = listing_by<DatasetId>(request);
  if (!query) return query.error();
  space::Datasets::Listing listing{std::nullopt, query->cursor, query->limit};
  if (auto provider = request.query_text("provider")) {
    listing.provider = PartyId::parse(*provider);
    if (!listing.provider) return malformed_parameter("provider");
  }
  auto page = datasets.list(request.principal, listing);
  if (!page) return page.error();
  return ok(DatasetListBody{std::move(page->items), std::move(page->next_cursor)});
}

Result<Reply> show_dataset(space::Datasets& datasets, const Request& request) {
  auto id = request.id<DatasetId>("id");
  if (!id) return id.error();
  auto dataset = datasets.find(request.principal, *id);
  if (!dataset) return dataset.error();
  return ok(DatasetBody{*std::move(dataset)});
}

Result<Reply> register_version(space::Datasets& datasets, const Request& request) {
  auto id = request.id<DatasetId>("id");
  if (!id) return id.error();
  auto body = request.body<RegisterVersionBody>();
  if (!body) return body.error();
  auto key = request.idempotency_key();
  if (!key) return key.error();
  auto change = datasets.register_version(request.principal, *id, *body, *key);
  if (!change) return change.error();
  return reply_change(201, *change);
}

Result<Reply> list_versions(space::Datasets& datasets, const Request& request) {
  auto id = request.id<DatasetId>("id");
  if (!id) return id.error();
  auto query = listing_of(request);
  if (!query) return query.error();
  auto after = query->cursor.empty() ? 0 : core::parse_decimal(query->cursor);
  if (!after) return malformed_parameter("cursor");
  auto page = datasets.list_versions(request.principal, *id, *after, query->limit);
  if (!page) return page.error();
  return ok(VersionListBody{std::move(page->next_cursor), std::move(page->items)});
}

Result<Reply> show_version(space::Datasets& datasets, const Request& request) {
  auto path = version_path(request);
  if (!path) return path.error();
  auto version = datasets.find_version(request.principal, path->dataset, path->version);
  if (!version) return version.error();
  return ok(VersionBody{*std::move(version)});
}

Result<Reply> upload(space::Uploads& uploads, const Request& request) {
  auto path = version_path(request);
  if (!path) return path.error();
  auto change = uploads.upload(
      request.principal, path->dataset, path->version,
      [&request](const space::ContentSink& sink) { return request.read_body(sink); });
  if (!change) return change.error();
  return reply_change(201, *change);
}

Result<Reply> erase_version(space::Erasures& erasures, const Request& request) {
  auto path = version_path(request);
  if (!path) return path.error();
  auto key = request.idempotency_key();
  if (!key) return key.error();
  auto change = erasures.erase_version(request.principal, path->dataset, path->version, *key);
  if (!change) return change.error();
  return reply_change(200, *change);
}

}  // namespace

void add_dataset_routes(Router& router, Services& services) {
  auto on = [&router](std::string_view method, std::string_view pattern,
                      const RouteOptions& options, auto handler, auto& service) {
    router.add(method, pattern, options,
               [handler, &service](const Request& request) { return handler(service, request); });
  };
  RouteOptions writing{
      .scope = "datasets:write", .body = BodyKind::json, .needs_idempotency_key = true};
  RouteOptions reading{.scope = "datasets:read"};
  RouteOptions uploading{.scope = "datasets:write",
                         .body = BodyKind::stream,
                         .body_bytes_max = space::content_bytes_max};
  auto& datasets = services.datasets;

  on("POST", "/v1/datasets", writing, register_dataset, datasets);
  on("GET", "/v1/datasets", {.scope = "datasets:read", .query = {"cursor", "limit", "provider"}},
     list_datasets, datasets);
  on("GET", "/v1/datasets/{id}", reading, show_dataset, datasets);
  on("POST", "/v1/datasets/{id}/versions", writing, register_version, datasets);
  on("GET", "/v1/datasets/{id}/versions", {.scope = "datasets:read", .query = {"cursor", "limit"}},
     list_versions, datasets);
  on("GET", "/v1/datasets/{id}/versions/{version}", reading, show_version, datasets);
  on("PUT", "/v1/datasets/{id}/versions/{version}/content", uploading, upload, services.uploads);
  on("POST", "/v1/datasets/{id}/versions/{version}/erasure",
     {.scope = "datasets:write", .needs_idempotency_key = true}, erase_version, services.erasures);
}

}  // namespace tally::api
