#include "space/parties/authenticator.h"

#include <optional>
#include <string>

#include "space/parties/party_tables.h"
#include "space/parties/token.h"

namespace tally::space {
namespace {

using core::Error;
using core::Hash;
using core::Refusal;
using core::Result;

Error refuse(std::string code, std::string message) {
  return {Refusal::unauthenticated, std::move(code), std::move(message)};
}

}  // namespace

Result<Principal> Authenticator::authenticate(std::string_view token) {
  if (token.empty()) return refuse("token.missing", "this request needs a token");
  Hash hash = token_hash(token);
  auto known = kept_.with([&](const Kept& kept) -> std::optional<Principal> {
    auto found = kept.by_token.find(hash);
    if (found == kept.by_token.end()) return std::nullopt;
    return found->second;
  });
  if (known) return admit(*known);
  return look_up(hash);
}

Result<Principal> Authenticator::look_up(const Hash& hash) {
  auto generation = kept_.with([](const Kept& kept) { return kept.generation; });
  auto actor = readers_.read(
      [&](core::sql::Session& session) { return find_actor_by_token(session, hash); });
  if (!actor) return refuse("token.unknown", "nobody holds this token");
  if (actor->state == ActorState::revoked) {
    return refuse("token.revoked", "this token was revoked");
  }
  Principal principal{actor->id, actor->party, actor->scopes, actor->expires_at};
  kept_.with([&](Kept& kept) {
    if (kept.generation != generation) return;
    if (kept.by_token.size() >= kept_max_) kept.by_token.clear();
    kept.by_token.emplace(hash, principal);
  });
  return admit(principal);
}

Result<Principal> Authenticator::admit(const Principal& principal) const {
  if (clock_.now() < principal.expires_at) return principal;
  return refuse("token.expired", "this token ended at " + core::format_time(principal.expires_at));
}

void Authenticator::forget() {
  kept_.with([](Kept& kept) {
    kept.by_token.clear();
    ++kept.generation;
  });
}

}  // namespace tally::space
