// The directory of a witness:
//
//   DIR/witness.key             private; Go's text of a key, as other witnesses take it
//   DIR/witness.vkey            public: what a log's policy names
//   DIR/logs.policy             the logs that it cosigns, one `log <vkey>` each
//   DIR/held/<hash>.checkpoint  the newest note cosigned of the log with that SHA-256 of its origin
//
// What is held must never be put back from an older copy: the witness would cosign a history that
// contradicts what it said before.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "core/result.h"
#include "ledger/note.h"
#include "ledger/policy.h"
#include "ledger/witness.h"

namespace tally::api {

class WitnessDir {
 public:
  explicit WitnessDir(std::filesystem::path path) : path_(std::move(path)) {}

  const std::filesystem::path& path() const { return path_; }
  std::string key() const { return (path_ / "witness.key").string(); }
  std::string vkey() const { return (path_ / "witness.vkey").string(); }
  std::string logs() const { return (path_ / "logs.policy").string(); }
  std::string lock() const { return (path_ / "witness.lock").string(); }
  std::filesystem::path held() const { return path_ / "held"; }

 private:
  std::filesystem::path path_;
};

// Makes the directory, the key and an empty list of logs. Refusals: data_dir.not_empty,
// data_dir.not_writable, witness.malformed_name.
core::Result<ledger::NoteSigner> make_witness(const WitnessDir& dir, const std::string& name);

// The key, as of type 04. Refusals: data_dir.not_initialized, data_dir.key_readable_by_others,
// data_dir.key_malformed.
core::Result<ledger::NoteSigner> read_witness_key(const WitnessDir& dir);

// Refusals: those of core::read_file and parse_policy.
core::Result<ledger::Policy> read_policy_file(const std::string& path);

// One file for each log, put in place by rename and synced.
class FileWitnessStore : public ledger::WitnessStore {
 public:
  // `stop_process` is called when a save fails: what is on the disk is not known then.
  FileWitnessStore(WitnessDir dir, std::function<void(const std::string& reason)> stop_process)
      : dir_(std::move(dir)), stop_process_(std::move(stop_process)) {}

  std::optional<std::string> load(const std::string& origin) override;
  void save(const std::string& origin, const std::string& note) override;

 private:
  std::string file_of(const std::string& origin) const;

  WitnessDir dir_;
  std::function<void(const std::string&)> stop_process_;
};

}  // namespace tally::api
