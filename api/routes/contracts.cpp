#include "api/routes/contracts.h"

#include "api/change.h"
#include "api/connection.h"
#include "api/messages/contracts.h"
#include "api/routes/listing.h"
#include "api/routes/receipts.h"
#include "space/continuation/confirmation.h"
#include "space/contracts/contracts.h"
#include "space/uses/breaking_off.h"
#include "space/uses/uses.h"

namespace tally::api {
namespace {

using core::Result;
using space::ContractId;
using space::UseId;

Result<Reply> offer(space::Contracts& contracts, const Request& request) {
  auto body = request.body<OfferBody>();
  if (!body) return body.error();
  auto once = once_for(request);
  if (!once) return once.error();
  auto change =
      contracts.offer(request.principal, *once, {body->document, {body->key, body->signature}});
  if (!change) return change.error();
  return reply_change(201, *change);
}

Result<Reply> accept(space::Contracts& contracts, const Request& request) {
  auto id = request.id<ContractId>("id");
  if (!id) return id.error();
  auto body = request.body<AcceptBody>();
  if (!body) return body.error();
  auto once = once_for(request);
  if (!once) return once.error();
  auto change = contracts.accept(request.principal, *once, *id,
                                 {body->document, {body->key, body->signature}});
  if (!change) return change.error();
  return reply_change(200, *change);
}

Result<Reply> terminate(space::Contracts& contracts, const Request& request) {
  auto id = request.id<ContractId>("id");
  if (!id) return id.error();
  auto body = request.body<TerminateBody>();
  if (!body) return body.error();
  auto once = once_for(request);
  if (!once) return once.error();
  auto change = contracts.terminate(request.principal, *once, *id,
                                    {body->document, {body->key, body->signature}});
  if (!change) return change.error();
  return reply_change(200, *change);
}

Result<Reply> confirm(ledger::Journal& journal, const Request& request) {
  auto id = request.id<ContractId>("id");
  if (!id) return id.error();
  auto body = request.body<ConfirmBody>();
  if (!body) return body.error();
  auto once = once_for(request);
  if (!once) return once.error();
  auto change = space::confirm(journal, request.principal, *once, *id,
                               {body->document, {body->key, body->signature}});
  if (!change) return change.error();
  return reply_change(200, *change);
}

Result<Reply> erase_document(space::Erasures& erasures, const Request& request) {
  auto id = request.id<ContractId>("id");
  if (!id) return id.error();
  auto key = request.idempotency_key();
  if (!key) return key.error();
  auto change = erasures.erase_document(request.principal, *id, *key);
  if (!change) return change.error();
  return reply_change(200, *change);
}

Result<Reply> show(space::Contracts& contracts, const Request& request) {
  auto id = request.id<ContractId>("id");
  if (!id) return id.error();
  auto answer = contracts.show(request.principal, *id);
  if (!answer) return answer.error();
  return ok(*answer);
}

Result<Reply> list(space::Contracts& contracts, const Request& request) {
  auto query = listing_by<ContractId>(request);
  if (!query) return query.error();
  auto page = contracts.list(request.principal, query->limit, ContractId::parse(query->cursor));
  return ok(ContractListBody{std::move(page.items), std::move(page.next_cursor)});
}

Result<Reply> decide(space::Uses& uses, const Request& request) {
  auto id = request.id<ContractId>("id");
  if (!id) return id.error();
  auto body = request.body<space::UseCommand>();
  if (!body) return body.error();
  auto decision = uses.preview(request.principal, *id, *body);
  if (!decision) return decision.error();
  return ok(DecisionBody{decision->allowed, decision->checks, decision->rule});
}

// {"receipt":{"count_after":..,"count_before":..,"limit":..,"proof":..,"seq":..,"use":..}}, the first
// answer's bytes and its repetition's alike.
std::string use_receipt(const space::UseAnswer& answer) {
  std::string text = "\"receipt\":{\"count_after\":" + std::to_string(answer.count_after) +
                     ",\"count_before\":" + std::to_string(answer.count_before) +
                     ",\"limit\":" + std::to_string(answer.limit) + ",\"proof\":";
  text.reserve(text.size() + answer.receipt.size() + 128);
  core::append_canonical_text(text, answer.receipt);
  text += ",\"seq\":" + std::to_string(answer.seq) + ",\"use\":\"" + answer.use.text() + "\"}";
  return text;
}

Reply page_reply(space::UseAnswer& answer) {
  std::string body = "{" + use_receipt(answer) + ",\"records\":";
  body.reserve(body.size() + answer.page->lines.size() + 128);
  space::append_json_array(body, *answer.page);
  body += ",\"total_records\":" + std::to_string(answer.page->total_records) + "}";
  return json_reply(200, std::move(body));
}

// The audit knows how long a delivery can take (space/uses/breaking_off.h).
static_assert(Connection::Limits{}.rate_bytes_per_s_min >=
              static_cast<std::int64_t>(space::delivery_bytes_per_s_min));

// What cannot be read to its end after it was recorded is voided, and the connection broken off.
Reply file_reply(space::Uses& uses, space::UseAnswer& answer) {
  Reply reply;
  reply.content_type = answer.file->media_type;
  reply.length_bytes = answer.file->bytes;
  reply.chunks = [&uses, use = answer.use, is_first = !answer.repeated,
                  next = std::move(answer.file->next)](std::string& chunk) {
    try {
      return next(chunk);
    } catch (const core::Broken&) {
      // What was delivered before stays counted.
      if (is_first) uses.make_void(use, "content_unreadable");
      throw;
    }
  };
  return reply;
}

Result<Reply> use(space::Uses& uses, const Request& request) {
  auto id = request.id<ContractId>("id");
  if (!id) return id.error();
  auto body = request.body<space::UseCommand>();
  if (!body) return body.error();
  auto key = request.idempotency_key();
  if (!key) return key.error();
  auto answer = uses.use(request.principal, *id, std::string(*key), *body);
  if (!answer) return answer.error();

  Reply reply;
  if (answer->page) {
    reply = page_reply(*answer);
  } else if (answer->file) {
    reply = file_reply(uses, *answer);
  } else {
    std::string grant = answer->grant ? ",\"grant\":" + *answer->grant : "";
    reply = json_reply(
        200, "{" + (grant.empty() ? "" : grant.substr(1) + ",") + use_receipt(*answer) + "}");
  }
  reply.headers.emplace_back("Tallystick-Receipt", "/v1/uses/" + answer->use.text() + "/receipt");
  if (answer->redelivery_seq) {
    reply.headers.emplace_back(
        "Tallystick-Redelivery",
        "/v1/ledger/entries/" + std::to_string(*answer->redelivery_seq) + "/receipt");
  }
  bool delivers = answer->page || answer->file || answer->grant;
  if (!delivers) reply.headers.emplace_back("Tallystick-Delivered", "false");
  if (answer->repeated) reply.headers.emplace_back("Tallystick-Repeated", "true");
  return reply;
}

Result<Reply> show_use(space::Uses& uses, const Request& request) {
  auto id = request.id<UseId>("id");
  if (!id) return id.error();
  auto view = uses.show(request.principal, *id);
  if (!view) return view.error();
  return ok(RecordedUseBody{*std::move(view)});
}

Result<Reply> show_receipt(Services& services, const Request& request) {
  auto id = request.id<UseId>("id");
  if (!id) return id.error();
  auto receipt = services.uses.receipt(request.principal, *id);
  if (!receipt) return receipt.error();
  return receipt_reply(request, services, *receipt, id->text());
}

}  // namespace

void add_contract_routes(Router& router, Services& services) {
  auto& contracts = services.contracts;
  auto& uses = services.uses;
  const RouteOptions change{
      .scope = "contracts:write", .body = BodyKind::json, .needs_idempotency_key = true};
  router.add("POST", "/v1/contracts", change,
             [&](const Request& r) { return offer(contracts, r); });
  router.add("POST", "/v1/contracts/{id}/accept", change,
             [&](const Request& r) { return accept(contracts, r); });
  router.add("POST", "/v1/contracts/{id}/terminate", change,
             [&](const Request& r) { return terminate(contracts, r); });
  router.add("POST", "/v1/contracts/{id}/confirmation", change,
             [&](const Request& r) { return confirm(services.journal, r); });
  router.add("POST", "/v1/contracts/{id}/erasure",
             {.scope = "contracts:write", .needs_idempotency_key = true},
             [&](const Request& r) { return erase_document(services.erasures, r); });
  router.add("GET", "/v1/contracts", {.scope = "contracts:read", .query = {"limit", "cursor"}},
             [&](const Request& r) { return list(contracts, r); });
  router.add("GET", "/v1/contracts/{id}", {.scope = "contracts:read"},
             [&](const Request& r) { return show(contracts, r); });
  router.add("POST", "/v1/contracts/{id}/decisions",
             {.scope = "contracts:use", .body = BodyKind::json},
             [&](const Request& r) { return decide(uses, r); });
  router.add("POST", "/v1/contracts/{id}/uses",
             {.scope = "contracts:use", .body = BodyKind::json, .needs_idempotency_key = true},
             [&](const Request& r) { return use(uses, r); });
  router.add("GET", "/v1/uses/{id}", {.scope = "contracts:read"},
             [&](const Request& r) { return show_use(uses, r); });
  router.add("GET", "/v1/uses/{id}/receipt", receipt_options("contracts:read"),
             [&](const Request& r) { return show_receipt(services, r); });
}

}  // namespace tally::api
