#include "space/datasets/chunk_cache.h"

#include <iterator>

namespace tally::space {

SealedChunkPtr ChunkCache::find(const Place& place, std::uint64_t record) {
  return kept_.with([&](Kept& kept) -> SealedChunkPtr {
    auto after = kept.by_key.upper_bound({place, record});
    if (after == kept.by_key.begin()) return nullptr;
    auto at = std::prev(after)->second;
    const auto& [key, chunk] = *at;
    if (key.first != place || record - chunk->first_record >= chunk->records) return nullptr;
    kept.order.splice(kept.order.begin(), kept.order, at);
    return chunk;
  });
}

void ChunkCache::keep(const Place& place, SealedChunkPtr chunk) {
  if (chunk->sealed.size() > bytes_max_) return;
  Key key{place, chunk->first_record};
  kept_.with([&](Kept& kept) {
    if (kept.by_key.contains(key)) return;
    kept.bytes += chunk->sealed.size();
    kept.order.emplace_front(key, std::move(chunk));
    kept.by_key[key] = kept.order.begin();
    while (kept.bytes > bytes_max_) {
      kept.bytes -= kept.order.back().second->sealed.size();
      kept.by_key.erase(kept.order.back().first);
      kept.order.pop_back();
    }
  });
}

void ChunkCache::forget(const Place& place) {
  kept_.with([&](Kept& kept) {
    auto at = kept.by_key.lower_bound({place, 0});
    while (at != kept.by_key.end() && at->first.first == place) {
      kept.bytes -= at->second->second->sealed.size();
      kept.order.erase(at->second);
      at = kept.by_key.erase(at);
    }
  });
}

}  // namespace tally::space
