// What the ledger says about contracts: the bodies of its entries (schemas/entries).
//
// Every body about a contract begins its own chain: `contract`, `contract_seq` and `contract_prev`,
// the leaf hash of that contract's entry before, of whatever kind.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/mapping.h"
#include "ledger/ledger.h"
#include "space/ids.h"
#include "space/signing.h"

namespace tally::space {

struct ContractOffered {
  static constexpr std::string_view kind = "contract.offered/1";
  ContractId contract{};
  core::Hash contract_prev{};
  std::uint64_t contract_seq = 0;
  PartyId consumer{};
  DatasetId dataset{};
  core::Hash dataset_digest{};
  core::Hash document{};
  KeyId key{};
  PartyId provider{};
  std::string salt{};
  Signature signature{};
  std::uint64_t version = 0;

  static constexpr auto fields =
      core::FieldList{core::field("contract", &ContractOffered::contract),
                      core::field("contract_prev", &ContractOffered::contract_prev),
                      core::field("contract_seq", &ContractOffered::contract_seq),
                      core::field("consumer", &ContractOffered::consumer),
                      core::field("dataset", &ContractOffered::dataset),
                      core::field("dataset_digest", &ContractOffered::dataset_digest),
                      core::field("document", &ContractOffered::document),
                      core::field("key", &ContractOffered::key),
                      core::field("provider", &ContractOffered::provider),
                      core::field("salt", &ContractOffered::salt),
                      core::field("signature", &ContractOffered::signature),
                      core::field("version", &ContractOffered::version)};
};

struct ContractAccepted {
  static constexpr std::string_view kind = "contract.accepted/1";
  ContractId contract{};
  core::Hash contract_prev{};
  std::uint64_t contract_seq = 0;
  PartyId consumer{};
  core::Hash document{};
  KeyId key{};
  std::string salt{};
  Signature signature{};

  static constexpr auto fields =
      core::FieldList{core::field("contract", &ContractAccepted::contract),
                      core::field("contract_prev", &ContractAccepted::contract_prev),
                      core::field("contract_seq", &ContractAccepted::contract_seq),
                      core::field("consumer", &ContractAccepted::consumer),
                      core::field("document", &ContractAccepted::document),
                      core::field("key", &ContractAccepted::key),
                      core::field("salt", &ContractAccepted::salt),
                      core::field("signature", &ContractAccepted::signature)};
};

struct ContractTerminated {
  static constexpr std::string_view kind = "contract.terminated/1";
  ContractId contract{};
  core::Hash contract_prev{};
  std::uint64_t contract_seq = 0;
  core::Hash document{};  // the termination that was signed
  KeyId key{};
  PartyId party{};
  std::string salt{};
  Signature signature{};

  static constexpr auto fields =
      core::FieldList{core::field("contract", &ContractTerminated::contract),
                      core::field("contract_prev", &ContractTerminated::contract_prev),
                      core::field("contract_seq", &ContractTerminated::contract_seq),
                      core::field("document", &ContractTerminated::document),
                      core::field("key", &ContractTerminated::key),
                      core::field("party", &ContractTerminated::party),
                      core::field("salt", &ContractTerminated::salt),
                      core::field("signature", &ContractTerminated::signature)};
};

struct UseRecorded {
  static constexpr std::string_view kind = "use.recorded/1";
  std::string action{};
  std::string auth{};  // "token": only the operator vouches for who asked
  ContractId contract{};
  core::Hash contract_prev{};
  std::uint64_t contract_seq = 0;
  std::uint64_t count_after = 0;
  std::uint64_t count_before = 0;
  DatasetId dataset{};
  core::Hash document{};
  core::Hash key{};  // keyed digest of the Idempotency-Key
  std::uint64_t limit = 0;
  std::string purpose{};
  core::Hash request{};  // keyed digest of the request
  std::uint64_t rule = 0;
  std::string salt{};
  std::string unit{};
  UseId use{};
  std::uint64_t version = 0;

  static constexpr auto fields =
      core::FieldList{core::field("action", &UseRecorded::action),
                      core::field("auth", &UseRecorded::auth),
                      core::field("contract", &UseRecorded::contract),
                      core::field("contract_prev", &UseRecorded::contract_prev),
                      core::field("contract_seq", &UseRecorded::contract_seq),
                      core::field("count_after", &UseRecorded::count_after),
                      core::field("count_before", &UseRecorded::count_before),
                      core::field("dataset", &UseRecorded::dataset),
                      core::field("document", &UseRecorded::document),
                      core::field("key", &UseRecorded::key),
                      core::field("limit", &UseRecorded::limit),
                      core::field("purpose", &UseRecorded::purpose),
                      core::field("request", &UseRecorded::request),
                      core::field("rule", &UseRecorded::rule),
                      core::field("salt", &UseRecorded::salt),
                      core::field("unit", &UseRecorded::unit),
                      core::field("use", &UseRecorded::use),
                      core::field("version", &UseRecorded::version)};
};

struct UseRedelivered {
  static constexpr std::string_view kind = "use.redelivered/1";
  ContractId contract{};
  core::Hash contract_prev{};
  std::uint64_t contract_seq = 0;
  std::uint64_t delivery = 0;  // 1 for the first repetition
  std::string salt{};
  UseId use{};

  static constexpr auto fields =
      core::FieldList{core::field("contract", &UseRedelivered::contract),
                      core::field("contract_prev", &UseRedelivered::contract_prev),
                      core::field("contract_seq", &UseRedelivered::contract_seq),
                      core::field("delivery", &UseRedelivered::delivery),
                      core::field("salt", &UseRedelivered::salt),
                      core::field("use", &UseRedelivered::use)};
};

struct UseVoided {
  static constexpr std::string_view kind = "use.voided/1";
  ContractId contract{};
  core::Hash contract_prev{};
  std::uint64_t contract_seq = 0;
  std::uint64_t count_after = 0;
  std::string reason{};  // a code: content_unreadable
  std::uint64_t rule = 0;
  std::string salt{};
  UseId use{};

  static constexpr auto fields =
      core::FieldList{core::field("contract", &UseVoided::contract),
                      core::field("contract_prev", &UseVoided::contract_prev),
                      core::field("contract_seq", &UseVoided::contract_seq),
                      core::field("count_after", &UseVoided::count_after),
                      core::field("reason", &UseVoided::reason),
                      core::field("rule", &UseVoided::rule),
                      core::field("salt", &UseVoided::salt),
                      core::field("use", &UseVoided::use)};
};

}  // namespace tally::space
