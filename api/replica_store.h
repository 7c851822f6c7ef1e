// What a replica keeps of a ledger: a directory with a database of its own.
//
//   DIR/replica.db   entries, tree and signed checkpoint, and the documents that entries file: what
//                    `tallystick audit` needs. No tables, no names, no content, no keys.
//   DIR/log.vkey     whose ledger it is
//
// One transaction and one fsync for each batch of the ledger.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "api/data_dir.h"
#include "core/result.h"
#include "core/sql/session.h"
#include "ledger/ledger_copy.h"
#include "ledger/log_keys.h"

namespace tally::api {

// Where a directory is one: DIR/replica.db.
std::string replica_database(const std::filesystem::path& directory);

class ReplicaStore {
 public:
  // Makes the directory when it is missing. Refusals: file.unwritable, data_dir.in_use,
  // replica.other_log (it holds the ledger of another key). Throws core::Broken when what is there
  // cannot be read.
  static core::Result<std::unique_ptr<ReplicaStore>> open(const std::filesystem::path& directory,
                                                          const ledger::LogKeys& log_keys);
  ~ReplicaStore();
  ReplicaStore(const ReplicaStore&) = delete;
  ReplicaStore& operator=(const ReplicaStore&) = delete;

  ledger::TreeHead head() const { return copy_.head(); }

  // A batch: begin, add as often as it takes, commit. What refuses or throws leaves the store as it was
  // before begin(). Refusals of add and commit: those of LedgerCopy.
  void begin();
  core::Result<core::Done> add(std::uint64_t first_seq,
                               const std::vector<std::string_view>& entries);
  void keep_document(const std::string& bytes);
  void forget_document(const core::Hash& digest);                       // it was erased
  core::Result<core::Done> commit(const std::string& checkpoint_note);  // durable when it returns
  void rollback();

 private:
  ReplicaStore(ProcessLock lock, core::sql::Connection connection, ledger::LogKeys log_keys);
  core::Result<core::Done> check_log(const ledger::LogKeys& log_keys);
  core::Result<core::Done> or_rollback(core::Result<core::Done> done);

  ProcessLock lock_;
  core::sql::Connection connection_;
  core::sql::Tx tx_;
  ledger::LedgerCopy copy_;
};

}  // namespace tally::api
