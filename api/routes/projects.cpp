#include "api/routes/projects.h"

#include <optional>
#include <string>
#include <utility>

#include "api/change.h"
#include "api/messages/projects.h"
#include "api/routes/listing.h"
#include "labeling/answers/labels.h"

namespace tally::api {
namespace {

using core::Error;
using core::Refusal;
using core::Result;
using labeling::ProjectId;

constexpr std::size_t model_bytes_max = 200;

Error wrong_parameter(std::string words) {
  return {Refusal::invalid, "request.invalid_parameter", std::move(words)};
}

Result<Reply> open(labeling::Projects& projects, const Request& request) {
  auto body = request.body<labeling::OpenProject>();
  if (!body) return body.error();
  auto once = once_for(request);
  if (!once) return once.error();
  auto change = projects.open(request.principal, *once, *body);
  if (!change) return change.error();
  return reply_change(201, *change);
}

Result<Reply> list(labeling::Projects& projects, const Request& request) {
  auto query = listing_by<ProjectId>(request);
  if (!query) return query.error();
  return ok(projects.list(request.principal, query->limit, ProjectId::parse(query->cursor)));
}

Result<Reply> show(labeling::Projects& projects, const Request& request) {
  auto id = request.id<ProjectId>("id");
  if (!id) return id.error();
  auto status = projects.show(request.principal, *id);
  if (!status) return status.error();
  return ok(*status);
}

Result<Reply> import(labeling::Intake& intake, const Request& request) {
  auto id = request.id<ProjectId>("id");
  if (!id) return id.error();
  auto key = request.idempotency_key();
  if (!key) return key.error();
  std::optional<std::string> model;
  if (auto name = request.query_text("model")) {
    if (name->empty() || name->size() > model_bytes_max || !labeling::is_printable(*name))
      return wrong_parameter("model is a name of 1 to 200 bytes");
    model = std::string(*name);
  }
  auto change = intake.import(
      request.principal, {.project = *id,
                          .key = std::string(*key),
                          .model = std::move(model),
                          .body = [&](const BodySink& sink) { return request.read_body(sink); }});
  if (!change) return change.error();
  return reply_change(201, *change);
}

Result<Reply> check(labeling::Intake& intake, const Request& request) {
  auto id = request.id<ProjectId>("id");
  if (!id) return id.error();
  auto body = request.body<labeling::CheckCommand>();
  if (!body) return body.error();
  auto once = once_for(request);
  if (!once) return once.error();
  auto change = intake.send_to_check(request.principal, *once, *id, *body);
  if (!change) return change.error();
  return reply_change(201, *change);
}

Result<Reply> export_items(labeling::Items& items, const Request& request) {
  auto id = request.id<ProjectId>("id");
  if (!id) return id.error();
  auto pages = items.export_lines(request.principal, *id);
  if (!pages) return pages.error();
  Reply reply;
  reply.content_type = "application/x-ndjson";
  reply.chunks = *std::move(pages);
  return reply;
}

// Items are named in the path, or, since a name may hold what a path may not, in the query.
Result<std::string_view> item_in_path(const Request& request) { return request.param("item"); }
Result<std::string_view> item_in_query(const Request& request) {
  auto name = request.query_text("name");
  if (!name) return wrong_parameter("name is missing");
  return *name;
}

Result<Reply> show_item(labeling::Items& items,
                        const Request& request,
                        const Result<std::string_view>& name) {
  auto id = request.id<ProjectId>("id");
  if (!id) return id.error();
  if (!name) return name.error();
  auto item = items.show(request.principal, *id, *name);
  if (!item) return item.error();
  return ok(*item);
}

Result<Reply> prove_item(labeling::Items& items,
                         const Request& request,
                         const Result<std::string_view>& name) {
  auto id = request.id<ProjectId>("id");
  if (!id) return id.error();
  if (!name) return name.error();
  auto proof = items.prove(request.principal, *id, *name);
  if (!proof) return proof.error();
  return ok(*proof);
}

Result<Reply> release(labeling::Releases& releases, const Request& request) {
  auto id = request.id<ProjectId>("id");
  if (!id) return id.error();
  auto body = request.body<labeling::ReleaseCommand>();
  if (!body) return body.error();
  auto once = once_for(request);
  if (!once) return once.error();
  auto change = releases.release(request.principal, *once, *id, *body);
  if (!change) return change.error();
  return reply_change(201, *change);
}

}  // namespace

void add_project_routes(Router& router, Services& services) {
  auto& projects = services.projects;
  auto& intake = services.intake;
  auto& items = services.items;
  auto& releases = services.releases;
  const RouteOptions change{
      .scope = "projects:write", .body = BodyKind::json, .needs_idempotency_key = true};
  const RouteOptions read{.scope = "projects:read"};
  router.add("POST", "/v1/projects", change, [&](const Request& r) { return open(projects, r); });
  router.add("GET", "/v1/projects", {.scope = "projects:read", .query = {"limit", "cursor"}},
             [&](const Request& r) { return list(projects, r); });
  router.add("GET", "/v1/projects/{id}", read, [&](const Request& r) { return show(projects, r); });
  router.add("POST", "/v1/projects/{id}/predictions",
             {.scope = "projects:write",
              .body = BodyKind::stream,
              .needs_idempotency_key = true,
              .query = {"model"}},
             [&](const Request& r) { return import(intake, r); });
  router.add("POST", "/v1/projects/{id}/checks", change,
             [&](const Request& r) { return check(intake, r); });
  router.add("GET", "/v1/projects/{id}/export", read,
             [&](const Request& r) { return export_items(items, r); });
  router.add("GET", "/v1/projects/{id}/items/{item}", read,
             [&](const Request& r) { return show_item(items, r, item_in_path(r)); });
  router.add("GET", "/v1/projects/{id}/items/{item}/proof", read,
             [&](const Request& r) { return prove_item(items, r, item_in_path(r)); });
  const RouteOptions named{.scope = "projects:read", .query = {"name"}};
  router.add("GET", "/v1/projects/{id}/item", named,
             [&](const Request& r) { return show_item(items, r, item_in_query(r)); });
  router.add("GET", "/v1/projects/{id}/item/proof", named,
             [&](const Request& r) { return prove_item(items, r, item_in_query(r)); });
  router.add("POST", "/v1/projects/{id}/releases",
             {.scope = "datasets:write", .body = BodyKind::json, .needs_idempotency_key = true},
             [&](const Request& r) { return release(releases, r); });
}

}  // namespace tally::api
