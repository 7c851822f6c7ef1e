#include "space/datasets/chunker.h"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <rapidcheck.h>

using namespace tally;
using namespace tally::space;

namespace {

struct Cut {
  std::vector<Chunk> chunks;
  std::uint64_t records = 0;
  std::optional<core::Error> refused;

  std::string joined() const {
    std::string all;
    for (const Chunk& chunk : chunks) all += chunk.bytes;
    return all;
  }
};

// The content handed over in pieces of `piece_bytes`.
Cut cut(bool has_records, std::string_view content, std::size_t piece_bytes) {
  Cut result;
  Chunker chunker(has_records, [&](Chunk chunk) -> core::Result<core::Done> {
    result.chunks.push_back(std::move(chunk));
    return core::Done{};
  });
  while (!content.empty()) {
    auto piece = content.substr(0, piece_bytes);
    content.remove_prefix(piece.size());
    if (auto added = chunker.add(piece); !added) {
      result.refused = added.error();
      return result;
    }
  }
  if (auto finished = chunker.finish(); !finished) result.refused = finished.error();
  result.records = chunker.records();
  return result;
}

std::string record(std::size_t bytes) {
  std::string frame = "{\"t\":\"\"}\n";
  return "{\"t\":\"" + std::string(bytes < frame.size() ? 0 : bytes - frame.size(), 'x') + "\"}\n";
}

std::string refusal(std::string_view content) {
  auto result = cut(true, content, 7);
  REQUIRE(result.refused);
  CHECK(result.refused->kind == core::Refusal::invalid);
  return result.refused->code;
}

}  // namespace

TEST_CASE("chunker: the chunks one after another are the content, and no record is cut") {
  CHECK(rc::check("any record sizes, any pieces", [] {
    auto sizes = *rc::gen::container<std::vector<std::size_t>>(rc::gen::oneOf(
        rc::gen::inRange<std::size_t>(9, 300), rc::gen::inRange<std::size_t>(9, 40'000)));
    auto piece_bytes = *rc::gen::inRange<std::size_t>(1, 50'000);
    bool ends_in_line_feed = *rc::gen::arbitrary<bool>();
    std::string content;
    for (auto size : sizes) content += record(size);
    if (!ends_in_line_feed && !content.empty()) content.pop_back();

    auto result = cut(true, content, piece_bytes);
    RC_ASSERT(!result.refused);
    RC_ASSERT(result.joined() == content);
    RC_ASSERT(result.records == sizes.size());
    std::uint64_t records = 0;
    for (std::size_t i = 0; i < result.chunks.size(); ++i) {
      const Chunk& chunk = result.chunks[i];
      RC_ASSERT(chunk.index == i);
      RC_ASSERT(chunk.first_record == records);
      bool is_last = i + 1 == result.chunks.size();
      RC_ASSERT(chunk.bytes.starts_with('{'));
      RC_ASSERT(is_last || chunk.bytes.ends_with('\n'));
      auto lines = std::count(chunk.bytes.begin(), chunk.bytes.end(), '\n');
      records += static_cast<std::uint64_t>(lines);
      RC_ASSERT(lines <= 1000);
      RC_ASSERT(chunk.bytes.size() <= record_chunk_bytes_max || lines == 1 || is_last);
    }
  }));
}

TEST_CASE("chunker: a chunk holds at most 1,000 records") {
  std::string content;
  for (int i = 0; i < 2500; ++i) content += "{}\n";
  auto result = cut(true, content, 4096);
  REQUIRE(result.chunks.size() == 3);
  CHECK(result.chunks[1].first_record == 1000);
  CHECK(result.chunks[2].first_record == 2000);
}

TEST_CASE("chunker: content without records is cut every 64 KiB") {
  CHECK(rc::check("any size, any pieces", [] {
    auto size = *rc::gen::inRange<std::size_t>(0, 300'000);
    auto piece_bytes = *rc::gen::inRange<std::size_t>(1, 100'000);
    std::string content(size, '\0');
    for (std::size_t i = 0; i < size; ++i) content[i] = static_cast<char>(i * 7);
    auto result = cut(false, content, piece_bytes);
    RC_ASSERT(!result.refused);
    RC_ASSERT(result.joined() == content);
    RC_ASSERT(result.chunks.size() == (size + block_bytes - 1) / block_bytes);
    for (const Chunk& chunk : result.chunks) RC_ASSERT(chunk.first_record == 0u);
  }));
}

TEST_CASE("chunker: empty content has no chunk") {
  CHECK(cut(true, "", 1).chunks.empty());
  CHECK(cut(false, "", 1).chunks.empty());
}

TEST_CASE("chunker: fractions, exponents and repeated names are passed on as they are") {
  std::string content = "{\"p\":0.25,\"q\":1e-9}\r\n{\"a\":1,\"a\":2} \n";
  auto result = cut(true, content, 5);
  CHECK_FALSE(result.refused);
  CHECK(result.joined() == content);
}

TEST_CASE("chunker: a line that is no JSON object is refused by its number") {
  CHECK(refusal("[1]\n") == "dataset.record_invalid");
  CHECK(refusal("\n") == "dataset.record_invalid");
  CHECK(refusal("{\"a\":1}\n\n") == "dataset.record_invalid");
  CHECK(refusal("{\"a\":1},{\"b\":2}\n") == "dataset.record_invalid");
  CHECK(refusal("{\"a\":1}],\"receipt\":[{}\n") == "dataset.record_invalid");
  CHECK(refusal("{\"a\":\"\xff\"}\n") == "dataset.record_invalid");
  CHECK(refusal(std::string_view("{}\0{}\n", 6)) == "dataset.record_invalid");
  CHECK(refusal("{\"a\":1") == "dataset.record_invalid");
  auto result = cut(true, "{}\n{}\nno\n", 100);
  REQUIRE(result.refused);
  REQUIRE(result.refused->details.size() == 1);
  CHECK(result.refused->details[0].pointer == "/2");
}

TEST_CASE("chunker: a record of 1 MiB is taken, a larger one is not, and none is ever held whole") {
  CHECK_FALSE(cut(true, record(record_bytes_max), 10'000).refused);
  CHECK(cut(true, record(record_bytes_max + 1), 10'000).refused->code ==
        "dataset.record_too_large");
  // Without any end of line.
  auto endless = cut(true, "{\"t\":\"" + std::string(record_bytes_max, 'x'), 10'000);
  CHECK(endless.refused->code == "dataset.record_too_large");
}

TEST_CASE("chunker: a chunk that cannot be stored ends the cutting") {
  Chunker chunker(false, [](Chunk) -> core::Result<core::Done> {
    return core::Error{core::Refusal::unavailable, "test.full", "no"};
  });
  auto added = chunker.add(std::string(block_bytes, 'x'));
  REQUIRE(!added);
  CHECK(added.error().code == "test.full");
}
