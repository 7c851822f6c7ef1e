// A ledger in the hands of an operator who cheats: it holds the database, and the log's key.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"
#include "core/signature.h"
#include "core/sql/session.h"
#include "ledger/log_keys.h"
#include "ledger/merkle_tree.h"
#include "ledger/note.h"
#include "support/temp_dir.h"

namespace tally::test {

struct ForgedEntry {
  std::int64_t at = 0;
  std::string by;
  std::string kind;
  core::Json body;
};

// The member of an object, with another value.
core::Json with(const core::Json& object, std::string_view name, core::Json value);

// What a party or a witness remembers, whatever the operator does.
struct Memory {
  std::vector<std::string> receipts;  // .tlog-proof files
  ledger::TreeHead witnessed;         // the newest that a witness cosigned
};

// What finds a cheat, and the codes by which the two audits name it.
struct Detection {
  std::set<std::string> layers;  // chain, receipts, witnesses, conduct
  std::string code;  // of the first finding; where nothing is wrong, of what cannot be told
  std::uint64_t asserted = 0;  // uses that rest on the operator's word
  std::uint64_t labels = 0;    // labels that do
};

class ForgedLedger {
 public:
  // A copy of the database, as it lies there.
  ForgedLedger(const std::string& database, ledger::NoteSigner log);

  std::vector<ForgedEntry> entries;
  // From here on the tree is signed by these; an auditor is given every key that ever signed.
  void sign_with(std::vector<ledger::NoteSigner> signers);
  // What parties and witnesses saw is this ledger, as it is now, with a receipt of its last entry.
  void show();

  // Entries in the place of those that are there, linked, in a tree that is signed: all that whoever
  // holds the log's key can make. Contracts' own chains are linked too, unless they are to break.
  void write(bool links_contracts = true);
  // The bytes as they are given, without a new tree: what a hand in the database can do.
  void write_bytes(const std::vector<std::string>& entries);
  std::vector<std::string> bytes() const;
  // Tables as an honest server would have them after these entries.
  void follow_with_tables();
  void run(const std::string& sql);

  Detection detect(const Memory& memory) const;
  ledger::TreeHead head() const;
  const std::string& database() const { return database_; }

 private:
  void store(const std::vector<std::string>& bytes, core::sql::Connection& connection);

  TempDir directory_;
  std::string database_;
  std::vector<ledger::NoteSigner> signers_;
  ledger::LogKeys known_;
  std::optional<Memory> shown_;
};

}  // namespace tally::test
