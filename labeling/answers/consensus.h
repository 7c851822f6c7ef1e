// What several people together say about one item.
//
// An answer is a set of classes; sets are equal only as wholes. All seats are asked, so the order of
// the answers cannot change what is decided.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace tally::labeling {

// The answer that at least `agree` of the answers give, if no other answer is given as often;
// nothing: the item stays in doubt. Answers are compared as texts (labels_text).
std::optional<std::string> find_consensus(std::span<const std::string> answers, std::int64_t agree);

}  // namespace tally::labeling
