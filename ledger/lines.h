// Text in lines, as notes, checkpoints and proofs have it.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace tally::ledger {

// Takes the first line off `text` and answers it without its newline; nothing if none ends.
inline std::optional<std::string_view> take_line(std::string_view& text) {
  std::size_t end = text.find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  std::string_view line = text.substr(0, end);
  text.remove_prefix(end + 1);
  return line;
}

}  // namespace tally::ledger
