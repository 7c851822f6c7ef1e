#include "api/routes/parties.h"

#include "api/change.h"
#include "api/messages/parties.h"
#include "api/routes/listing.h"

namespace tally::api {
namespace {

using core::Result;
using space::ActorId;
using space::KeyId;
using space::PartyId;

Reply reply_granted(space::GrantedToken granted) {
  if (granted.token) {
    std::string& body = granted.change.body;
    body.back() = ',';
    body += "\"token\":\"" + *granted.token + "\"}";
  }
  return reply_change(201, granted.change);
}

Result<Reply> register_party(space::Parties& parties, const Request& request) {
  auto body = request.body<RegisterPartyBody>();
  if (!body) return body.error();
  auto change = parties.register_party(*body);
  if (!change) return change.error();
  Reply reply = reply_change(201, *change);
  reply.headers.emplace_back("Location", "/v1/parties/" + body->document.id.text());
  return reply;
}

Result<Reply> approve(space::Parties& parties, const Request& request) {
  auto id = request.id<PartyId>("id");
  if (!id) return id.error();
  auto body = request.body<ApprovePartyBody>();
  if (!body) return body.error();
  auto key = request.idempotency_key();
  if (!key) return key.error();
  auto change = parties.approve(request.principal, *id, *body, *key);
  if (!change) return change.error();
  return reply_change(200, *change);
}

Result<Reply> show_party(space::Parties& parties, const Request& request) {
  auto id = request.id<PartyId>("id");
  if (!id) return id.error();
  auto party = parties.find(request.principal, *id);
  if (!party) return party.error();
  return ok(PartyBody{*std::move(party)});
}

Result<Reply> list_parties(space::Parties& parties, const Request& request) {
  auto query = listing_by<PartyId>(request);
  if (!query) return query.error();
  auto page = parties.list(request.principal, query->cursor, query->limit);
  if (!page) return page.error();
  return ok(PartyListBody{std::move(page->next_cursor), std::move(page->items)});
}

Result<Reply> request_token(space::Actors& actors, const Request& request) {
  auto id = request.id<PartyId>("id");
  if (!id) return id.error();
  auto body = request.body<RequestTokenBody>();
  if (!body) return body.error();
  auto granted = actors.request_token(*id, *body);
  if (!granted) return granted.error();
  return reply_granted(*std::move(granted));
}

Result<Reply> add_actor(space::Actors& actors, const Request& request) {
  auto body = request.body<AddActorBody>();
  if (!body) return body.error();
  auto key = request.idempotency_key();
  if (!key) return key.error();
  auto granted = actors.add(request.principal, *body, *key);
  if (!granted) return granted.error();
  return reply_granted(*std::move(granted));
}

Result<Reply> list_actors(space::Actors& actors, const Request& request) {
  auto query = listing_by<ActorId>(request);
  if (!query) return query.error();
  auto page = actors.list(request.principal, query->cursor, query->limit);
  if (!page) return page.error();
  return ok(ActorListBody{std::move(page->items), std::move(page->next_cursor)});
}

Result<Reply> revoke_actor(space::Actors& actors, const Request& request) {
  auto id = request.id<ActorId>("id");
  if (!id) return id.error();
  auto key = request.idempotency_key();
  if (!key) return key.error();
  auto change = actors.revoke(request.principal, *id, *key);
  if (!change) return change.error();
  return reply_change(200, *change);
}

Result<Reply> erase_party(space::Erasures& erasures, const Request& request) {
  auto id = request.id<PartyId>("id");
  if (!id) return id.error();
  auto key = request.idempotency_key();
  if (!key) return key.error();
  auto change = erasures.erase_party(request.principal, *id, *key);
  if (!change) return change.error();
  return reply_change(200, *change);
}

Result<Reply> erase_actor(space::Erasures& erasures, const Request& request) {
  auto id = request.id<ActorId>("id");
  if (!id) return id.error();
  auto key = request.idempotency_key();
  if (!key) return key.error();
  auto change = erasures.erase_actor(request.principal, *id, *key);
  if (!change) return change.error();
  return reply_change(200, *change);
}

Result<Reply> add_key(space::Keys& keys, const Request& request) {
  auto id = request.id<PartyId>("id");
  if (!id) return id.error();
  auto body = request.body<AddKeyBody>();
  if (!body) return body.error();
  auto change = keys.add(*id, *body);
  if (!change) return change.error();
  return reply_change(201, *change);
}

Result<Reply> list_keys(space::Keys& keys, const Request& request) {
  auto id = request.id<PartyId>("id");
  if (!id) return id.error();
  auto list = keys.list(request.principal, *id);
  if (!list) return list.error();
  return ok(*list);
}

Result<Reply> retire_key(space::Keys& keys, const Request& request) {
  auto id = request.id<PartyId>("id");
  if (!id) return id.error();
  auto key = request.id<KeyId>("key");
  if (!key) return key.error();
  auto body = request.body<RetireKeyBody>();
  if (!body) return body.error();
  auto change = keys.retire(*id, *key, *body);
  if (!change) return change.error();
  return reply_change(201, *change);
}

Result<Reply> revoke_key(space::Keys& keys, const Request& request) {
  auto id = request.id<PartyId>("id");
  if (!id) return id.error();
  auto key = request.id<KeyId>("key");
  if (!key) return key.error();
  auto once = request.idempotency_key();
  if (!once) return once.error();
  auto change = keys.revoke(request.principal, *id, *key, *once);
  if (!change) return change.error();
  return reply_change(200, *change);
}

}  // namespace

void add_party_routes(Router& router, Services& services) {
  auto on = [&router](std::string_view method, std::string_view pattern,
                      const RouteOptions& options, auto handler, auto& service) {
    router.add(method, pattern, options,
               [handler, &service](const Request& request) { return handler(service, request); });
  };
  RouteOptions open{.body = BodyKind::json};
  RouteOptions approving{
      .scope = "parties:approve", .body = BodyKind::json, .needs_idempotency_key = true};
  RouteOptions adding{
      .scope = "actors:write", .body = BodyKind::json, .needs_idempotency_key = true};

  on("POST", "/v1/parties", open, register_party, services.parties);
  on("GET", "/v1/parties", {.scope = "parties:approve", .query = {"cursor", "limit"}}, list_parties,
     services.parties);
  on("GET", "/v1/parties/{id}", {.scope = "parties:read"}, show_party, services.parties);
  on("POST", "/v1/parties/{id}/approve", approving, approve, services.parties);
  on("POST", "/v1/parties/{id}/tokens", open, request_token, services.actors);
  on("POST", "/v1/parties/{id}/keys", open, add_key, services.keys);
  on("GET", "/v1/parties/{id}/keys", {.scope = "parties:read"}, list_keys, services.keys);
  on("POST", "/v1/parties/{id}/keys/{key}/retirement", open, retire_key, services.keys);
  on("POST", "/v1/parties/{id}/keys/{key}/revocation",
     {.scope = "parties:approve", .needs_idempotency_key = true}, revoke_key, services.keys);
  on("POST", "/v1/actors", adding, add_actor, services.actors);
  on("GET", "/v1/actors", {.scope = "actors:write", .query = {"cursor", "limit"}}, list_actors,
     services.actors);
  on("POST", "/v1/actors/{id}/revoke", {.scope = "actors:write", .needs_idempotency_key = true},
     revoke_actor, services.actors);
  RouteOptions erasing{.scope = "actors:write", .needs_idempotency_key = true};
  on("POST", "/v1/parties/{id}/erasure", erasing, erase_party, services.erasures);
  on("POST", "/v1/actors/{id}/erasure", erasing, erase_actor, services.erasures);
}

}  // namespace tally::api
