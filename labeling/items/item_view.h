// How an item stands: what the model's route and the people's answers make of it. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/mapping.h"
#include "labeling/answers/labels.h"
#include "labeling/projects/policy.h"
#include "labeling/queue/task_tables.h"

namespace tally::labeling {

// Where an item's labels come from.
enum class Source : std::uint8_t { model, people };
constexpr std::array<std::pair<Source, std::string_view>, 2> enum_names(Source) {
  return {{{Source::model, "model"}, {Source::people, "people"}}};
}

enum class ItemState : std::uint8_t { accepted, held, open, decided, in_doubt };
constexpr std::array<std::pair<ItemState, std::string_view>, 5> enum_names(ItemState) {
  return {{{ItemState::accepted, "accepted"},
           {ItemState::held, "held"},
           {ItemState::open, "open"},
           {ItemState::decided, "decided"},
           {ItemState::in_doubt, "in_doubt"}}};
}

// Labels and source are there once it is settled what the item shows. As soon as people are asked
// about an accepted item the model's word no longer counts, also when they end in doubt.
struct ItemView {
  std::string item;
  Route route{};
  ItemState state{};
  std::optional<std::vector<std::string>> labels;
  std::optional<Source> source;
  std::int64_t answers = 0;

  static constexpr auto fields = core::FieldList{
      core::field("item", &ItemView::item),   core::field("labels", &ItemView::labels),
      core::field("route", &ItemView::route), core::field("source", &ItemView::source),
      core::field("state", &ItemView::state), core::field("answers", &ItemView::answers),
  };
};

struct ItemFacts {
  std::string item;
  std::uint32_t predicted = 0;
  Route route{};
  std::optional<TaskState> task;      // when people are asked
  std::optional<std::string> labels;  // what they decided
  std::int64_t answers = 0;
};

ItemView view_of(const ItemFacts& facts, const ClassList& classes);

// A line of a release: {"item":"..","labels":[..],"source":"model"|"people"} and a newline; nothing
// while there are no labels, or when people decided that no class fits.
struct ReleaseLine {
  std::string item;
  std::vector<std::string> labels;
  Source source{};

  static constexpr auto fields = core::FieldList{
      core::field("item", &ReleaseLine::item),
      core::field("labels", &ReleaseLine::labels),
      core::field("source", &ReleaseLine::source),
  };
};
std::optional<std::string> release_line(const ItemView& item);

}  // namespace tally::labeling
