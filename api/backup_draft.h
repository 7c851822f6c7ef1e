// A database on its way to a place where it may be relied on: copied, measured, audited. What
// api/backup.h and api/continuation.h are made of.
#pragma once

#include <cstdint>
#include <string>

#include "api/backup.h"
#include "core/bytes.h"
#include "core/result.h"
#include "ledger/log_keys.h"
#include "ledger/merkle_tree.h"

namespace tally::api {

// A file that is gone again unless it was kept; what was there before is.
class Draft {
 public:
  explicit Draft(std::string path) : path_(std::move(path)) { remove(); }
  ~Draft() {
    if (!is_kept_) remove();
  }
  Draft(const Draft&) = delete;
  Draft& operator=(const Draft&) = delete;

  const std::string& path() const { return path_; }
  // Durable under its name. Precondition: the bytes are written, and nobody has it open; what a database
  // had beside it goes.
  core::Result<core::Done> keep_as(const std::string& name);

 private:
  void remove();
  void remove_beside();

  std::string path_;
  bool is_kept_ = false;
};

struct Measured {
  std::int64_t bytes = 0;
  core::Hash digest;
};

// Reads the file once; with `to`, writes what was read there. Throws core::Broken.
Measured measure(const std::string& path, const std::string& to = {});

struct AuditedDatabase {
  ledger::TreeHead head;
  std::string checkpoint;
  std::uint64_t not_checkable = 0;
};

// Refusals: backup.audit_failed, backup.conduct_failed.
core::Result<AuditedDatabase> audit_database(const std::string& path,
                                             const ledger::LogKeys& log_keys,
                                             AuditDepth depth);

// Refusals: restore.no_manifest, restore.manifest_malformed.
core::Result<BackupManifest> read_manifest(const std::string& path);

// `path` is a copy of the backup, measured when it was made. Refusals: restore.digest_mismatch, those of
// audit_database, restore.manifest_differs.
core::Result<AuditedBackup> check_backup(const std::string& path,
                                         const BackupManifest& manifest,
                                         const Measured& measured,
                                         const ledger::LogKeys& log_keys,
                                         AuditDepth depth);

}  // namespace tally::api
