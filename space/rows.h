// Rows read into values, for the functions beside the tables.
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "core/result.h"
#include "core/sql/session.h"

namespace tally::space {

// The row that a statement gives, if it gives one.
template <class Read>
auto read_one(core::sql::Cursor row, Read read) -> std::optional<decltype(read(row))> {
  if (!row.next()) return std::nullopt;
  return read(row);
}

template <class Read>
auto read_all(core::sql::Cursor row, Read read) {
  std::vector<decltype(read(row))> all;
  while (row.next()) all.push_back(read(row));
  return all;
}

// A column that holds the name of an enumerator.
template <class Enum>
Enum read_name(const core::sql::Cursor& row, int column) {
  for (const auto& [value, name] : enum_names(Enum{})) {
    if (name == row.view(column)) return value;
  }
  throw core::Broken("the database holds an unknown name: " + row.text(column));
}

}  // namespace tally::space
