// `tallystick serve` with witnesses, and witnesses that lie.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "api/http_client.h"
#include "api/router.h"
#include "ledger/checkpoint.h"
#include "support/api/test_server.h"
#include "support/live/server_process.h"
#include "support/temp_dir.h"
#include "witness/stage.h"

namespace tally::witness_test {

// Sets TALLYSTICK_<name> for the children that are started from now on, until destroyed.
class Setting {
 public:
  Setting(const std::string& name, const std::string& value);
  ~Setting();
  Setting(const Setting&) = delete;
  Setting& operator=(const Setting&) = delete;

 private:
  std::string name_;
};

// A space of its own. Its witnesses are asked every 50 ms.
class LogProcess {
 public:
  LogProcess();

  const std::string& vkey() const { return vkey_; }
  ledger::VerifierKey key() const { return *ledger::parse_vkey(vkey_); }
  std::string directory() const { return temp_.path() + "/log"; }
  std::string policy_file() const { return temp_.path() + "/policy"; }
  std::string file(const std::string& name) const { return temp_.file(name); }

  // The log's own line stands before.
  void use_policy(const std::string& lines);
  void use_no_policy();
  void start() { process().start(); }
  int exit_code_of_start();
  std::string words_of_failed_start() const;  // on stderr, of a start that fails
  void kill_hard() { process().kill_hard(); }
  void stop();

  // Another entry in the ledger; its seq.
  std::uint64_t append();
  api::HttpAnswer get(const std::string& target) const;  // with the operator's token
  // 0 while nothing is published.
  std::uint64_t published_size() const;
  std::string published_note() const { return get("/ledger/checkpoint").body; }
  // Waits until what is published reaches the size; false after 10 seconds.
  bool publishes(std::uint64_t size) const;
  // A sample of /metrics; -1 if there is none.
  std::int64_t metric(const std::string& sample) const;
  // Waits until the sample is at least that.
  bool reaches(const std::string& sample, std::int64_t value) const;

  // What lies in the data directory, apart and back again.
  void back_up(const std::string& name) const;
  void restore(const std::string& name) const;

 private:
  live::ServerProcess& process() { return with_policy_ ? witnessed_ : alone_; }
  const live::ServerProcess& process() const { return with_policy_ ? witnessed_ : alone_; }

  test::TempDir temp_;
  std::string vkey_;
  std::string token_;
  Setting interval_;
  bool with_policy_ = false;
  live::ServerProcess alone_;
  live::ServerProcess witnessed_;
};

// A witness that answers as it is told.
class FalseWitness {
 public:
  using Answer = std::function<api::Reply(const std::string& body)>;
  explicit FalseWitness(Answer answer, const std::string& name = "witness.example/false");

  std::string policy_line(const std::string& name) const;
  const ledger::NoteSigner& signer() const { return signer_; }

 private:
  ledger::NoteSigner signer_;
  api::Router router_;
  test::TestServer server_;
};

}  // namespace tally::witness_test
