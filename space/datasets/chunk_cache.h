// Sealed chunks of published content that were read lately, so that the pages of one chunk are read
// from the database once. They stay sealed here: each page opens them, and checks them, again.
// Published content never changes, so what is kept is never stale. For many threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "core/guarded.h"
#include "space/ids.h"

namespace tally::space {

struct SealedChunk {
  std::uint64_t index = 0;
  std::uint64_t first_record = 0;
  std::uint64_t records = 0;
  std::string sealed;
};
using SealedChunkPtr = std::shared_ptr<const SealedChunk>;

class ChunkCache {
 public:
  using Place = std::pair<DatasetId, std::uint64_t>;  // dataset and version

  // Keeps at most that many sealed bytes; the chunks that were found least lately go first.
  explicit ChunkCache(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  // The chunk that holds the record, or null.
  SealedChunkPtr find(const Place& place, std::uint64_t record);
  void keep(const Place& place, SealedChunkPtr chunk);
  void forget(const Place& place);

 private:
  using Key = std::pair<Place, std::uint64_t>;  // and the chunk's first record
  using Order = std::list<std::pair<Key, SealedChunkPtr>>;
  struct Kept {
    Order order;  // the one found last comes first
    std::map<Key, Order::iterator> by_key;
    std::size_t bytes = 0;
  };

  std::size_t bytes_max_;
  core::Guarded<Kept> kept_;
};

}  // namespace tally::space
