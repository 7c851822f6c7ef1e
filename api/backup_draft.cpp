#include "api/backup_draft.h"

#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <unistd.h>
#include <vector>

#include "api/conduct.h"
#include "core/file.h"
#include "core/hash.h"
#include "core/sql/session.h"
#include "core/sql/sqlite/sqlite.h"
#include "ledger/auditor.h"
#include "ledger/publication.h"
#include "ledger/source_database.h"

namespace tally::api {

namespace fs = std::filesystem;
using core::Broken;
using core::Done;
using core::Error;
using core::Refusal;
using core::Result;
using ledger::LogKeys;

Result<Done> Draft::keep_as(const std::string& name) {
  if (auto synced = core::sync_file_system(path_); !synced) return synced.error();
  std::error_code failure;
  fs::rename(path_, name, failure);
  if (failure) return Error{Refusal::invalid, "file.unwritable", name + ": " + failure.message()};
  is_kept_ = true;
  remove_beside();
  return core::sync_file_system(name);
}

void Draft::remove() {
  std::error_code ignored;
  fs::remove(path_, ignored);
  remove_beside();
}

void Draft::remove_beside() {
  std::error_code ignored;
  for (const char* ending : {"-journal", "-wal", "-shm"}) fs::remove(path_ + ending, ignored);
}

Measured measure(const std::string& path, const std::string& to) {
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

namespace {

Result<AuditedDatabase> audit_structure(const std::string& path, const LogKeys& log_keys) {
  auto connection = core::sql::sqlite::open_reader(path);
  core::sql::Session session(connection);
  ledger::DatabaseSource source(session);
  auto report = ledger::audit(source, log_keys);
  if (!report.passed()) {
    const auto& finding = report.findings.front();
    return Error{
        Refusal::invalid, "backup.audit_failed",
        "the audit found " + finding.code + " at " + finding.place.text() + ": " + finding.words};
  }
  auto published = ledger::read_published(session);
  return AuditedDatabase{report.head, published ? published->note : "", report.doubts.size()};
}

}  // namespace

Result<AuditedDatabase> audit_database(const std::string& path,
                                       const LogKeys& log_keys,
                                       AuditDepth depth) {
  auto audited = audit_structure(path, log_keys);
  if (!audited || depth == AuditDepth::structure) return audited;
  ConductAudit conduct(log_keys);
  conduct.run(path, {});
  audited->not_checkable += conduct.unchecked_count();
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

Result<AuditedBackup> check_backup(const std::string& path,
                                   const BackupManifest& manifest,
                                   const Measured& measured,
                                   const LogKeys& log_keys,
                                   AuditDepth depth) {
  if (measured.bytes != manifest.bytes || measured.digest != manifest.digest) {
    return Error{Refusal::invalid, "restore.digest_mismatch",
                 "the backup is not the file that its manifest describes"};
  }
  auto audited = audit_database(path, log_keys, depth);
  if (!audited) return audited.error();
  if (audited->head.size != static_cast<std::uint64_t>(manifest.size) ||
      audited->head.root != manifest.root || log_keys.origin() != manifest.origin) {
    return Error{Refusal::invalid, "restore.manifest_differs",
                 "the backup holds another ledger than its manifest says"};
  }
  return AuditedBackup{manifest, audited->not_checkable};
}

}  // namespace tally::api
