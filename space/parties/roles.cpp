#include "space/parties/roles.h"

#include <algorithm>

#include "core/assert.h"

namespace tally::space {
namespace {

ScopeSet scopes_of(Role role) {
  using enum Scope;
  switch (role) {
    case Role::operator_:
      return {parties_approve, parties_read, ledger_read, clock_acknowledge, actors_write};
    case Role::provider:
      return {datasets_write, datasets_read, contracts_write, contracts_read,
              projects_read,  parties_read,  actors_write};
    case Role::consumer:
      return {datasets_read, contracts_write, contracts_read,
              contracts_use, parties_read,    actors_write};
    case Role::labeler:
      return {datasets_read, contracts_write, contracts_read, contracts_use, projects_write,
              projects_read, tasks_work,      parties_read,   actors_write};
    case Role::auditor:
      return {ledger_read, parties_read};
  }
  core::assertion_failed("a role without scopes", __FILE__, __LINE__);
}

template <class Enum>
std::optional<Enum> find_name(std::string_view name) {
  for (const auto& [value, text] : enum_names(Enum{})) {
    if (text == name) return value;
  }
  return std::nullopt;
}

}  // namespace

std::optional<Scope> find_scope(std::string_view name) { return find_name<Scope>(name); }

template <class Enum>
std::optional<NameSet<Enum>> NameSet<Enum>::parse(std::string_view text) {
  NameSet set;
  while (!text.empty()) {
    std::size_t end = std::min(text.find(' '), text.size());
    auto member = find_name<Enum>(text.substr(0, end));
    if (!member) return std::nullopt;
    set.add(*member);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return set;
}

template <class Enum>
std::string NameSet<Enum>::text() const {
  std::string text;
  for (const auto& [value, name] : enum_names(Enum{})) {
    if (!has(value)) continue;
    if (!text.empty()) text += ' ';
    text += name;
  }
  return text;
}

template <class Enum>
std::vector<Enum> NameSet<Enum>::list() const {
  std::vector<Enum> members;
  for (const auto& [value, name] : enum_names(Enum{})) {
    if (has(value)) members.push_back(value);
  }
  return members;
}

template class NameSet<Role>;
template class NameSet<Scope>;

ScopeSet scopes_of(RoleSet roles) {
  ScopeSet scopes;
  for (Role role : roles.list()) scopes = scopes | scopes_of(role);
  return scopes;
}

}  // namespace tally::space
