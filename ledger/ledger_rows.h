// The rows of a ledger (schemas/sql/0001_ledger.sql), as they are written: by the ledger itself, and by
// whoever keeps a copy of one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/sql/session.h"
#include "core/time.h"
#include "ledger/merkle_tree.h"

namespace tally::ledger {

// The head row.
struct StoredHead {
  std::uint64_t size = 0;
  Hash root;
  Edge edge;
  Hash last_hash;  // leaf hash of the last entry
  core::Instant last_at;
  bool time_trusted = true;
};
std::optional<StoredHead> read_head(core::sql::Session& session);

struct NewEntry {
  std::string_view bytes;
  Hash hash;  // leaf hash
};

// Writes behind what is there. What it remembers is cache: the tiles and the entries of the edge. After a
// transaction that did not commit it has to resume.
class LedgerRows {
 public:
  // Throws Broken when the edge is not as wide as `size` says.
  void resume(core::sql::Session& session, std::uint64_t size);

  // `tree` holds the entries already, as its last.
  void append(core::sql::Tx& tx, const std::vector<NewEntry>& entries, const RecentTree& tree);

  // The head, and that a batch ended there.
  static void store_head(core::sql::Tx& tx, const StoredHead& head);
  static void store_checkpoint(core::sql::Tx& tx, std::uint64_t size, std::string_view note);

 private:
  void append_bytes(core::sql::Tx& tx,
                    const std::vector<NewEntry>& entries,
                    std::uint64_t first_seq);
  void append_tiles(core::sql::Tx& tx,
                    const std::vector<NewEntry>& entries,
                    std::uint64_t first_seq,
                    const RecentTree& tree);

  std::vector<std::string> edge_tiles_;  // by level, the tile that is not full yet
  std::string edge_bundle_;              // the entries after the last full bundle
};

}  // namespace tally::ledger
