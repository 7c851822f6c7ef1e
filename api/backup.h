// Backups of a space: made beside the running server, audited before they are trusted, audited again
// before they are put in place: structure, then conduct, as `tallystick audit` does.
//
//   FILE                 the database, as it was at one moment: ledger, tables, sealed content
//   FILE.manifest.json   what FILE holds: size and root of the ledger, its stored checkpoint, digest
//
// Keys are not in the database and so not in its backup. Without log.key nothing more can be signed
// under the origin, without master.key the content cannot be opened: keep both, elsewhere.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "api/data_dir.h"
#include "core/mapping.h"
#include "ledger/log_keys.h"

namespace tally::api {

struct BackupManifest {
  std::int64_t bytes = 0;
  std::string checkpoint;  // the newest that the database holds: a signed note
  core::Hash digest;       // SHA-256 of the file
  std::string format;
  std::string made_at;
  std::string origin;
  core::Hash root;
  std::int64_t size = 0;  // of the ledger: entries

  static constexpr std::string_view format_name = "tallystick/backup/v1";
  static constexpr auto fields = core::FieldList{
      core::field("bytes", &BackupManifest::bytes, core::range(0, core::json_integer_max)),
      core::field("checkpoint", &BackupManifest::checkpoint),
      core::field("digest", &BackupManifest::digest),
      core::field("format", &BackupManifest::format),
      core::field("made_at", &BackupManifest::made_at),
      core::field("origin", &BackupManifest::origin),
      core::field("root", &BackupManifest::root),
      core::field("size", &BackupManifest::size, core::range(1, core::json_integer_max)),
  };
};

std::string manifest_path(const std::string& backup);

// How a backup is audited. A ledger in which the conduct audit finds something is still worth a backup:
// `structure` keeps it, and says nothing about what its entries mean.
enum class AuditDepth : std::uint8_t { structure, conduct };

struct AuditedBackup {
  BackupManifest manifest;
  // Erased documents, kinds of a newer version, a retired key that no other follows.
  std::uint64_t not_checkable = 0;
};

// Copies the database, syncs the copy and audits it under the log's key; only then FILE and its
// manifest appear. Refusals: backup.exists (FILE or its manifest), backup.no_database,
// backup.audit_failed (structure) and backup.conduct_failed, each with the first finding,
// file.unwritable.
core::Result<AuditedBackup> make_backup(const std::string& database,
                                        const std::string& file,
                                        const ledger::LogKeys& log_keys,
                                        AuditDepth depth = AuditDepth::conduct);

// Puts the backup's database into the data directory, which may hold keys and a configuration but no
// database. `newest_checkpoint` is the newest that the log is known to have signed, from a witness, a
// receipt or a copy of /ledger/checkpoint.
//
// Refusals, of which none puts anything in place, nor leaves a directory that was not there: restore.occupied (the directory has a database),
// restore.other_key (the directory's log.key is not log_keys), restore.no_manifest,
// restore.manifest_malformed, restore.digest_mismatch, backup.audit_failed,
// backup.conduct_failed, restore.manifest_differs, those of open_checkpoint, restore.behind (the log has signed a later size:
// to go on under its origin would sign a second history), restore.forked (the newest checkpoint is of
// another history), file.unwritable.
core::Result<AuditedBackup> restore_backup(const std::string& file,
                                           const DataDir& dir,
                                           const ledger::LogKeys& log_keys,
                                           const std::optional<std::string>& newest_checkpoint,
                                           AuditDepth depth = AuditDepth::conduct);

}  // namespace tally::api
