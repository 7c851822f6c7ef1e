// The messages of /v1/contracts and /v1/uses.
#pragma once

#include <tuple>
#include <vector>

#include "core/mapping.h"
#include "space/contracts/contract.h"
#include "space/signing.h"

namespace tally::api {

struct OfferBody {
  core::Json document;
  space::KeyId key;
  space::Signature signature;

  static constexpr auto fields =
      std::tuple{core::field("document", &OfferBody::document), core::field("key", &OfferBody::key),
                 core::field("signature", &OfferBody::signature)};
};

struct AcceptBody {
  core::Hash document;
  space::KeyId key;
  space::Signature signature;

  static constexpr auto fields = std::tuple{core::field("document", &AcceptBody::document),
                                            core::field("key", &AcceptBody::key),
                                            core::field("signature", &AcceptBody::signature)};
};

struct TerminateBody {
  core::Json document;
  space::KeyId key;
  space::Signature signature;

  static constexpr auto fields = std::tuple{core::field("document", &TerminateBody::document),
                                            core::field("key", &TerminateBody::key),
                                            core::field("signature", &TerminateBody::signature)};
};

struct DecisionBody {
  bool allowed = false;
  std::vector<space::Check> checks;
  std::uint64_t rule = 0;

  static constexpr auto fields = std::tuple{core::field("allowed", &DecisionBody::allowed),
                                            core::field("checks", &DecisionBody::checks),
                                            core::field("rule", &DecisionBody::rule)};
};

}  // namespace tally::api
