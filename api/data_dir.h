// The data directory of a server: its database, its keys, its configuration.
//
//   DIR/tallystick.db         the database (and its -wal, -shm)
//   DIR/tallystick.toml       the configuration
//   DIR/log.vkey              public: what an auditor needs to check this ledger
//   DIR/operator.token        the first operator's token; hand it over and delete the file
//   DIR/keys/log.key          signs checkpoints
//   DIR/keys/log.next.key     follows it, while the log's key is exchanged (api/rotation.h)
//   DIR/keys/operator.key     signs grants; operator.next.key as above
//   DIR/keys/master.key       wraps the data keys; whoever loses it loses the content
//   DIR/keys/secret.key       keys the digests of idempotency keys
//   DIR/keys/subjects.db      a key for each content, party and actor, shredded when they are erased
//                             (core/shred_keys.h); whoever loses it loses what they seal. A backup of
//                             it brings back what was erased since: keep one, the newest
//
// Keys lie outside the database and so outside its backups. Files with secrets have mode 0600, the
// directories 0700.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/random.h"
#include "core/result.h"
#include "core/signature.h"
#include "ledger/log_keys.h"
#include "ledger/note.h"

namespace tally::api {

class DataDir {
 public:
  explicit DataDir(std::filesystem::path path) : path_(std::move(path)) {}

  const std::filesystem::path& path() const { return path_; }
  std::string database() const { return (path_ / "tallystick.db").string(); }
  std::string config() const { return (path_ / "tallystick.toml").string(); }
  std::string log_vkey() const { return (path_ / "log.vkey").string(); }
  std::string operator_token() const { return (path_ / "operator.token").string(); }
  std::string key(std::string_view name) const { return (path_ / "keys" / name).string(); }

 private:
  std::filesystem::path path_;
};

// The secrets of a server. Never printed, never logged.
struct ServerKeys {
  ledger::NoteSigner log;
  core::SigningKey operator_key;
  core::Hash master;
  core::Hash secret;
  std::optional<ledger::NoteSigner> next_log = {};  // while the log's key is exchanged
  bool retires_log = false;                         // the first one goes at the next start
  std::optional<core::SigningKey> next_operator = {};
  bool retires_operator = false;

  std::vector<ledger::NoteSigner> log_signers() const;
  // Of those that are to sign when the server has started.
  ledger::LogKeys log_keys() const;
};

// Makes the directories and the keys for a ledger of that origin. Refusals: data_dir.not_empty,
// data_dir.not_writable, origin.malformed.
core::Result<ServerKeys> make_keys(const DataDir& dir, const std::string& origin);

// Refusals: data_dir.not_initialized, data_dir.key_malformed, data_dir.key_readable_by_others.
core::Result<ServerKeys> read_keys(const DataDir& dir);

// A file with a secret, without the newline at its end. Refusals: data_dir.not_initialized,
// data_dir.key_readable_by_others, and those of core::read_file.
core::Result<std::string> read_secret(const std::string& path);

// The key of a log or of a witness. Refusals: those of read_secret; data_dir.key_malformed, whose words
// name the file and never the key.
core::Result<ledger::NoteSigner> read_signer(const std::string& path);

// One process serves a database: holds DIR/tallystick.db.lock until destroyed. Who holds it may remove the
// file: whoever opened it before takes the one that is then there.
class ProcessLock {
 public:
  static std::string file_of(const DataDir& dir) { return dir.database() + ".lock"; }
  // Refusals: data_dir.in_use, data_dir.not_writable.
  static core::Result<ProcessLock> take(const DataDir& dir);
  // The same with another file, for what the words name.
  static core::Result<ProcessLock> take_file(const std::string& path, const std::string& what);
  ProcessLock(ProcessLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  ProcessLock& operator=(ProcessLock&&) = delete;
  ProcessLock(const ProcessLock&) = delete;
  ProcessLock& operator=(const ProcessLock&) = delete;
  ~ProcessLock();

 private:
  explicit ProcessLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

}  // namespace tally::api
