// A ledger in a database, read beside the server that writes it.
//
// What still changes is read at once, in one transaction, when the source is made. Complete bundles
// and full tiles never change, so they are read later, some hundred in a transaction: the writer's
// log can be reset while a long audit runs, and memory stays constant.
#pragma once

#include <map>
#include <utility>

#include "core/sql/session.h"
#include "ledger/source.h"

namespace tally::ledger {

class DatabaseSource : public LedgerSource {
 public:
  // The session must outlive the source, and be used for nothing else meanwhile.
  explicit DatabaseSource(core::sql::Session& session);
  ~DatabaseSource() override;
  DatabaseSource(const DatabaseSource&) = delete;
  DatabaseSource& operator=(const DatabaseSource&) = delete;

  const SourceEdge& edge() const override { return edge_; }
  bool visit_bundle(std::uint64_t bundle, const Visitor& visit) override;
  bool visit_tile(unsigned level, std::uint64_t tile, const Visitor& visit) override;

 private:
  void begin();
  void rest();
  void read_edge();
  void read_extents();
  void keep_last_tiles();

  core::sql::Session& session_;
  bool is_own_ = false;  // the transaction, not that of whoever gave the session
  int visits_ = 0;       // in this transaction
  SourceEdge edge_;
  std::map<std::pair<unsigned, std::uint64_t>, std::string> last_tiles_;  // one for each level
};

}  // namespace tally::ledger
