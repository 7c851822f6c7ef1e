// Metered uses: recorded before released, counted exactly.
//
// A use opens and checks the content first, then decides, moves the meter and appends the ledger
// entry in one durable transaction; only then does a byte leave. A refused use spends nothing and
// does not burn its key. The same key delivers the same bytes again without charge, to the same
// party, `redeliveries_max` times within `replay_window_ms` and while the contract permits use; each
// repetition is an entry. After that the key answers with the receipt alone.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "core/signature.h"
#include "ledger/journal.h"
#include "space/contracts/contracts.h"
#include "space/datasets/content.h"
#include "space/parties/principal.h"

namespace tally::space {

struct UseLimits {
  std::int64_t replay_window_ms = 24 * 3'600'000;
  std::uint64_t redeliveries_max = 3;
};

// What is asked. Without `action`: `read` when a page is named, else what the dataset offers,
// `download` or `access`.
struct UseCommand {
  std::string purpose;
  std::optional<Action> action;
  std::optional<std::uint64_t> from;
  std::optional<std::uint64_t> limit;

  static constexpr auto fields = core::FieldList{
      core::field("purpose", &UseCommand::purpose, core::length(1, 128)),
      core::field("action", &UseCommand::action), core::field("from", &UseCommand::from),
      core::field("limit", &UseCommand::limit, core::range(1, 1'000))};
};

// A signed word of the operator, for data that the space does not hold: whoever holds the data may
// release it to the consumer once.
struct Grant {
  UseId use;
  ContractId contract;
  PartyId consumer;
  DatasetId dataset;
  std::uint64_t version = 0;
  core::Hash digest;
  std::string purpose;
  core::Instant issued_at;

  static constexpr auto fields = core::FieldList{
      core::field("use", &Grant::use),           core::field("contract", &Grant::contract),
      core::field("consumer", &Grant::consumer), core::field("dataset", &Grant::dataset),
      core::field("version", &Grant::version),   core::field("digest", &Grant::digest),
      core::field("purpose", &Grant::purpose),   core::field("issued_at", &Grant::issued_at)};
};

// A grant and the operator's signature, as they travel. Signed is the text
//
//   tallystick/grant/v1\n<origin>\n<SHA-256 of the document, hex>\n
//
// by the key that is named, which is one of the operator's party (space/parties/party_key.h).
struct SignedGrant {
  Grant document;
  KeyId key;
  Signature signature;

  static constexpr auto fields = core::FieldList{core::field("document", &SignedGrant::document),
                                                 core::field("key", &SignedGrant::key),
                                                 core::field("signature", &SignedGrant::signature)};
};

// A use that was recorded, as the parties of its contract see it.
struct UseView {
  core::Instant at;
  ContractId contract;
  std::uint64_t count_after = 0;
  std::uint64_t count_before = 0;
  UseId id;
  std::uint64_t redeliveries = 0;
  std::uint64_t rule = 0;
  std::uint64_t seq = 0;  // of its entry
  std::string state;      // recorded, voided

  static constexpr auto fields =
      core::FieldList{core::field("at", &UseView::at),
                      core::field("contract", &UseView::contract),
                      core::field("count_after", &UseView::count_after),
                      core::field("count_before", &UseView::count_before),
                      core::field("id", &UseView::id),
                      core::field("redeliveries", &UseView::redeliveries),
                      core::field("rule", &UseView::rule),
                      core::field("seq", &UseView::seq),
                      core::field("state", &UseView::state)};
};

// The content of a version as a whole, opened and checked; `next` gives it piece by piece.
struct OpenedFile {
  std::string media_type;
  std::uint64_t bytes = 0;
  std::function<bool(std::string& piece)> next;
};

// What a use is answered with. Exactly one of page, file and grant, or none when the key is too old
// for another delivery.
struct UseAnswer {
  UseId use;
  std::uint64_t seq = 0;
  std::uint64_t count_before = 0;
  std::uint64_t count_after = 0;
  std::uint64_t limit = 0;
  std::string receipt;                               // a .tlog-proof file
  std::optional<std::uint64_t> redelivery_seq = {};  // of the entry about this repetition
  bool repeated = false;
  std::optional<RecordPage> page;
  std::optional<OpenedFile> file;
  std::optional<std::string> grant;  // canonical SignedGrant
};

class Uses {
 public:
  // `secret` keys the digests of idempotency keys; whoever has it can test guesses.
  Uses(ledger::Journal& journal,
       Contracts& contracts,
       ContentStore& content,
       const core::SigningKey& operator_key,
       std::string secret,
       UseLimits limits = {});

  // Before anything is served.
  void sign_grants_with(const core::SigningKey& key) { operator_key_ = key; }

  // Refusals, in this order: contract.not_found, contract.not_consumer, use.no_such_delivery,
  // those of ContentStore::open_page, idempotency_key.reused, use.voided, contract.held, those of
  // decide_use.
  core::Result<UseAnswer> use(const Principal& caller,
                              const ContractId& contract,
                              const std::string& key,
                              const UseCommand& command);

  // Every check of the decision that use() would make now, without making it.
  core::Result<Decision> preview(const Principal& caller,
                                 const ContractId& contract,
                                 const UseCommand& command);

  // The use as its parties may see it, and its receipt. Refusal: use.not_found.
  core::Result<UseView> show(const Principal& caller, const UseId& use);
  core::Result<ledger::Receipt> receipt(const Principal& caller, const UseId& use);

  // The server could not deliver what it had recorded: the count goes back, the reason stays.
  void make_void(const UseId& use, const std::string& reason);

 private:
  struct Plan;
  struct Recorded;

  core::Result<Plan> plan(const Principal& caller,
                          const ContractId& contract,
                          const UseCommand& command);
  core::Result<core::Done> open_content(Plan& plan);
  OpenedFile open_file(const DatasetVersion& version);
  core::Result<Recorded> record(core::sql::Tx& tx, const Plan& plan);
  core::Result<Recorded> repeat(core::sql::Tx& tx, const Plan& plan, Recorded earlier);
  std::string make_grant(const Plan& plan, const Recorded& recorded) const;

  ledger::Journal& journal_;
  Contracts& contracts_;
  ContentStore& content_;
  core::SigningKey operator_key_;
  std::string secret_;
  UseLimits limits_;
};

}  // namespace tally::space
