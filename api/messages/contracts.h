// The messages of /v1/contracts and /v1/uses.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/mapping.h"
#include "space/contracts/contract.h"
#include "space/contracts/contract_view.h"
#include "space/signing.h"
#include "space/uses/uses.h"

namespace tally::api {

struct OfferBody {
  core::Json document;
  space::KeyId key;
  space::Signature signature;

  static constexpr auto fields = core::FieldList{core::field("document", &OfferBody::document),
                                                 core::field("key", &OfferBody::key),
                                                 core::field("signature", &OfferBody::signature)};
};

struct AcceptBody {
  core::Hash document;
  space::KeyId key;
  space::Signature signature;

  static constexpr auto fields = core::FieldList{core::field("document", &AcceptBody::document),
                                                 core::field("key", &AcceptBody::key),
                                                 core::field("signature", &AcceptBody::signature)};
};

struct TerminateBody {
  core::Json document;
  space::KeyId key;
  space::Signature signature;

  static constexpr auto fields = core::FieldList{
      core::field("document", &TerminateBody::document), core::field("key", &TerminateBody::key),
      core::field("signature", &TerminateBody::signature)};
};

struct ConfirmBody {
  core::Json document;
  space::KeyId key;
  space::Signature signature;

  static constexpr auto fields = core::FieldList{core::field("document", &ConfirmBody::document),
                                                 core::field("key", &ConfirmBody::key),
                                                 core::field("signature", &ConfirmBody::signature)};
};

struct DecisionBody {
  bool allowed = false;
  std::vector<space::Check> checks;
  std::uint64_t rule = 0;

  static constexpr auto fields = core::FieldList{core::field("allowed", &DecisionBody::allowed),
                                                 core::field("checks", &DecisionBody::checks),
                                                 core::field("rule", &DecisionBody::rule)};
};

struct ContractListBody {
  std::vector<space::ContractView> contracts;
  std::optional<std::string> next_cursor;

  static constexpr auto fields =
      core::FieldList{core::field("contracts", &ContractListBody::contracts),
                      core::field("next_cursor", &ContractListBody::next_cursor)};
};

struct RecordedUseBody {
  space::UseView use;

  static constexpr auto fields = core::FieldList{core::field("use", &RecordedUseBody::use)};
};

// The answer to a use: a page of records, or a grant, or the receipt alone. The route writes it
// without these, since a page is text already.
struct UseReceiptBody {
  std::uint64_t count_after = 0;
  std::uint64_t count_before = 0;
  std::uint64_t limit = 0;
  std::string proof;  // a .tlog-proof file
  std::uint64_t seq = 0;
  space::UseId use;

  static constexpr auto fields =
      core::FieldList{core::field("count_after", &UseReceiptBody::count_after),
                      core::field("count_before", &UseReceiptBody::count_before),
                      core::field("limit", &UseReceiptBody::limit),
                      core::field("proof", &UseReceiptBody::proof, core::length(1, 64 * 1024)),
                      core::field("seq", &UseReceiptBody::seq),
                      core::field("use", &UseReceiptBody::use)};
};
struct UseAnswerBody {
  std::optional<space::SignedGrant> grant;
  UseReceiptBody receipt;
  std::optional<std::vector<core::Json>> records;
  std::optional<std::uint64_t> total_records;  // of the version

  static constexpr auto fields = core::FieldList{
      core::field("grant", &UseAnswerBody::grant), core::field("receipt", &UseAnswerBody::receipt),
      core::field("records", &UseAnswerBody::records),
      core::field("total_records", &UseAnswerBody::total_records)};
};

}  // namespace tally::api
