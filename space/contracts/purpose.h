// Purposes: a tree of codes, version 1.
//
// A code names its place: `training.fine_tuning` stands below `training`. What a contract permits
// covers the code itself and all below it. An ancestor of a permitted code is wider than what was
// agreed and is refused, as is every code that the tree does not know.
#pragma once

#include <span>
#include <string_view>

namespace tally::space {

std::span<const std::string_view> purpose_codes();

bool is_purpose(std::string_view code);

// True when `asked` is `permitted` or stands below it, and the tree knows both.
bool purpose_covers(std::string_view permitted, std::string_view asked);

}  // namespace tally::space
