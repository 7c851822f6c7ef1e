// Roles and scopes: what a party may be, and what a token may do.
//
// A scope is `<noun>:<verb>`; a role is a named set of scopes. A token carries scopes, never roles.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tally::space {

enum class Role : std::uint8_t { operator_, provider, consumer, labeler, auditor };
constexpr auto enum_names(Role) {
  using Name = std::pair<Role, std::string_view>;
  return std::array{Name{Role::operator_, "operator"}, Name{Role::provider, "provider"},
                    Name{Role::consumer, "consumer"}, Name{Role::labeler, "labeler"},
                    Name{Role::auditor, "auditor"}};
}

enum class Scope : std::uint8_t {
  parties_approve,
  parties_read,
  actors_write,
  datasets_write,
  datasets_read,
  contracts_write,
  contracts_read,
  contracts_use,
  projects_write,
  projects_read,
  tasks_work,
  ledger_read,
  clock_acknowledge,
};
constexpr auto enum_names(Scope) {
  using Name = std::pair<Scope, std::string_view>;
  return std::array{Name{Scope::parties_approve, "parties:approve"},
                    Name{Scope::parties_read, "parties:read"},
                    Name{Scope::actors_write, "actors:write"},
                    Name{Scope::datasets_write, "datasets:write"},
                    Name{Scope::datasets_read, "datasets:read"},
                    Name{Scope::contracts_write, "contracts:write"},
                    Name{Scope::contracts_read, "contracts:read"},
                    Name{Scope::contracts_use, "contracts:use"},
                    Name{Scope::projects_write, "projects:write"},
                    Name{Scope::projects_read, "projects:read"},
                    Name{Scope::tasks_work, "tasks:work"},
                    Name{Scope::ledger_read, "ledger:read"},
                    Name{Scope::clock_acknowledge, "clock:acknowledge"}};
}

std::optional<Scope> find_scope(std::string_view name);

// A set of enumerators with names. Its text is the names in the order of the enum, a blank between
// two: the spelling in tables.
template <class Enum>
class NameSet {
 public:
  constexpr NameSet() = default;
  constexpr NameSet(std::initializer_list<Enum> members) {
    for (Enum member : members) add(member);
  }
  explicit NameSet(const std::vector<Enum>& members) {
    for (Enum member : members) add(member);
  }

  static std::optional<NameSet> parse(std::string_view text);
  std::string text() const;
  std::vector<Enum> list() const;

  constexpr void add(Enum member) { bits_ |= bit(member); }
  constexpr bool has(Enum member) const { return (bits_ & bit(member)) != 0; }
  constexpr bool contains(NameSet other) const { return (other.bits_ & ~bits_) == 0; }
  constexpr bool is_empty() const { return bits_ == 0; }
  constexpr NameSet operator|(NameSet other) const {
    other.bits_ |= bits_;
    return other;
  }
  constexpr bool operator==(const NameSet&) const = default;

 private:
  static constexpr std::uint32_t bit(Enum member) {
    return std::uint32_t{1} << static_cast<unsigned>(member);
  }
  std::uint32_t bits_ = 0;
};

using RoleSet = NameSet<Role>;
using ScopeSet = NameSet<Scope>;

// What a party with these roles may let a token do.
ScopeSet scopes_of(RoleSet roles);

}  // namespace tally::space
