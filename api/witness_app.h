// A witness that serves: see ledger/witness.h for what it says, api/witness_dir.h for what it keeps.
//
//   POST <prefix>/add-checkpoint               a log brings its newest checkpoint
//   GET  <prefix>/<sha256 of origin>/checkpoint  the newest note cosigned of that log; 404 if none
//   GET  /healthz
#pragma once

#include <memory>
#include <string>

#include "api/config.h"
#include "api/witness_dir.h"

namespace tally::api {

class WitnessApp {
 public:
  // `prefix` is empty or begins with a slash. Throws Broken when what is held cannot be read.
  WitnessApp(const WitnessDir& dir,
             ledger::NoteSigner key,
             ledger::Policy logs,
             const Config& config,
             const std::string& prefix);
  ~WitnessApp();
  WitnessApp(const WitnessApp&) = delete;
  WitnessApp& operator=(const WitnessApp&) = delete;

  int bind();  // the port
  void serve();
  void stop() noexcept;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace tally::api
