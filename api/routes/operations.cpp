#include "api/change.h"
#include "api/messages/shared.h"
#include "api/routes/all.h"
#include "space/clock.h"

namespace tally::api {
namespace {

using core::Result;

Result<Reply> acknowledge(ledger::Journal& journal, const Request& request) {
  auto key = request.idempotency_key();
  if (!key) return key.error();
  auto change = space::acknowledge_clock(journal, request.principal, *key);
  if (!change) return change.error();
  return reply_change(200, *change);
}

}  // namespace

void add_operation_routes(Router& router, Services& services, Metrics& metrics) {
  router.add("GET", "/healthz", {},
             [](const Request&) -> Result<Reply> { return ok(HealthBody{"ok"}); });
  router.add("GET", "/metrics", {}, [&](const Request&) -> Result<Reply> {
    Reply reply;
    reply.content_type = "text/plain; version=0.0.4; charset=utf-8";
    reply.body = metrics.text(services.journal);
    return reply;
  });
  router.add("POST", "/v1/clock/acknowledge",
             {.scope = "clock:acknowledge", .needs_idempotency_key = true},
             [&](const Request& request) { return acknowledge(services.journal, request); });
}

}  // namespace tally::api
