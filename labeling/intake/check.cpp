#include <unordered_set>

#include "labeling/intake/intake.h"

namespace tally::labeling {
namespace {

std::string_view reason_against(const std::optional<ItemRow>& item, bool is_repeated) {
  if (!item) return "is no item of this project";
  if (is_repeated) return "is named twice";
  if (item->route != Route::accept) return "was not accepted by the model";
  if (item->task) return "is in check already";
  return "";
}

}  // namespace

core::Result<core::Done> decide_check(const CheckCommand& command,
                                      const std::vector<std::optional<ItemRow>>& items) {
  std::vector<core::Detail> details;
  if (command.agree > command.seats)
    details.push_back({"/agree", "out_of_range", "is more than the seats"});
  std::unordered_set<std::string_view> seen;
  for (std::size_t i = 0; i < items.size(); ++i) {
    auto reason = reason_against(items[i], !seen.insert(command.items[i]).second);
    if (reason.empty()) continue;
    details.push_back({"/items/" + std::to_string(i), "not_allowed", std::string(reason)});
  }
  if (details.empty()) return core::Done{};
  constexpr std::size_t details_max = 50;
  if (details.size() > details_max) details.resize(details_max);
  return core::Error{core::Refusal::invalid, "request.invalid",
                     "these items cannot be sent to check", std::move(details)};
}

}  // namespace tally::labeling
