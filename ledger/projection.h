// Tables that follow from the ledger, compared with what a replay of it gives.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/sql/session.h"

namespace tally::ledger {

// How a column is compared and shown. A `time` is in Unix milliseconds, and two that lie within
// `time_slack_ms` are the same: earlier versions read the clock once for an entry and again for
// its row.
enum class ColumnKind : std::uint8_t { text, integer, bytes, time };

inline constexpr std::int64_t time_slack_ms = 1'000;

struct Column {
  std::string_view name;
  ColumnKind kind = ColumnKind::text;
};

// A table, all of its columns, those of its primary key first.
struct ProjectionTable {
  std::string_view name;
  core::sql::Sql rows;  // selects them in this order, by key
  std::vector<Column> columns;
  std::size_t key_columns = 1;
};

// A row that is not what the replay gives. `column` is empty when the whole row is missing (`found`
// is empty) or should not be there (`expected` is empty).
struct RowDifference {
  std::string key;  // "ctr_.. 0"
  std::string column;
  std::string expected;
  std::string found;
  std::vector<std::string> cells = {};  // where the whole row differs: all of its columns
};

// Walks both tables side by side, in constant memory; answers how many rows differ. `tell` is told of
// each, by its first column that differs. Where it answers false the difference does not count, and
// the row's next column is looked at.
// Throws core::Broken when the table cannot be read.
std::uint64_t compare_table(const ProjectionTable& table,
                            core::sql::Connection& replayed,
                            core::sql::Connection& stored,
                            const std::function<bool(const RowDifference&)>& tell);

// Makes the stored table what the replay gives, row by row: rows are added and changed, none is taken
// away. In the transaction of `stored`. Throws core::Broken when a row does not fit.
void take_over_table(const ProjectionTable& table,
                     core::sql::Connection& replayed,
                     core::sql::Connection& stored);

}  // namespace tally::ledger
