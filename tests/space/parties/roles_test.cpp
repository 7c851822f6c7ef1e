#include "space/parties/roles.h"

#include <doctest/doctest.h>

#include "space/parties/principal.h"

using namespace tally;
using namespace tally::space;

TEST_CASE("roles: a set is spelled in the order of the enum, and read back") {
  ScopeSet set{Scope::tasks_work, Scope::datasets_read};
  CHECK(set.text() == "datasets:read tasks:work");
  CHECK(ScopeSet::parse("datasets:read tasks:work") == set);
  CHECK(ScopeSet::parse("")->is_empty());
  CHECK(set.list() == std::vector<Scope>{Scope::datasets_read, Scope::tasks_work});
  CHECK_FALSE(ScopeSet::parse("datasets:read tasks"));
  CHECK_FALSE(ScopeSet::parse("datasets:read  tasks:work"));
}

TEST_CASE("roles: a set contains what each of its members allows and no more") {
  ScopeSet set{Scope::tasks_work, Scope::datasets_read};
  CHECK(set.contains(ScopeSet{Scope::tasks_work}));
  CHECK(set.contains({}));
  CHECK_FALSE(set.contains({Scope::tasks_work, Scope::projects_read}));
  CHECK(find_scope("tasks:work") == Scope::tasks_work);
  CHECK_FALSE(find_scope("tasks"));
}

TEST_CASE("roles: every scope belongs to some role, and a role's are a set") {
  ScopeSet all;
  for (const auto& [role, name] : enum_names(Role{})) {
    CHECK_FALSE(scopes_of(RoleSet{role}).is_empty());
    all = all | scopes_of(RoleSet{role});
  }
  for (const auto& [scope, name] : enum_names(Scope{})) CHECK(all.has(scope));
  RoleSet both{Role::provider, Role::consumer};
  CHECK(scopes_of(both) ==
        (scopes_of(RoleSet{Role::provider}) | scopes_of(RoleSet{Role::consumer})));
  CHECK_FALSE(scopes_of(both).has(Scope::parties_approve));
  CHECK(scopes_of(RoleSet{}).is_empty());
}

TEST_CASE("roles: what a token does not carry is refused by name") {
  Principal principal;
  principal.scopes = {Scope::tasks_work};
  CHECK(require(principal, Scope::tasks_work));
  auto refused = require(principal, Scope::clock_acknowledge);
  REQUIRE(!refused);
  CHECK(refused.error().code == "scope.missing");
  CHECK(refused.error().kind == core::Refusal::forbidden);
  CHECK(refused.error().message.find("clock:acknowledge") != std::string::npos);
}
