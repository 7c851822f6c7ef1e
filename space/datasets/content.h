// Content at rest: each version's chunks, sealed under a data key of their own, which is sealed under
// the master key.
//
//   data key   under the master key and the subject's own (HMAC-SHA-256 of this under that), context
//              "<dataset>/<version>/key"; shredding the subject's key erases the content. Content of
//              ledgers from before has no such key: its data key lies under the master key alone.
//   chunk      under the data key,   context "<dataset>/<version>/<chunk>/<first record>"
//
// What does not open, or is not all there, is Broken: the disk or someone changed it. Data keys in use
// are kept in memory, at most `keys_kept_max`. For many threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "core/guarded.h"
#include "core/random.h"
#include "core/result.h"
#include "core/seal.h"
#include "core/shred_keys.h"
#include "core/sql/session.h"
#include "space/datasets/chunk_cache.h"
#include "space/datasets/chunker.h"
#include "space/datasets/dataset.h"

namespace tally::space {

inline constexpr std::uint64_t page_records_max = 1000;
inline constexpr std::size_t page_content_bytes_max = std::size_t{8} << 20;
inline constexpr std::size_t chunks_kept_bytes_max = std::size_t{64} << 20;

// Records `from` .. `from + records - 1` as they were uploaded: each a JSON object and its line feed,
// which the very last record may lack.
struct RecordPage {
  std::string lines;
  std::uint64_t from = 0;
  std::uint64_t records = 0;
  std::uint64_t total_records = 0;
};

// The records of a page as the elements of a JSON array, `[..]`.
void append_json_array(std::string& out, const RecordPage& page);

// The key of one version's content, and how its chunks are sealed.
class ContentKey {
 public:
  ContentKey(const DatasetId& dataset, std::uint64_t version, const core::SealKey& key);

  std::string seal(const Chunk& chunk, core::Random& random) const;
  // Throws Broken.
  void open(std::uint64_t chunk,
            std::uint64_t first_record,
            std::string_view sealed,
            std::string& out) const;

 private:
  std::string context(std::uint64_t chunk, std::uint64_t first_record) const;

  std::string place_;  // "<dataset>/<version>/"
  core::SealKey key_;
};

class ContentStore {
 public:
  ContentStore(const core::SealKey& master_key,
               core::ShredKeys& shred_keys,
               core::Random& random,
               std::size_t keys_kept_max = 256)
      : master_key_(master_key),
        shred_keys_(shred_keys),
        random_(random),
        keys_kept_max_(keys_kept_max) {}

  // --- writing, for uploads (space/datasets/uploads.h) --------------------------------------------

  struct NewKey {
    ContentKey key;
    std::string sealed;  // what keep_key stores
  };
  NewKey draw_key(const DatasetId& dataset, std::uint64_t version);
  core::Random& random() { return random_; }

  // --- reading published content ------------------------------------------------------------------

  // That there is content to open. Refusals: those of open_page about the version.
  core::Result<core::Done> require_content(core::sql::Session& session,
                                           const DatasetId& dataset,
                                           std::uint64_t version);

  // Records from `from` on: `limit` of them (1 .. page_records_max), fewer at the end of the content
  // or when their bytes would exceed page_content_bytes_max, yet at least one. The same arguments
  // give the same page for ever. Refusals, in this order: dataset.version_not_found (also while it
  // awaits content), dataset.version_erased (gone), dataset.no_content (conflict: metadata only),
  // dataset.no_records (conflict),
  // request.invalid (`from` is beyond the last record).
  core::Result<RecordPage> open_page(core::sql::Session& session,
                                     const DatasetId& dataset,
                                     std::uint64_t version,
                                     std::uint64_t from,
                                     std::uint64_t limit);

  // The same page without the database, if all its chunks were read lately; else nothing.
  std::optional<RecordPage> find_page(const DatasetId& dataset,
                                      std::uint64_t version,
                                      std::uint64_t from,
                                      std::uint64_t limit);

  // True of a sealed data key from before subjects had keys.
  bool opens_without_subject(const DatasetId& dataset,
                             std::uint64_t version,
                             std::string_view sealed) const;

  // Nothing of the version stays in memory.
  void forget(const DatasetId& dataset, std::uint64_t version);

  // Puts the chunk into `out`; false when there is none behind the last. Throws Broken when `version`
  // is not published with content.
  bool open_chunk(core::sql::Session& session,
                  const DatasetId& dataset,
                  std::uint64_t version,
                  std::uint64_t chunk,
                  std::string& out);

 private:
  struct Opened {
    ContentKey key;
    std::uint64_t bytes = 0;
    std::optional<std::uint64_t> records;
  };
  using OpenedPtr = std::shared_ptr<const Opened>;
  using Place = ChunkCache::Place;
  struct Kept {
    struct Slot {
      OpenedPtr opened;
      std::uint64_t used = 0;  // when, by the count of uses
    };
    std::map<Place, Slot> slots;
    std::uint64_t uses = 0;
  };

  core::Result<OpenedPtr> open(core::sql::Session& session, const Place& place);
  OpenedPtr find_kept(const Place& place);
  void keep(const Place& place, OpenedPtr opened);
  bool fill_page(const Place& place,
                 const ContentKey& key,
                 core::sql::Cursor row,
                 std::uint64_t wanted,
                 RecordPage& page);

  core::SealKey master_key_;
  core::ShredKeys& shred_keys_;
  core::Random& random_;
  std::size_t keys_kept_max_;
  core::Guarded<Kept> kept_;
  ChunkCache chunks_{chunks_kept_bytes_max};
};

// Reads a published version's content from its first byte to its last, chunk by chunk, in constant
// memory. Throws Broken when it does not open, or ends before all announced bytes were there.
class ContentReader {
 public:
  ContentReader(ContentStore& store, const DatasetVersion& version)
      : store_(store), version_(version) {}

  // The next piece; false at the end.
  bool next(core::sql::Session& session, std::string& piece);

 private:
  ContentStore& store_;
  DatasetVersion version_;
  std::uint64_t chunk_ = 0;
  std::uint64_t bytes_ = 0;
};

// The rows behind it.
void keep_content_key(core::sql::Tx& tx,
                      const DatasetId& dataset,
                      std::uint64_t version,
                      std::string_view sealed);
void keep_chunk(core::sql::Tx& tx,
                const DatasetId& dataset,
                std::uint64_t version,
                const Chunk& sealed);
// Removes up to `limit` chunks, and the key with the last of them; true when nothing is left.
bool remove_chunks(core::sql::Tx& tx,
                   const DatasetId& dataset,
                   std::uint64_t version,
                   std::uint64_t limit);
// Whether a key, and maybe chunks, are stored.
bool has_content(core::sql::Session& session, const DatasetId& dataset, std::uint64_t version);

}  // namespace tally::space
