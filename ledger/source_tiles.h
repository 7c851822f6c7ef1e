// A ledger as files of C2SP tlog-tiles: behind a URL, or in a directory.
//
// Only the size is taken from the checkpoint before it is verified: it says which files to ask for,
// and the audit finds out whether they are right.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "ledger/source.h"

namespace tally::ledger {

class TileSource : public LedgerSource {
 public:
  // The file at "checkpoint" or a tile path; nothing if there is none. It throws core::Broken when it
  // cannot tell, or when the file is longer than `bytes_max`.
  using Fetch =
      std::function<std::optional<std::string>(const std::string& path, std::size_t bytes_max)>;

  // Without entries, none is asked for. Throws core::Broken when there is no checkpoint.
  explicit TileSource(Fetch fetch, bool with_entries = true);

  const SourceEdge& edge() const override { return edge_; }
  bool visit_bundle(std::uint64_t bundle, const Visitor& visit) override;
  bool visit_tile(unsigned level, std::uint64_t tile, const Visitor& visit) override;

 private:
  std::optional<std::string> fetch_bundle(std::uint64_t bundle, unsigned width);

  Fetch fetch_;
  SourceEdge edge_;
  std::uint64_t size_ = 0;
};

// The files of a directory, as `tallystick ledger export` writes them.
TileSource::Fetch fetch_from_directory(std::string directory);

}  // namespace tally::ledger
