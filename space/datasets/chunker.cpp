#include "space/datasets/chunker.h"

#include <algorithm>

#include "core/json.h"

namespace tally::space {
namespace {

using core::Done;
using core::Error;
using core::Refusal;
using core::Result;

Error record_error(std::uint64_t record, std::string code, std::string words) {
  std::string message = "record " + std::to_string(record) + " " + words;
  return {Refusal::invalid,
          std::move(code),
          std::move(message),
          {{"/" + std::to_string(record), "malformed", std::move(words)}}};
}

Error too_large(std::uint64_t record) {
  return record_error(record, "dataset.record_too_large",
                      "is larger than " + std::to_string(record_bytes_max) + " bytes");
}

}  // namespace

Result<Done> Chunker::add(std::string_view piece) {
  return has_records_ ? add_lines(piece) : add_block(piece);
}

Result<Done> Chunker::finish() {
  if (!line_.empty()) {
    std::string last;
    last.swap(line_);
    if (auto added = add_record(last); !added) return added;
  }
  return close_chunk();
}

Result<Done> Chunker::add_block(std::string_view piece) {
  while (!piece.empty()) {
    std::size_t part = std::min(piece.size(), block_bytes - chunk_.bytes.size());
    chunk_.bytes += piece.substr(0, part);
    piece.remove_prefix(part);
    if (chunk_.bytes.size() < block_bytes) continue;
    if (auto closed = close_chunk(); !closed) return closed;
  }
  return Done{};
}

Result<Done> Chunker::add_lines(std::string_view piece) {
  while (!piece.empty()) {
    std::size_t end = piece.find('\n');
    std::size_t part = end == std::string_view::npos ? piece.size() : end + 1;
    if (line_.size() + part > record_bytes_max) return too_large(records_);
    std::string_view line = piece.substr(0, part);
    piece.remove_prefix(part);
    if (end == std::string_view::npos || !line_.empty()) {
      line_ += line;
      if (end == std::string_view::npos) return Done{};
      line = line_;
    }
    if (auto added = add_record(line); !added) return added;
    line_.clear();
  }
  return Done{};
}

Result<Done> Chunker::add_record(std::string_view line) {
  if (!line.starts_with('{') || !core::is_json(line)) {
    return record_error(records_, "dataset.record_invalid",
                        "is not a JSON object on a line of its own");
  }
  bool is_full = chunk_.bytes.size() + line.size() > record_chunk_bytes_max ||
                 records_ - chunk_.first_record >= record_chunk_records_max;
  if (is_full) {
    if (auto closed = close_chunk(); !closed) return closed;
  }
  chunk_.bytes += line;
  ++records_;
  return Done{};
}

Result<Done> Chunker::close_chunk() {
  if (chunk_.bytes.empty()) return Done{};
  Chunk next{chunk_.index + 1, records_, {}};
  std::swap(chunk_, next);
  return emit_(std::move(next));
}

}  // namespace tally::space
