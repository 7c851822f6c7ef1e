// Cuts content into the chunks that are sealed one by one. Constant memory: what it holds is bounded
// by one record and one chunk.
//
// Content with records is cut between them, so that a page of records opens the chunks that hold it
// and no others: at most 4 KiB or 1,000 records a chunk, unless a single record is larger. Other
// content is cut every 64 KiB. The chunks one after another are the content, byte by byte.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "core/result.h"

namespace tally::space {

inline constexpr std::size_t record_chunk_bytes_max = 4 * 1024;
inline constexpr std::uint64_t record_chunk_records_max = 1000;
inline constexpr std::size_t record_bytes_max = std::size_t{1} << 20;
inline constexpr std::size_t block_bytes = 64 * 1024;

struct Chunk {
  std::uint64_t index = 0;
  std::uint64_t first_record = 0;  // 0 in content without records
  std::string bytes;
};

class Chunker {
 public:
  // Takes a chunk; its refusal ends the cutting.
  using Emit = std::function<core::Result<core::Done>(Chunk)>;

  Chunker(bool has_records, Emit emit) : has_records_(has_records), emit_(std::move(emit)) {}

  // Refusals (invalid): dataset.record_invalid (a line that is no JSON object, with the pointer
  // "/<record>"), dataset.record_too_large, and those of Emit.
  core::Result<core::Done> add(std::string_view piece);
  core::Result<core::Done> finish();

  std::uint64_t records() const { return records_; }

 private:
  core::Result<core::Done> add_block(std::string_view piece);
  core::Result<core::Done> add_lines(std::string_view piece);
  core::Result<core::Done> add_record(std::string_view line);
  core::Result<core::Done> close_chunk();

  bool has_records_;
  Emit emit_;
  Chunk chunk_;
  std::string line_;           // the beginning of a record whose end is not here yet
  std::uint64_t records_ = 0;  // all so far
};

}  // namespace tally::space
