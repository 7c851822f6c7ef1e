#include "space/parties/principal.h"

#include <string>

namespace tally::space {

core::Result<core::Done> require(const Principal& principal, Scope scope) {
  if (principal.has(scope)) return core::Done{};
  return core::Error{core::Refusal::forbidden, "scope.missing",
                     "the token does not carry the scope " + ScopeSet{scope}.text()};
}

}  // namespace tally::space
