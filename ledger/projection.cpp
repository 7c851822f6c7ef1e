#include "ledger/projection.h"

#include <algorithm>
#include <cstdlib>
#include <optional>

#include "core/bytes.h"

namespace tally::ledger {
namespace {

using core::sql::Cursor;
using core::sql::Statement;

// A table that is read row by row.
class Rows {
 public:
  Rows(const ProjectionTable& table, core::sql::Connection& connection)
      : table_(table), statement_(connection, table.rows), cursor_(statement_()) {
    step();
  }

  bool is_there() const { return is_there_; }
  const Cursor& row() const { return cursor_; }
  void step() { is_there_ = cursor_.next(); }

  std::string shown(std::size_t column) const {
    int place = static_cast<int>(column);
    if (cursor_.is_null(place)) return "null";
    if (table_.columns[column].kind == ColumnKind::bytes) return core::to_hex(cursor_.view(place));
    return cursor_.text(place);
  }
  std::vector<std::string> cells() const {
    std::vector<std::string> cells;
    for (std::size_t i = 0; i < table_.columns.size(); ++i) cells.push_back(shown(i));
    return cells;
  }
  std::string key() const {
    std::string text;
    for (std::size_t i = 0; i < table_.key_columns; ++i) text += (i > 0 ? " " : "") + shown(i);
    return text;
  }

 private:
  const ProjectionTable& table_;
  Statement statement_;
  Cursor cursor_;
  bool is_there_ = false;
};

int compare_keys(const ProjectionTable& table, const Rows& a, const Rows& b) {
  for (std::size_t i = 0; i < table.key_columns; ++i) {
    int place = static_cast<int>(i);
    if (table.columns[i].kind == ColumnKind::integer) {
      auto left = a.row().integer(place);
      auto right = b.row().integer(place);
      if (left != right) return left < right ? -1 : 1;
      continue;
    }
    int order = a.row().view(place).compare(b.row().view(place));
    if (order != 0) return order;
  }
  return 0;
}

bool is_same(const Column& column, int place, const Cursor& a, const Cursor& b) {
  if (a.is_null(place) || b.is_null(place)) return a.is_null(place) && b.is_null(place);
  if (column.kind == ColumnKind::integer) return a.integer(place) == b.integer(place);
  if (column.kind == ColumnKind::time) {
    std::int64_t first = std::min(a.integer(place), b.integer(place));
    std::int64_t last = std::max(a.integer(place), b.integer(place));
    return first >= last - time_slack_ms;
  }
  return a.view(place) == b.view(place);
}

std::optional<std::size_t> find_difference(const ProjectionTable& table,
                                           const Rows& a,
                                           const Rows& b,
                                           std::size_t from) {
  for (std::size_t i = from; i < table.columns.size(); ++i) {
    if (!is_same(table.columns[i], static_cast<int>(i), a.row(), b.row())) return i;
  }
  return std::nullopt;
}

// Put together from the table's own literals.
std::string upsert_of(const ProjectionTable& table) {
  std::string names, places, keys, changes;
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    std::string name(table.columns[i].name);
    names += (i > 0 ? ", " : "") + name;
    places += (i > 0 ? ", ?" : "?") + std::to_string(i + 1);
    bool is_key = i < table.key_columns;
    std::string& list = is_key ? keys : changes;
    list += (list.empty() ? "" : ", ") + name + (is_key ? "" : " = excluded." + name);
  }
  return "insert into " + std::string(table.name) + " (" + names + ") values (" + places +
         ") on conflict (" + keys + ") do " +
         (changes.empty() ? "nothing" : "update set " + changes);
}

}  // namespace

void take_over_table(const ProjectionTable& table,
                     core::sql::Connection& replayed,
                     core::sql::Connection& stored) {
  Statement rows(replayed, table.rows);
  auto put = stored.driver().prepare(upsert_of(table));
  for (auto row = rows(); row.next();) {
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
      int place = static_cast<int>(i);
      if (row.is_null(place)) {
        put->bind_null(place + 1);
      } else if (table.columns[i].kind == ColumnKind::bytes) {
        put->bind_blob(place + 1, row.view(place));
      } else if (table.columns[i].kind == ColumnKind::text) {
        put->bind_text(place + 1, row.view(place));
      } else {
        put->bind_integer(place + 1, row.integer(place));
      }
    }
    while (put->step()) {
    }
    put->reset();
  }
}

std::uint64_t compare_table(const ProjectionTable& table,
                            core::sql::Connection& replayed,
                            core::sql::Connection& stored,
                            const std::function<bool(const RowDifference&)>& tell) {
  Rows right(table, replayed);
  Rows there(table, stored);
  std::uint64_t differences = 0;
  auto note = [&](const RowDifference& difference) {
    bool counts = tell(difference);
    differences += counts ? 1 : 0;
    return counts;
  };
  auto note_column = [&] {
    std::size_t from = table.key_columns;
    while (auto column = find_difference(table, right, there, from)) {
      from = *column + 1;
      if (note({right.key(), std::string(table.columns[*column].name), right.shown(*column),
                there.shown(*column)})) {
        return;
      }
    }
  };
  while (right.is_there() || there.is_there()) {
    int order = !there.is_there() ? -1 : !right.is_there() ? 1 : compare_keys(table, right, there);
    if (order < 0) {
      note({right.key(), "", "a row", "", right.cells()});
    } else if (order > 0) {
      note({there.key(), "", "", "a row", there.cells()});
    } else {
      note_column();
    }
    if (order <= 0) right.step();
    if (order >= 0) there.step();
  }
  return differences;
}

}  // namespace tally::ledger
