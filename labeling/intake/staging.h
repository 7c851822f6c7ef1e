// Staging: the lines of an import, read and checked in constant memory before anything is changed.
//
// Lines go to a private temporary file; only when every one of them is good does an import begin, so
// that a bad line at any place leaves nothing changed.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/hash.h"
#include "core/sql/session.h"
#include "labeling/intake/prediction.h"

namespace tally::labeling {

// Takes a piece of a body; false stops the reading.
using PieceSink = std::function<bool(std::string_view piece)>;
// Hands a body over piece by piece, once.
using PieceSource = std::function<core::Result<core::Done>(const PieceSink& sink)>;

// Cuts pieces into lines. The last line may lack its newline.
class LineCutter {
 public:
  // Takes a line without its newline; false stops.
  using LineSink = std::function<bool(std::string_view line)>;

  LineCutter(std::size_t line_bytes_max, LineSink sink)
      : line_bytes_max_(line_bytes_max), sink_(std::move(sink)) {}

  // False when the sink said so, or a line is too long.
  bool feed(std::string_view piece);
  bool finish();
  bool is_too_long() const { return is_too_long_; }

 private:
  bool take(std::string_view rest_of_line);

  std::size_t line_bytes_max_;
  LineSink sink_;
  std::string begun_;  // a line whose end has not come
  bool is_too_long_ = false;
};

class StagedLines {
 public:
  StagedLines();

  // Reads all of `source`. Refusals, of the first line that is wrong: those of read_prediction,
  // prediction.invalid (the item stands a second time; the line is too long), import.empty (no
  // line at all), and those of the source.
  core::Result<core::Done> fill(const PieceSource& source,
                                const Policy& policy,
                                std::size_t class_count);

  std::int64_t count() const { return count_; }
  core::Hash digest() const { return digest_; }  // SHA-256 of the bytes as they came

  struct Line {
    std::int64_t number = 0;  // 1 is the first
    std::string item;
    std::string text;
  };
  // At most `limit` lines after the line `after`.
  std::vector<Line> page(std::int64_t after, std::int64_t limit);

 private:
  std::optional<core::Error> add(std::string_view text,
                                 const Policy& policy,
                                 std::size_t class_count);

  struct Statements {
    core::sql::Connection& db;
    core::sql::Statement insert{db, R"(
      insert into line (number, item, text) values (?1, ?2, ?3) on conflict (item) do nothing
    )"};
    core::sql::Statement number{db, "select number from line where item = ?1"};
    core::sql::Statement page{db, R"(
      select number, item, text from line where number > ?1 order by number limit ?2
    )"};
  };

  core::sql::Connection db_;
  std::optional<Statements> sql_;
  std::int64_t count_ = 0;
  core::Hash digest_;
};

}  // namespace tally::labeling
