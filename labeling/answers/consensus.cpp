#include "labeling/answers/consensus.h"

#include <map>
#include <string_view>

#include "core/assert.h"

namespace tally::labeling {

std::optional<std::string> find_consensus(std::span<const std::string> answers,
                                          std::int64_t agree) {
  TALLY_ASSERT(agree >= 1);
  std::map<std::string_view, std::int64_t> counts;
  for (const std::string& answer : answers) ++counts[answer];
  std::int64_t most = 0;
  bool is_alone = false;
  std::string_view leader;
  for (const auto& [answer, count] : counts) {
    if (count < most) continue;
    is_alone = count > most;
    if (is_alone) leader = answer;
    most = count;
  }
  if (most < agree || !is_alone) return std::nullopt;
  return std::string(leader);
}

}  // namespace tally::labeling
