// Who is asking: the actor behind a token that was checked.
#pragma once

#include <string_view>

#include "core/result.h"
#include "core/time.h"
#include "space/ids.h"
#include "space/parties/roles.h"

namespace tally::space {

struct Principal {
  ActorId actor;
  PartyId party;
  ScopeSet scopes;
  core::Instant expires_at;

  bool has(Scope scope) const { return scopes.has(scope); }
  bool has(std::string_view scope) const {
    auto known = find_scope(scope);
    return known && scopes.has(*known);
  }

  bool operator==(const Principal&) const = default;
};

// Forbidden: scope.missing.
core::Result<core::Done> require(const Principal& principal, Scope scope);

}  // namespace tally::space
