// A ledger that was lost in part goes on under another name.
//
// A log that has signed 1,000 entries must never sign a second history from entry 900 on. So what was saved
// is continued by a new log: its entry 0 names the old one, the largest size that anybody saw signed, and
// what is carried; then stand the old entries, each in one of the new (`entry.carried/1`), and receipts that
// prove more than could be carried (`entry.recovered/1`). `ledger.continued/1` ends that. From there on every
// contract that has not ended is held: it permits nothing until both its parties have confirmed, under their
// signatures, how often it was used (space/continuation/confirmation.h).
//
//   0          ledger.reopened/1
//   1 .. n     entry.carried/1     old entry 0 .. n - 1: each stands one place further on
//   ..         entry.recovered/1   none, if all was carried
//   ..         ledger.continued/1
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/mapping.h"
#include "core/sql/session.h"
#include "ledger/journal.h"
#include "ledger/ledger.h"
#include "space/ids.h"

namespace tally::space {

// Entries of the new log that stand before the first that is carried.
inline constexpr std::uint64_t carried_from = 1;

// The log that is continued.
struct ContinuedLog {
  core::Hash carried_root;
  std::uint64_t carried_size = 0;  // entries that follow; below `size` when some are lost
  std::string log_key;
  std::string origin;
  core::Hash root;
  std::uint64_t size = 0;  // the largest that anybody saw signed

  static constexpr auto fields =
      core::FieldList{core::field("carried_root", &ContinuedLog::carried_root),
                      core::field("carried_size", &ContinuedLog::carried_size),
                      core::field("log_key", &ContinuedLog::log_key),
                      core::field("origin", &ContinuedLog::origin),
                      core::field("root", &ContinuedLog::root),
                      core::field("size", &ContinuedLog::size)};
};

// Entry 0.
struct LedgerReopened {
  static constexpr std::string_view kind = ledger::ledger_reopened_kind;
  ContinuedLog continues{};
  std::string log_key{};
  core::Hash operator_key{};
  std::string origin{};
  std::string salt{};
  std::string suite{};

  static constexpr auto fields =
      core::FieldList{core::field("continues", &LedgerReopened::continues),
                      core::field("log_key", &LedgerReopened::log_key),
                      core::field("operator_key", &LedgerReopened::operator_key),
                      core::field("origin", &LedgerReopened::origin),
                      core::field("salt", &LedgerReopened::salt, core::matches_hex(32)),
                      core::field("suite", &LedgerReopened::suite)};
};

struct EntryRecovered {
  static constexpr std::string_view kind = "entry.recovered/1";
  std::string receipt{};  // a .tlog-proof file of the log that is continued
  std::string salt{};

  static constexpr auto fields =
      core::FieldList{core::field("receipt", &EntryRecovered::receipt),
                      core::field("salt", &EntryRecovered::salt, core::matches_hex(32))};
};

struct LedgerContinued {
  static constexpr std::string_view kind = "ledger.continued/1";
  std::uint64_t carried = 0;
  std::uint64_t recovered = 0;
  std::string salt{};

  static constexpr auto fields =
      core::FieldList{core::field("carried", &LedgerContinued::carried),
                      core::field("recovered", &LedgerContinued::recovered),
                      core::field("salt", &LedgerContinued::salt, core::matches_hex(32))};
};

// The body of an entry.carried/1. `entry` is canonical JSON, as it stood in the old log.
std::string carried_body(std::string_view entry, std::string_view salt);

// A contract that permits nothing until both its parties have confirmed.
struct Hold {
  bool provider_confirmed = false;
  bool consumer_confirmed = false;

  static constexpr auto fields =
      core::FieldList{core::field("consumer_confirmed", &Hold::consumer_confirmed),
                      core::field("provider_confirmed", &Hold::provider_confirmed)};
};
std::optional<Hold> find_hold(core::sql::Session& session, const ContractId& contract);
// Nothing: both have confirmed, and the contract is open.
void store_hold(core::sql::Tx& tx, const ContractId& contract, const std::optional<Hold>& hold);
// Every contract that has not ended; how many these are.
std::uint64_t hold_all(core::sql::Tx& tx);
std::uint64_t count_held(core::sql::Session& session);
// What is private and hung on the places of the old log's entries, after the projection was made anew.
// What was erased under entries from `new_from` on, which the tables did not know, is erased again.
void settle_continued(core::sql::Tx& tx, std::uint64_t new_from);
core::Error contract_held(const ContractId& contract);

}  // namespace tally::space
