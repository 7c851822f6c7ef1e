// `limit` and `cursor` of a list, read from the query.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "api/request.h"
#include "core/result.h"
#include "space/page.h"

namespace tally::api {

struct ListingQuery {
  std::string_view cursor;  // as it was given out; empty: from the beginning
  std::uint64_t limit = 50;
};

inline core::Error malformed_parameter(std::string_view name) {
  return {core::Refusal::invalid, "request.invalid_parameter",
          std::string(name) + " cannot be read"};
}

// Refusal: request.invalid_parameter.
inline core::Result<ListingQuery> listing_of(const Request& request) {
  ListingQuery query;
  auto limit = request.query_number("limit");
  if (!limit) return limit.error();
  query.limit = std::clamp<std::uint64_t>(limit->value_or(query.limit), 1, space::page_items_max);
  query.cursor = request.query_text("cursor").value_or("");
  return query;
}

// The same for a list whose cursors are ids.
template <class Id>
core::Result<ListingQuery> listing_by(const Request& request) {
  auto query = listing_of(request);
  if (query && !query->cursor.empty() && !Id::parse(query->cursor))
    return malformed_parameter("cursor");
  return query;
}

}  // namespace tally::api
