#include "api/backup.h"

#include <fcntl.h>
#include <fstream>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

#include "api/conduct.h"
#include "core/file.h"
#include "core/hash.h"
#include "core/sql/session.h"
#include "core/sql/sqlite/snapshot.h"
#include "core/sql/sqlite/sqlite.h"
#include "core/time.h"
#include "ledger/auditor.h"
#include "ledger/publication.h"
#include "ledger/source_database.h"
#include "ledger/store.h"
#include "ledger/tile.h"

namespace tally::api {
namespace {

namespace fs = std::filesystem;
using core::Broken;
using core::Done;
using core::Error;
using core::Refusal;
using core::Result;
using ledger::VerifierKey;

// A file that is gone again unless it was kept.
class Draft {
 public:
  explicit Draft(std::string path) : path_(std::move(path)) { remove(); }
  ~Draft() {
    if (!is_kept_) remove();
  }
  Draft(const Draft&) = delete;
  Draft& operator=(const Draft&) = delete;

  const std::string& path() const { return path_; }
  // Durable under its name. Precondition: the bytes are written.
  Result<Done> keep_as(const std::string& name) {
    if (auto synced = core::sync_file_system(path_); !synced) return synced.error();
    std::error_code failure;
    fs::rename(path_, name, failure);
    if (failure) return Error{Refusal::invalid, "file.unwritable", name + ": " + failure.message()};
    is_kept_ = true;
    return core::sync_file_system(name);
  }

 private:
  void remove() {
    std::error_code ignored;
    for (const char* ending : {"", "-journal", "-wal", "-shm"}) fs::remove(path_ + ending, ignored);
  }

  std::string path_;
  bool is_kept_ = false;
};

struct Measured {
  std::int64_t bytes = 0;
  core::Hash digest;
};

// Reads the file once; with `to`, writes what was read there.
Measured measure(const std::string& path, const std::string& to = {}) {
  std::ifstream file(path, std::ios::binary);
  std::ofstream copy;
  if (!to.empty()) {
    ::close(::open(to.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    copy.open(to, std::ios::binary | std::ios::trunc);
  }
  core::Sha256Stream hash;
  Measured measured;
  std::vector<char> part(1U << 20);
  while (file) {
    file.read(part.data(), static_cast<std::streamsize>(part.size()));
    std::string_view read(part.data(), static_cast<std::size_t>(file.gcount()));
    hash.update(read);
    measured.bytes += static_cast<std::int64_t>(read.size());
    if (!to.empty()) copy.write(read.data(), static_cast<std::streamsize>(read.size()));
  }
  if (!file.eof()) throw Broken("cannot read " + path);
  if (!to.empty() && !copy.flush()) throw Broken("cannot write " + to);
  measured.digest = hash.finish();
  return measured;
}

struct Audited {
  ledger::TreeHead head;
  std::string checkpoint;
  std::uint64_t not_checkable = 0;
};

Result<Audited> audit_structure(const std::string& path, const VerifierKey& log_key) {
  auto connection = core::sql::sqlite::open_reader(path);
  core::sql::Session session(connection);
  ledger::DatabaseSource source(session);
  auto report = ledger::audit(source, log_key);
  if (!report.passed()) {
    const auto& finding = report.findings.front();
    return Error{
        Refusal::invalid, "backup.audit_failed",
        "the audit found " + finding.code + " at " + finding.place.text() + ": " + finding.words};
  }
  auto published = ledger::read_published(session);
  return Audited{report.head, published ? published->note : ""};
}

Result<Audited> audit_file(const std::string& path, const VerifierKey& log_key, AuditDepth depth) {
  auto audited = audit_structure(path, log_key);
  if (!audited || depth == AuditDepth::structure) return audited;
  ConductAudit conduct(log_key);
  conduct.run(path, {});
  audited->not_checkable = conduct.unchecked_count();
  if (conduct.findings_count() == 0) return audited;
  for (const auto& finding : conduct.findings()) {
    if (finding.not_checkable) continue;
    return Error{Refusal::invalid, "backup.conduct_failed",
                 "bytes and tree are right, but the conduct audit found " +
                     std::to_string(conduct.findings_count()) + ", the first " + finding.code +
                     " at " + finding.place + ": " + finding.words +
                     " `tallystick audit` tells all; --structural leaves the conduct audit out"};
  }
  return Error{Refusal::invalid, "backup.conduct_failed",
               "the conduct audit found more than it can tell; run `tallystick audit`"};
}

Result<BackupManifest> read_manifest(const std::string& path) {
  auto text = core::read_file(path, 1U << 20);
  if (!text) {
    return Error{Refusal::not_found, "restore.no_manifest",
                 path + " cannot be read; a backup has its manifest beside it"};
  }
  auto json = core::parse_json(*text);
  if (json) {
    auto manifest = core::decode<BackupManifest>(*json);
    if (manifest && manifest->format == BackupManifest::format_name) return *manifest;
  }
  return Error{Refusal::invalid, "restore.manifest_malformed",
               path + " is no manifest of a backup"};
}

Result<Done> check_directory(const DataDir& dir, const VerifierKey& log_key) {
  for (const char* ending : {"", "-wal", "-journal"}) {
    if (fs::exists(dir.database() + ending)) {
      return Error{Refusal::conflict, "restore.occupied",
                   dir.database() + ending + " is there; a restore replaces nothing"};
    }
  }
  if (!fs::exists(dir.key("log.key"))) return Done{};
  auto keys = read_keys(dir);
  if (!keys) return keys.error();
  if (keys->log.verifier() == log_key) return Done{};
  return Error{Refusal::conflict, "restore.other_key",
               dir.key("log.key") + " is the key of another log"};
}

// The log's newest word may not be ahead of the backup, nor of another history.
Result<Done> compare_newest(const std::string& path,
                            const BackupManifest& manifest,
                            const VerifierKey& log_key,
                            const std::string& note) {
  auto newest = ledger::open_checkpoint(note, log_key.name, log_key);
  if (!newest) return newest.error();
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

Result<AuditedBackup> check_backup(const std::string& path,
                                   const BackupManifest& manifest,
                                   const Measured& measured,
                                   const VerifierKey& log_key,
                                   AuditDepth depth) {
  if (measured.bytes != manifest.bytes || measured.digest != manifest.digest) {
    return Error{Refusal::invalid, "restore.digest_mismatch",
                 "the backup is not the file that its manifest describes"};
  }
  auto audited = audit_file(path, log_key, depth);
  if (!audited) return audited.error();
  if (audited->head.size != static_cast<std::uint64_t>(manifest.size) ||
      audited->head.root != manifest.root || log_key.name != manifest.origin) {
    return Error{Refusal::invalid, "restore.manifest_differs",
                 "the backup holds another ledger than its manifest says"};
  }
  return AuditedBackup{manifest, audited->not_checkable};
}

}  // namespace

std::string manifest_path(const std::string& backup) { return backup + ".manifest.json"; }

Result<AuditedBackup> make_backup(const std::string& database,
                                  const std::string& file,
                                  const VerifierKey& log_key,
                                  AuditDepth depth) {
  if (!fs::is_regular_file(database)) {
    return Error{Refusal::not_found, "backup.no_database", "there is no database " + database};
  }
  for (const std::string& path : {file, manifest_path(file)}) {
    if (fs::exists(path))
      return Error{Refusal::conflict, "backup.exists", path + " is there; nothing is replaced"};
  }
  Draft draft(file + ".new");
  core::sql::sqlite::copy_snapshot(database, draft.path());
  auto audited = audit_file(draft.path(), log_key, depth);
  if (!audited) return audited.error();
  auto measured = measure(draft.path());
  BackupManifest manifest;
  manifest.bytes = measured.bytes;
  manifest.checkpoint = audited->checkpoint;
  manifest.digest = measured.digest;
  manifest.format = BackupManifest::format_name;
  manifest.made_at = core::format_time(core::system_clock().now());
  manifest.origin = log_key.name;
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
                                     const VerifierKey& log_key,
                                     const std::optional<std::string>& newest_checkpoint,
                                     AuditDepth depth) {
  if (auto checked = check_directory(dir, log_key); !checked) return checked.error();
  auto manifest = read_manifest(manifest_path(file));
  if (!manifest) return manifest.error();
  if (auto made = core::make_directories(dir.path().string()); !made) return made.error();
  ::chmod(dir.path().c_str(), 0700);
  auto lock = ProcessLock::take(dir);
  if (!lock) return lock.error();
  // What is checked is the copy that will be served.
  Draft draft(dir.database() + ".restoring");
  auto measured = measure(file, draft.path());
  auto checked = check_backup(draft.path(), *manifest, measured, log_key, depth);
  if (!checked) return checked.error();
  if (newest_checkpoint) {
    auto compared = compare_newest(draft.path(), *manifest, log_key, *newest_checkpoint);
    if (!compared) return compared.error();
  }
  if (auto kept = draft.keep_as(dir.database()); !kept) return kept.error();
  if (!fs::exists(dir.log_vkey())) {
    auto written = core::write_file(dir.log_vkey(), ledger::format_vkey(log_key) + "\n");
    if (!written) return written.error();
  }
  return checked;
}

}  // namespace tally::api
