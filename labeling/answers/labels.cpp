#include "labeling/answers/labels.h"

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "core/json.h"

namespace tally::labeling {
namespace {

using core::Detail;
using core::Error;
using core::Json;
using core::Refusal;

std::string text_of(std::span<const std::size_t> indexes, const std::vector<std::string>& names) {
  Json::Array chosen;
  for (std::size_t index : indexes) chosen.emplace_back(names[index]);
  return core::canonical(Json(std::move(chosen)));
}

Error wrong(std::vector<Detail> details, std::string message) {
  return {Refusal::invalid, "request.invalid", std::move(message), std::move(details)};
}

std::string element(std::string_view pointer, std::size_t index) {
  return std::string(pointer) + "/" + std::to_string(index);
}

}  // namespace

ClassList::ClassList(std::vector<std::string> names) : names_(std::move(names)) {
  for (std::size_t i = 0; i < names_.size(); ++i) {
    bool is_new = index_.emplace(names_[i], i).second;
    TALLY_ASSERT(is_new);
  }
}

ClassList ClassList::from_text(std::string_view text) {
  auto json = core::parse_json(text);
  if (!json || !json->is_array()) throw core::Broken("a project's classes are no JSON array");
  std::vector<std::string> names;
  for (const Json& name : json->as_array()) names.push_back(name.as_string());
  return ClassList(std::move(names));
}

std::string ClassList::text() const {
  std::vector<std::size_t> all(names_.size());
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = i;
  return text_of(all, names_);
}

core::Result<std::string> ClassList::labels_text(std::span<const std::string> labels,
                                                 std::string_view pointer) const {
  std::vector<Detail> details;
  std::vector<std::size_t> indexes;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    auto found = index_.find(labels[i]);
    if (found == index_.end()) {
      details.push_back({element(pointer, i), "not_allowed", "is no class of this project"});
    } else if (std::find(indexes.begin(), indexes.end(), found->second) != indexes.end()) {
      details.push_back({element(pointer, i), "not_allowed", "stands a second time"});
    } else {
      indexes.push_back(found->second);
    }
  }
  if (!details.empty()) return wrong(std::move(details), "the labels are no set of classes");
  std::sort(indexes.begin(), indexes.end());
  return text_of(indexes, names_);
}

std::string ClassList::labels_text(std::uint32_t only) const {
  std::size_t index = only;
  return text_of({&index, 1}, names_);
}

core::Result<core::Done> check_classes(std::span<const std::string> names,
                                       std::string_view pointer) {
  std::vector<Detail> details;
  std::unordered_set<std::string_view> seen;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (!is_printable(names[i]))
      details.push_back({element(pointer, i), "not_allowed", "holds a control character"});
    if (!seen.insert(names[i]).second)
      details.push_back({element(pointer, i), "not_allowed", "stands a second time"});
  }
  if (!details.empty()) return wrong(std::move(details), "the classes are not fit for use");
  return core::Done{};
}

bool is_printable(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    auto byte = static_cast<unsigned char>(c);
    return byte >= 0x20 && byte != 0x7f;
  });
}

}  // namespace tally::labeling
