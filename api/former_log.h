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
#include "ledger/merkle_tree.h"
#include "ledger/note.h"
#include "ledger/proof.h"

namespace tally::api {

class FormerLog {
 public:
  // `database` is that of the backup, audited; `from` are files and directories, or URLs. Refusals:
  // continue.source_failed, restore.forked, those of open_checkpoint.
  static core::Result<FormerLog> gather(const std::string& database,
                                        const std::vector<std::string>& from,
                                        const std::optional<std::string>& newest_checkpoint,
                                        const ledger::VerifierKey& log_key);

  const ledger::TreeHead& carried() const { return carried_; }
  const ledger::TreeHead& last() const { return last_; }
  // Beyond what is carried, in the order of their entries, each entry once.
  const std::vector<std::string>& receipts() const { return receipts_; }

  void visit_entries(const std::function<bool(std::string_view entry)>& visit);
  // In any of the sources.
  std::optional<std::string> find_document(const core::Hash& digest);

 private:
  explicit FormerLog(ledger::VerifierKey log_key) : log_key_(std::move(log_key)) {}

  core::Result<core::Done> add_source(const std::string& place);
  core::Result<core::Done> add_receipt(const std::string& place, const std::string& bytes);
  core::Result<core::Done> compare();
  core::Hash root_at(std::uint64_t size);
  core::Result<core::Done> see(const ledger::TreeHead& head, const std::string& place);
  core::Result<core::Done> sort_receipts();

  struct Source {
    std::string place;
    OpenedLedger opened;
    ledger::TreeHead head;
  };

  ledger::VerifierKey log_key_;
  std::vector<Source> sources_;
  std::size_t longest_ = 0;
  ledger::TreeHead carried_;
  ledger::TreeHead last_;
  std::vector<std::pair<ledger::VerifiedReceipt, std::string>> proved_;
  std::vector<std::string> receipts_;
};

}  // namespace tally::api
