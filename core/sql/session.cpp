#include "core/sql/session.h"

namespace tally::core::sql {

std::uint64_t Cursor::natural(int column) const {
  std::int64_t value = integer(column);
  if (value < 0) throw Broken("the database holds a negative number where none can be");
  return static_cast<std::uint64_t>(value);
}

Hash Cursor::hash(int column) const {
  auto hash = Hash::from_bytes(view(column));
  if (!hash) throw Broken("the database holds a hash that has not 32 bytes");
  return *hash;
}

std::optional<std::string> Cursor::optional_text(int column) const {
  if (is_null(column)) return std::nullopt;
  return text(column);
}

std::optional<std::int64_t> Cursor::optional_integer(int column) const {
  if (is_null(column)) return std::nullopt;
  return integer(column);
}

}  // namespace tally::core::sql
