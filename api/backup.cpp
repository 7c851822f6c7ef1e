#include "api/backup.h"

#include <filesystem>
#include <sys/stat.h>
#include <vector>

#include "api/backup_draft.h"
#include "core/file.h"
#include "core/sql/session.h"
#include "core/sql/sqlite/snapshot.h"
#include "core/sql/sqlite/sqlite.h"
#include "core/time.h"
#include "ledger/checkpoint.h"
#include "ledger/store.h"
#include "ledger/tile.h"

namespace tally::api {
namespace {

namespace fs = std::filesystem;
using core::Done;
using core::Error;
using core::Refusal;
using core::Result;
using ledger::LogKeys;

Result<Done> check_directory(const DataDir& dir, const LogKeys& log_keys) {
  for (const char* ending : {"", "-wal", "-journal"}) {
    if (fs::exists(dir.database() + ending)) {
      return Error{Refusal::conflict, "restore.occupied",
                   dir.database() + ending + " is there; a restore replaces nothing"};
    }
  }
  if (!fs::exists(dir.key("log.key"))) return Done{};
  auto keys = read_keys(dir);
  if (!keys) return keys.error();
  if (log_keys.holds(keys->log.verifier())) return Done{};
  return Error{
      Refusal::conflict, "restore.other_key",
      dir.key("log.key") +
          " is none of the keys that were given: that of another log, or --key for it is missing"};
}

// The directory that a restore fills, and its lock. What was made of it and of those above is gone again when
// nothing was put there.
class Place {
 public:
  explicit Place(const DataDir& dir) : dir_(dir) {
    fs::path path = fs::absolute(dir.path()).lexically_normal();
    for (; path.has_relative_path() && !fs::exists(path); path = path.parent_path())
      missing_.push_back(path);
  }
  // What is held by the lock is removed before it.
  ~Place() {
    std::error_code ignored;
    if (missing_.empty() || fs::exists(dir_.database(), ignored)) return;
    if (lock_) fs::remove(ProcessLock::file_of(dir_), ignored);
    for (const fs::path& path : missing_) fs::remove(path, ignored);  // stays when it holds more
  }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

  // Refusals: file.unwritable, those of ProcessLock::take.
  Result<Done> take() {
    if (auto made = core::make_directories(dir_.path().string()); !made) return made;
    ::chmod(dir_.path().c_str(), 0700);
    auto lock = ProcessLock::take(dir_);
    if (!lock) return lock.error();
    lock_.emplace(*std::move(lock));
    return Done{};
  }

 private:
  const DataDir& dir_;
  std::vector<fs::path> missing_;  // the deepest first
  std::optional<ProcessLock> lock_;
};

// The log's newest word may not be ahead of the backup, nor of another history.
Result<Done> compare_newest(const std::string& path,
                            const BackupManifest& manifest,
                            const LogKeys& log_keys,
                            const std::string& note) {
  auto newest = ledger::open_checkpoint(note, log_keys.origin(), log_keys);
  if (!newest) {
    auto error = newest.error();
    error.message = "the newest checkpoint (--newest): " + error.message;
    return error;
  }
  auto size = static_cast<std::uint64_t>(manifest.size);
  if (newest->head.size > size) {
    return Error{Refusal::conflict, "restore.behind",
                 "the log has signed " + std::to_string(newest->head.size) +
                     " entries and this backup holds " + std::to_string(size) +
                     "; to go on under its origin would sign a second history"};
  }
  auto connection = core::sql::sqlite::open_reader(path);
  core::sql::Session session(connection);
  ledger::TileSubtrees tiles([&session](unsigned level, std::uint64_t tile) {
    return ledger::read_tile(session, level, tile).value_or("");
  });
  if (newest->head.size == 0 || root_of(tiles, newest->head.size) == newest->head.root)
    return Done{};
  return Error{Refusal::conflict, "restore.forked",
               "the newest checkpoint is of another history than the backup"};
}

}  // namespace

std::string manifest_path(const std::string& backup) { return backup + ".manifest.json"; }

Result<AuditedBackup> make_backup(const std::string& database,
                                  const std::string& file,
                                  const LogKeys& log_keys,
                                  AuditDepth depth) {
  if (!fs::is_regular_file(database)) {
    return Error{Refusal::not_found, "backup.no_database", "there is no database " + database};
  }
  for (const std::string& path : {file, manifest_path(file)}) {
    if (fs::exists(path))
      return Error{Refusal::conflict, "backup.exists", path + " is there; nothing is replaced"};
  }
  Draft draft(file + ".unfinished-backup");
  core::sql::sqlite::copy_snapshot(database, draft.path());
  auto audited = audit_database(draft.path(), log_keys, depth);
  if (!audited) return audited.error();
  auto measured = measure(draft.path());
  BackupManifest manifest;
  manifest.bytes = measured.bytes;
  manifest.checkpoint = audited->checkpoint;
  manifest.digest = measured.digest;
  manifest.format = BackupManifest::format_name;
  manifest.made_at = core::format_time(core::system_clock().now());
  manifest.origin = log_keys.origin();
  manifest.root = audited->head.root;
  manifest.size = static_cast<std::int64_t>(audited->head.size);
  // The manifest last: a file without one is no backup yet.
  if (auto kept = draft.keep_as(file); !kept) return kept.error();
  auto written = core::write_file(manifest_path(file), core::canonical(manifest) + "\n");
  if (!written) return written.error();
  return AuditedBackup{manifest, audited->not_checkable};
}

Result<AuditedBackup> restore_backup(const std::string& file,
                                     const DataDir& dir,
                                     const LogKeys& log_keys,
                                     const std::optional<std::string>& newest_checkpoint,
                                     AuditDepth depth) {
  if (auto checked = check_directory(dir, log_keys); !checked) return checked.error();
  auto manifest = read_manifest(manifest_path(file));
  if (!manifest) return manifest.error();
  Place place(dir);
  if (auto taken = place.take(); !taken) return taken.error();
  // What is checked is the copy that will be served.
  Draft draft(dir.database() + ".restoring");
  auto measured = measure(file, draft.path());
  auto checked = check_backup(draft.path(), *manifest, measured, log_keys, depth);
  if (!checked) return checked.error();
  if (newest_checkpoint) {
    auto compared = compare_newest(draft.path(), *manifest, log_keys, *newest_checkpoint);
    if (!compared) return compared.error();
  }
  if (auto kept = draft.keep_as(dir.database()); !kept) return kept.error();
  if (!fs::exists(dir.log_vkey())) {
    auto written = core::write_file(dir.log_vkey(), log_keys.text());
    if (!written) return written.error();
  }
  return checked;
}

}  // namespace tally::api
