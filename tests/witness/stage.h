// What the tests of witnesses stand on: a log without a server, and the real `tallystick witness`.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "api/http_client.h"
#include "ledger/checkpoint.h"
#include "ledger/policy.h"
#include "ledger/reference_tree.h"
#include "ledger/witness.h"
#include "support/live/server_process.h"
#include "support/temp_dir.h"

namespace tally::witness_test {

extern std::string program;              // tallystick
extern std::string die_at_sync_library;  // preloaded, it kills its process after the n-th fsync

// A log of 60 entries that signs what it is told to. Its entries from `fork_at` on are its own.
class SampleLog {
 public:
  explicit SampleLog(std::string origin = "log.example/ledger",
                     unsigned seed = 0,
                     std::uint64_t fork_at = 60);

  const std::string& origin() const { return signer_.verifier().name; }
  std::string vkey() const { return ledger::format_vkey(signer_.verifier()); }
  std::string note_of(const ledger::TreeHead& head) const;
  std::string note(std::uint64_t size) const;
  std::string text(std::uint64_t size) const;  // the note's, without signatures
  std::string body(std::uint64_t old_size, std::uint64_t size) const;  // of add-checkpoint

 private:
  ledger::NoteSigner signer_;
  ledger::test::ReferenceTree tree_;
};

// `tallystick witness serve` under the prefix /w, for these logs.
class WitnessProcess {
 public:
  explicit WitnessProcess(const std::vector<std::string>& log_vkeys,
                          const std::string& name = "witness.example/w1");

  void trust(const std::vector<std::string>& log_vkeys);  // from the next start on
  void start() { process_.start(); }
  void kill_hard() { process_.kill_hard(); }
  int stop() { return process_.stop(); }
  int wait_for_end() { return process_.wait_for_end(); }
  std::string url() const { return process_.url(); }

  api::HttpAnswer add(const std::string& body) const;
  const ledger::VerifierKey& key() const { return key_; }
  std::string policy_line(const std::string& name) const;  // witness <name> <vkey> <url>
  std::string held_file(const std::string& origin) const;
  std::string held(
      const std::string& origin) const;  // the text that it cosigned, without signatures
  std::string logs_file() const { return directory_ + "/logs.policy"; }
  // Starts another one on the same directory; 0 if it serves (it is stopped then).
  int exit_code_of_start(const std::vector<std::string>& flags) const;

 private:
  test::TempDir temp_;
  std::string directory_;
  ledger::VerifierKey key_;
  live::ServerProcess process_;
};

}  // namespace tally::witness_test
