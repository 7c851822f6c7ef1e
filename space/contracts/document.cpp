#include "space/contracts/document.h"

#include <algorithm>

#include "space/contracts/purpose.h"

namespace tally::space {
namespace {

using core::Detail;
using core::Instant;
using Details = std::vector<Detail>;

std::string at(const std::string& pointer, std::size_t index) {
  return pointer + "/" + std::to_string(index);
}

void read_count(const DocumentConstraint& constraint,
                const std::string& pointer,
                Permission& permission,
                Details& found) {
  if (constraint.operator_ != "lteq") {
    found.push_back({pointer + "/operator", "not_allowed", "count is limited with lteq"});
  } else if (!constraint.value.is_integer()) {
    found.push_back(
        {pointer + "/value", "wrong_type", "count is a whole number from 1 to 1000000000"});
  } else if (constraint.value.as_integer() < 1 || constraint.value.as_integer() > 1'000'000'000) {
    found.push_back(
        {pointer + "/value", "out_of_range", "count is a whole number from 1 to 1000000000"});
  } else if (permission.uses_max != 0) {
    found.push_back({pointer, "not_allowed", "a permission has one count"});
  } else {
    permission.uses_max = static_cast<std::uint64_t>(constraint.value.as_integer());
  }
}

void read_date_time(const DocumentConstraint& constraint,
                    const std::string& pointer,
                    Permission& permission,
                    Details& found) {
  std::optional<Instant> value;
  if (constraint.value.is_string()) value = core::parse_time(constraint.value.as_string());
  if (!value) {
    found.push_back({pointer + "/value", "malformed",
                     "dateTime is an RFC 3339 time in UTC, such as 2027-01-01T00:00:00Z"});
    return;
  }
  // Times are whole milliseconds, so gt and lteq move by one.
  const std::string& op = constraint.operator_;
  bool is_start = op == "gteq" || op == "gt";
  if (!is_start && op != "lt" && op != "lteq") {
    found.push_back(
        {pointer + "/operator", "not_allowed", "dateTime is compared with gteq, gt, lt or lteq"});
    return;
  }
  auto& bound = is_start ? permission.not_before : permission.not_after;
  if (bound) {
    found.push_back({pointer, "not_allowed", "a permission has one start and one end"});
    return;
  }
  if (op == "gt" || op == "lteq") value->unix_ms += 1;
  if (!core::parse_time(core::format_time(*value))) {
    found.push_back({pointer + "/value", "out_of_range", "dateTime ends with the year 9999"});
    return;
  }
  bound = value;
}

void read_constraint(const DocumentConstraint& constraint,
                     const std::string& pointer,
                     Permission& permission,
                     Details& found) {
  if (constraint.operand == "count") return read_count(constraint, pointer, permission, found);
  if (constraint.operand == "dateTime")
    return read_date_time(constraint, pointer, permission, found);
  found.push_back({pointer + "/operand", "not_allowed",
                   "this version enforces count and dateTime, and files nothing else"});
}

Permission read_permission(const DocumentPermission& written,
                           const std::string& pointer,
                           Details& found) {
  Permission permission{written.actions, written.purpose, 0, std::nullopt, std::nullopt};
  for (std::size_t i = 0; i < written.purpose.size(); ++i) {
    if (is_purpose(written.purpose[i])) continue;
    found.push_back(
        {at(pointer + "/purpose", i), "not_allowed", "no such purpose in the tree of codes"});
  }
  for (std::size_t i = 0; i < written.constraints.size(); ++i) {
    read_constraint(written.constraints[i], at(pointer + "/constraints", i), permission, found);
  }
  if (permission.uses_max == 0 && found.empty()) {
    found.push_back({pointer + "/constraints", "missing",
                     "a permission needs a count (operand count, operator lteq)"});
  }
  if (permission.not_before && permission.not_after &&
      *permission.not_after <= *permission.not_before) {
    found.push_back({pointer + "/constraints", "out_of_range", "the end is not after the start"});
  }
  return permission;
}

bool overlap(const Permission& a, const Permission& b) {
  bool same_action = std::ranges::any_of(a.actions, [&](Action action) {
    return std::ranges::find(b.actions, action) != b.actions.end();
  });
  bool same_purpose = std::ranges::any_of(a.purposes, [&](const std::string& x) {
    return std::ranges::any_of(b.purposes, [&](const std::string& y) {
      return purpose_covers(x, y) || purpose_covers(y, x);
    });
  });
  return same_action && same_purpose;
}

}  // namespace

std::string_view action_name(Action action) {
  for (const auto& [value, name] : enum_names(Action{})) {
    if (value == action) return name;
  }
  TALLY_ASSERT(false);
}

core::Result<Terms> read_terms(const ContractDocument& document, const std::string& pointer) {
  Details found;
  if (document.format != contract_format) {
    found.push_back(
        {pointer + "/format", "not_allowed", "the format is " + std::string(contract_format)});
  }
  if (document.parties.provider == document.parties.consumer) {
    found.push_back({pointer + "/parties", "not_allowed", "provider and consumer are two parties"});
  }
  Terms terms{document.parties.provider, document.parties.consumer, document.dataset.id,
              document.dataset.version,  document.dataset.digest,   {}};
  for (std::size_t i = 0; i < document.permissions.size(); ++i) {
    std::string here = at(pointer + "/permissions", i);
    terms.permissions.push_back(read_permission(document.permissions[i], here, found));
    for (std::size_t k = 0; k < i; ++k) {
      if (!overlap(terms.permissions[k], terms.permissions[i])) continue;
      found.push_back({here, "not_allowed",
                       "it overlaps with permission " + std::to_string(k) +
                           ": which count would a use spend?"});
    }
  }
  if (!found.empty()) {
    return core::Error{core::Refusal::invalid, "request.invalid", "the contract cannot be filed",
                       std::move(found)};
  }
  return terms;
}

}  // namespace tally::space
