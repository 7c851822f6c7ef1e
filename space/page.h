// A page of a list, and the cursor that leads to the next one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace tally::space {

inline constexpr std::uint64_t page_items_max = 200;

template <class T>
struct Page {
  std::vector<T> items;
  std::optional<std::string> next_cursor;  // leads to what follows the last item, if there is more
};

// `found` holds one more than `limit` if there is more.
template <class T, class CursorOf>
Page<T> cut_page(std::vector<T> found, std::uint64_t limit, CursorOf cursor_of) {
  Page<T> page{std::move(found), std::nullopt};
  if (page.items.size() <= limit) return page;
  page.items.resize(limit);
  page.next_cursor = cursor_of(page.items.back());
  return page;
}

template <class T>
Page<T> cut_page(std::vector<T> found, std::uint64_t limit) {
  return cut_page(std::move(found), limit, [](const T& item) { return item.id.text(); });
}

}  // namespace tally::space
