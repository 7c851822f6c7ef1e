// The contract document: what both parties sign, over its canonical bytes.
//
//   {"dataset":{"digest":"<64 hex>","id":"dst_..","version":1},
//    "format":"tallystick/contract/v1",
//    "nonce":"<32 hex>",
//    "parties":{"consumer":"pty_..","provider":"pty_.."},
//    "permissions":[{"actions":["read"],
//                    "constraints":[{"operand":"count","operator":"lteq","value":5},
//                                   {"operand":"dateTime","operator":"lt","value":"2027-01-01T00:00:00Z"}],
//                    "purpose":["labeling"]}]}
//
// Vocabulary: ODRL 2.2 and TC609-6-2025-14, of which this version evaluates `purpose`, `count` and
// `dateTime`. A document with anything else is refused, never filed and ignored: a rule that nobody
// enforces must not look agreed. The nonce keeps the digest from being guessed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/mapping.h"
#include "space/ids.h"

namespace tally::space {

inline constexpr std::string_view contract_format = "tallystick/contract/v1";

// What a use does: read a page of records, download the whole, or obtain a grant for data that the
// space does not hold.
enum class Action : std::uint8_t { read, download, access };
constexpr auto enum_names(Action) {
  return std::array{std::pair{Action::read, std::string_view("read")},
                    std::pair{Action::download, std::string_view("download")},
                    std::pair{Action::access, std::string_view("access")}};
}
std::string_view action_name(Action action);

struct DocumentParties {
  PartyId consumer;
  PartyId provider;

  static constexpr auto fields =
      core::FieldList{core::field("consumer", &DocumentParties::consumer),
                      core::field("provider", &DocumentParties::provider)};
};

struct DocumentDataset {
  core::Hash digest;
  DatasetId id;
  std::uint64_t version = 0;

  static constexpr auto fields = core::FieldList{
      core::field("digest", &DocumentDataset::digest), core::field("id", &DocumentDataset::id),
      core::field("version", &DocumentDataset::version, core::range(1, 1'000'000))};
};

struct DocumentConstraint {
  std::string operand;
  std::string operator_;
  core::Json value;

  static constexpr auto fields =
      core::FieldList{core::field("operand", &DocumentConstraint::operand, core::length(1, 64)),
                      core::field("operator", &DocumentConstraint::operator_, core::length(1, 32)),
                      core::field("value", &DocumentConstraint::value)};
};

struct DocumentPermission {
  std::vector<Action> actions;
  std::vector<DocumentConstraint> constraints;
  std::vector<std::string> purpose;

  static constexpr auto fields = core::FieldList{
      core::field("actions", &DocumentPermission::actions, core::length(1, 3)),
      core::field("constraints", &DocumentPermission::constraints, core::length(1, 16)),
      core::field("purpose", &DocumentPermission::purpose, core::length(1, 16))};
};

struct ContractDocument {
  DocumentDataset dataset;
  std::string format;
  std::string nonce;
  DocumentParties parties;
  std::vector<DocumentPermission> permissions;

  static constexpr auto fields = core::FieldList{
      core::field("dataset", &ContractDocument::dataset),
      core::field("format", &ContractDocument::format),
      core::field("nonce", &ContractDocument::nonce, core::matches_hex(32)),
      core::field("parties", &ContractDocument::parties),
      core::field("permissions", &ContractDocument::permissions, core::length(1, 8))};
};

// A permission as it is enforced. Times are half-open: [not_before, not_after).
struct Permission {
  std::vector<Action> actions;
  std::vector<std::string> purposes;
  std::uint64_t uses_max = 0;
  std::optional<core::Instant> not_before;
  std::optional<core::Instant> not_after;
};

// A document that this version can enforce in full.
struct Terms {
  PartyId provider;
  PartyId consumer;
  DatasetId dataset;
  std::uint64_t version = 0;
  core::Hash dataset_digest;
  std::vector<Permission> permissions;
};

// Refuses (request.invalid, with a detail for each finding and pointers under `pointer`) what is not
// understood: format, purposes, operands, operators, values; two permissions that both cover one
// action and purpose; a permission without a count.
core::Result<Terms> read_terms(const ContractDocument& document, const std::string& pointer);

}  // namespace tally::space
