#include "labeling/intake/staging.h"

#include <utility>

#include "core/sql/sqlite/sqlite.h"

namespace tally::labeling {

using core::Done;
using core::Error;
using core::Result;

bool LineCutter::take(std::string_view rest_of_line) {
  if (begun_.size() + rest_of_line.size() > line_bytes_max_) {
    is_too_long_ = true;
    return false;
  }
  if (begun_.empty()) return sink_(rest_of_line);
  begun_ += rest_of_line;
  std::string line = std::exchange(begun_, {});
  return sink_(line);
}

bool LineCutter::feed(std::string_view piece) {
  while (true) {
    auto end = piece.find('\n');
    if (end == std::string_view::npos) break;
    if (!take(piece.substr(0, end))) return false;
    piece.remove_prefix(end + 1);
  }
  is_too_long_ = begun_.size() + piece.size() > line_bytes_max_;
  if (is_too_long_) return false;
  begun_ += piece;
  return true;
}

bool LineCutter::finish() { return begun_.empty() || take({}); }

StagedLines::StagedLines() : db_(core::sql::sqlite::open_temporary()) {
  db_.run(R"(
    create table line (number integer primary key, item text not null unique, text text not null) strict
  )");
  sql_.emplace(Statements{db_});
}

std::optional<Error> StagedLines::add(std::string_view text,
                                      const Policy& policy,
                                      std::size_t class_count) {
  auto number = static_cast<std::uint64_t>(count_ + 1);
  auto prediction = read_prediction(text, number, policy, class_count);
  if (!prediction) return prediction.error();
  if (sql_->insert(number, prediction->item, text).run() == 0) {
    auto row = sql_->number(prediction->item);
    row.next();
    return wrong_prediction(number, "item", "not_allowed",
                            "stands in line " + std::to_string(row.integer(0)) + " already");
  }
  ++count_;
  return std::nullopt;
}

Result<Done> StagedLines::fill(const PieceSource& source,
                               const Policy& policy,
                               std::size_t class_count) {
  std::optional<Error> wrong;
  core::Sha256Stream digest;
  LineCutter cutter(prediction_line_bytes_max, [&](std::string_view line) {
    wrong = add(line, policy, class_count);
    return !wrong.has_value();
  });
  db_.run("begin");
  auto read = source([&](std::string_view piece) {
    digest.update(piece);
    return cutter.feed(piece);
  });
  if (!read) return read;
  if (!wrong && !cutter.is_too_long()) cutter.finish();
  db_.run("commit");
  if (wrong) return *wrong;
  if (cutter.is_too_long()) {
    return wrong_prediction(static_cast<std::uint64_t>(count_ + 1), "", "too_long",
                            "is longer than 16384 bytes");
  }
  if (count_ == 0) {
    return Error{core::Refusal::invalid, "import.empty", "there is no line to import"};
  }
  digest_ = digest.finish();
  return Done{};
}

std::vector<StagedLines::Line> StagedLines::page(std::int64_t after, std::int64_t limit) {
  std::vector<Line> lines;
  auto row = sql_->page(after, limit);
  while (row.next()) lines.push_back({row.integer(0), row.text(1), row.text(2)});
  return lines;
}

}  // namespace tally::labeling
