// A data directory whose keys are exchanged, lost and brought back; started as `serve` starts it.
#pragma once

#include <string>
#include <vector>

#include "api/data_dir.h"
#include "core/bytes.h"
#include "support/api/command_line.h"
#include "support/temp_dir.h"

namespace tally::test {

struct Site {
  TempDir folder;
  api::DataDir dir{folder.file("data")};
  std::string first;  // vkey

  Site();
  std::string path() const { return dir.path().string(); }
  // `rotate log`; the vkey that is to follow.
  std::string plan() const;

  // A start that goes as far as before the first request, and an end. Throws as App does.
  void serve(bool retires_missing = false, const std::string& replica = "") const;
  // The same, and what stands then: the newest checkpoint, a receipt of entry 0, the last entry, and the
  // public key of operator.key.
  struct Started {
    std::string note;
    std::string receipt;
    std::string last_entry;
    core::Hash signs_grants;
  };
  Started start(bool retires_missing = false) const;

  bool is_there(const char* name) const;
  std::string read(const std::string& file) const;
  Run audit(const std::vector<std::string>& keys) const;
};

// Whether the note bears that key's signature.
bool signs(const std::string& vkey, const std::string& note);
bool holds(const std::string& text, const std::string& part);

}  // namespace tally::test
