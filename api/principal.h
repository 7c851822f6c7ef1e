// Who is asking, once a token has been checked.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace tally::api {

struct Principal {
  std::string actor_id;  // empty: nobody, on a route that asks for no scope
  std::string party_id;  // the party that the actor belongs to
  std::vector<std::string> scopes;

  bool may(std::string_view scope) const {
    return std::find(scopes.begin(), scopes.end(), scope) != scopes.end();
  }
};

}  // namespace tally::api
