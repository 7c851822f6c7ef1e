#include "api/routes/tasks.h"

#include <utility>

#include "api/change.h"
#include "api/messages/tasks.h"
#include "api/routes/receipts.h"

namespace tally::api {
namespace {

using core::Result;
using labeling::AnswerId;
using labeling::ProjectId;
using labeling::TaskId;

LeaseView view_of(const labeling::Lease& lease) {
  return {lease.task, lease.item, lease.seat, lease.token.text(), lease.leased_until};
}

Result<Reply> lease(labeling::Queue& queue, const Request& request) {
  auto id = request.id<ProjectId>("id");
  if (!id) return id.error();
  auto body = request.body<labeling::LeaseCommand>();
  if (!body) return body.error();
  auto leases = queue.lease(request.principal, *id, *body);
  if (!leases) return leases.error();
  LeasesAnswer answer;
  for (const auto& given : *leases) answer.leases.push_back(view_of(given));
  return ok(answer);
}

Result<Reply> answer(labeling::Answers& answers, const Request& request) {
  auto id = request.id<TaskId>("id");
  if (!id) return id.error();
  auto body = request.body<labeling::AnswerCommand>();
  if (!body) return body.error();
  auto once = once_for(request);
  if (!once) return once.error();
  auto change = answers.record(request.principal, *once, *id, *body);
  if (!change) return change.error();
  return reply_change(201, *change);
}

Result<Reply> answer_all(labeling::Answers& answers, const Request& request) {
  auto id = request.id<ProjectId>("id");
  if (!id) return id.error();
  auto body = request.body<AnswersBody>();
  if (!body) return body.error();
  auto once = once_for(request);
  if (!once) return once.error();
  auto change = answers.record_all(request.principal, *once, *id, body->answers);
  if (!change) return change.error();
  return reply_change(201, *change);
}

Result<Reply> show_receipt(Services& services, const Request& request) {
  auto id = request.id<AnswerId>("id");
  if (!id) return id.error();
  auto receipt = services.answers.receipt(request.principal, *id);
  if (!receipt) return receipt.error();
  return receipt_reply(request, services, *receipt, id->text());
}

}  // namespace

void add_task_routes(Router& router, Services& services) {
  auto& queue = services.queue;
  auto& answers = services.answers;
  const RouteOptions change{
      .scope = "tasks:work", .body = BodyKind::json, .needs_idempotency_key = true};
  router.add("POST", "/v1/projects/{id}/leases", {.scope = "tasks:work", .body = BodyKind::json},
             [&](const Request& r) { return lease(queue, r); });
  router.add("POST", "/v1/projects/{id}/answers", change,
             [&](const Request& r) { return answer_all(answers, r); });
  router.add("POST", "/v1/tasks/{id}/answers", change,
             [&](const Request& r) { return answer(answers, r); });
  router.add("GET", "/v1/answers/{id}/receipt", receipt_options("projects:read"),
             [&](const Request& r) { return show_receipt(services, r); });
}

}  // namespace tally::api
