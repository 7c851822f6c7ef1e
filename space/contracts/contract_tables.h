// Contracts as they stand in their tables, and the entry that moves a contract's own chain.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/sql/session.h"
#include "ledger/ledger.h"
#include "space/contracts/contract.h"
#include "space/contracts/document.h"
#include "space/contracts/entries.h"
#include "space/datasets/dataset.h"

namespace tally::space {

// The row of a contract.
struct ContractRow {
  ContractId id;
  core::Hash document;
  PartyId provider;
  PartyId consumer;
  DatasetId dataset;
  std::uint64_t version = 0;
  ContractState state = ContractState::offered;
  std::uint64_t seq = 0;  // of its next entry
  core::Hash prev;
  std::uint64_t uses = 0;
  core::Instant offered_at;
  std::optional<core::Instant> active_at;
  std::optional<core::Instant> ended_at;
};

std::optional<ContractRow> find_contract(core::sql::Session& session, const ContractId& id);
std::vector<std::uint64_t> list_used(core::sql::Session& session, const ContractId& id);
void store_chain(core::sql::Tx& tx,
                 const ContractId& id,
                 std::uint64_t seq,
                 const core::Hash& prev);

// Appends an entry about a contract and moves the contract's chain. `Body` has the three chain
// members. The contract's row must be there.
template <class Body>
ledger::ReceiptPtr append_contract_entry(core::sql::Tx& tx,
                                         ledger::Ledger& ledger,
                                         std::string_view by,
                                         const ContractRow& contract,
                                         Body body) {
  body.contract = contract.id;
  body.contract_seq = contract.seq;
  body.contract_prev = contract.prev;
  auto receipt = ledger.append(tx, Body::kind, by, core::canonical(body));
  store_chain(tx, contract.id, contract.seq + 1, receipt->hash);
  return receipt;
}

// What a consumer holds by an active contract.
struct ActiveContract {
  ContractRow row;
  PartyId provider;
  DatasetId dataset;
  std::uint64_t version = 0;
  std::uint64_t uses = 0;  // made so far
};

// A contract that lets its consumer act for `purpose` now, count aside. Refusals in this order:
// contract.not_found (404; also when the party is not its consumer), contract.document_erased,
// contract.held, then those of decide_use.
core::Result<ActiveContract> require_active(core::sql::Session& session,
                                            const ContractId& id,
                                            const PartyId& consumer,
                                            std::string_view purpose,
                                            core::Instant now);

// What is fixed once a contract is filed, read once and kept.
struct Agreement {
  ContractId id;
  // The entry that erased the document; then the terms name the parties and the dataset alone.
  std::optional<std::uint64_t> erased_under;
  core::Hash document;
  std::string document_bytes;
  Terms terms;
  DatasetVersion version;  // published, so it never changes
};

// Throws Broken when what is filed cannot be read: it was, when it was filed.
Agreement read_agreement(core::sql::Session& session, const ContractRow& row);

// Null unless the contract is there and the party is one of its two: foreign ids are unknown ids.
std::optional<ContractRow> find_visible(core::sql::Session& session,
                                        const ContractId& id,
                                        const PartyId& party);

core::Error contract_not_found();
core::Error document_erased(const ContractId& id, std::uint64_t seq);  // gone

}  // namespace tally::space
