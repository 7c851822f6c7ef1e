#include "labeling/items/item_view.h"

namespace tally::labeling {
namespace {

ItemState state_of(const ItemFacts& facts) {
  if (!facts.task) return facts.route == Route::accept ? ItemState::accepted : ItemState::held;
  switch (*facts.task) {
    case TaskState::open:
      return ItemState::open;
    case TaskState::decided:
      return ItemState::decided;
    case TaskState::in_doubt:
      return ItemState::in_doubt;
  }
  core::assertion_failed("a task's state without a meaning", __FILE__, __LINE__);
}

}  // namespace

ItemView view_of(const ItemFacts& facts, const ClassList& classes) {
  ItemView view;
  view.item = facts.item;
  view.route = facts.route;
  view.state = state_of(facts);
  view.answers = facts.answers;
  if (view.state == ItemState::accepted) {
    view.labels.emplace({classes.name(facts.predicted)});
    view.source = Source::model;
  }
  if (view.state == ItemState::decided) {
    TALLY_ASSERT(facts.labels);
    view.labels = ClassList::from_text(*facts.labels).names();
    view.source = Source::people;
  }
  return view;
}

std::optional<std::string> release_line(const ItemView& item) {
  if (!item.labels || item.labels->empty()) return std::nullopt;
  return core::canonical(ReleaseLine{item.item, *item.labels, *item.source}) + "\n";
}

}  // namespace tally::labeling
