// What is left of a log that a new one is to continue: the longest history that its sources hold, and the
// receipts that prove more.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/cli/ledger_source.h"
#include "core/result.h"
#include "ledger/log_keys.h"
#include "ledger/merkle_tree.h"
#include "ledger/proof.h"

namespace tally::api {

class FormerLog {
 public:
  // `database` is that of the backup, audited; `from` are files and directories, or URLs. Refusals:
  // continue.source_failed, continue.no_key_in_force, restore.forked, those of open_checkpoint.
  static core::Result<FormerLog> gather(const std::string& database,
                                        const std::vector<std::string>& from,
                                        const std::optional<std::string>& newest_checkpoint,
                                        const ledger::LogKeys& log_keys);

  const ledger::TreeHead& carried() const { return carried_; }
  // One of those that were given, named by what is carried and in force behind it.
  const ledger::VerifierKey& log_key() const { return *log_key_; }
  const ledger::TreeHead& last() const { return last_; }
  // Beyond what is carried, in the order of their entries, each entry once.
  const std::vector<std::string>& receipts() const { return receipts_; }

  void visit_entries(const std::function<bool(std::string_view entry)>& visit);
  // In any of the sources.
  std::optional<std::string> find_document(const core::Hash& digest);

 private:
  explicit FormerLog(ledger::LogKeys log_keys) : log_keys_(std::move(log_keys)) {}

  core::Result<core::Done> add_source(const std::string& place);
  core::Result<core::Done> add_receipt(const std::string& place, const std::string& bytes);
  core::Result<core::Done> compare();
  core::Result<core::Done> read_keys();
  core::Result<core::Done> see_newest(const std::string& note);
  core::Hash root_at(std::uint64_t size);
  core::Result<core::Done> see(const ledger::TreeHead& head, const std::string& place);
  core::Result<core::Done> sort_receipts();
  core::Result<core::Done> keep_receipt(const ledger::VerifiedReceipt& receipt,
                                        const std::string& bytes);

  struct Source {
    std::string place;
    OpenedLedger opened;
    ledger::TreeHead head;
  };

  ledger::LogKeys log_keys_;  // as they were given
  ledger::LogKeyring named_;  // as the entries name them
  std::optional<ledger::VerifierKey> log_key_;
  std::vector<Source> sources_;
  std::size_t longest_ = 0;
  ledger::TreeHead carried_;
  ledger::TreeHead last_;
  std::vector<std::pair<ledger::VerifiedReceipt, std::string>> proved_;
  std::vector<std::string> receipts_;
};

}  // namespace tally::api
