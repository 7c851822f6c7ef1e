// The queue against a model of a few lines that knows nothing of tables: random leases, answers,
// refills and time.
#include <algorithm>
#include <atomic>
#include <optional>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include "core/guarded.h"
#include "support/labeling/temp_project.h"

using namespace tally;
using namespace tally::labeling;
using test::code_of;
using test::TempProject;

namespace {

constexpr std::int64_t lease_ms = 10'000;

// A queue as one would write it down: everything in plain containers, searched from end to end.
class Model {
 public:
  struct Seat {
    std::size_t who = 0;
    std::int64_t fence = 0;
    std::int64_t until = 0;  // 0: answered
  };
  struct Item {
    std::int64_t priority = 0;
    std::int64_t agree = 0;
    std::vector<std::optional<Seat>> seats;
    std::int64_t fence = 0;
  };

  void add(std::int64_t priority, Panel panel) {
    Item item{priority, panel.agree, {}, 0};
    item.seats.resize(static_cast<std::size_t>(panel.seats));
    items_.push_back(item);
  }
  void advance(std::int64_t ms) { now_ += ms; }

  struct Granted {
    std::size_t item;
    std::size_t seat;
    std::int64_t fence;
    bool operator==(const Granted&) const = default;
  };
  std::vector<Granted> lease(std::size_t who, std::size_t count) {
    for (auto& item : items_)
      for (auto& seat : item.seats)
        if (seat && seat->until != 0 && seat->until <= now_) seat.reset();
    std::vector<Granted> granted;
    while (granted.size() < count) {
      auto best = best_for(who);
      if (!best) break;
      auto& item = items_[*best];
      auto seat = free_seat(item);
      item.seats[seat] = Seat{who, ++item.fence, now_ + lease_ms};
      granted.push_back({*best, seat, item.fence});
    }
    return granted;
  }

  // True if the answer must be taken.
  bool answer(std::size_t who, const Granted& lease) {
    auto& seat = items_[lease.item].seats[lease.seat];
    bool is_good = seat && seat->fence == lease.fence && seat->who == who && seat->until > now_;
    if (is_good) seat->until = 0;
    return is_good;
  }

  std::int64_t live() const {
    std::int64_t count = 0;
    for (const auto& item : items_)
      for (const auto& seat : item.seats) count += seat && seat->until > now_ ? 1 : 0;
    return count;
  }
  std::int64_t answers() const {
    std::int64_t count = 0;
    for (const auto& item : items_)
      for (const auto& seat : item.seats) count += seat && seat->until == 0 ? 1 : 0;
    return count;
  }
  std::size_t size() const { return items_.size(); }

 private:
  static std::size_t free_seat(const Item& item) {
    for (std::size_t i = 0; i < item.seats.size(); ++i)
      if (!item.seats[i]) return i;
    return item.seats.size();
  }
  std::optional<std::size_t> best_for(std::size_t who) const {
    std::optional<std::size_t> best;
    for (std::size_t i = 0; i < items_.size(); ++i) {
      const auto& item = items_[i];
      bool was_had = false;
      for (const auto& seat : item.seats) was_had = was_had || (seat && seat->who == who);
      if (was_had || free_seat(item) == item.seats.size()) continue;
      if (!best || item.priority > items_[*best].priority) best = i;
    }
    return best;
  }

  std::vector<Item> items_;
  std::int64_t now_ = 1;
};

struct Held {
  std::size_t who;
  Lease lease;
  Model::Granted granted;
};

// Plays both, and holds them against each other.
class Play {
 public:
  Play() : project_(Policy{.lease_seconds = lease_ms / 1'000}) {
    for (int i = 0; i < 4; ++i) people_.push_back(project_.person());
  }

  void refill() {
    auto waiting = *rc::gen::container<std::vector<TempProject::Waiting>>(
        *rc::gen::inRange<std::size_t>(20, 80),
        rc::gen::map(rc::gen::pair(rc::gen::inRange<std::int64_t>(0, 20),
                                   rc::gen::inRange<std::int64_t>(1, 4)),
                     [](auto pair) {
                       return TempProject::Waiting{pair.first, {pair.second, pair.second}};
                     }));
    project_.add_tasks(waiting);
    for (const auto& task : waiting) model_.add(task.priority_ppm, task.panel);
  }

  void lease() {
    auto who = *rc::gen::inRange<std::size_t>(0, people_.size());
    auto count = *rc::gen::weightedElement<std::int64_t>({{6, 1}, {3, 5}, {6, 40}});
    auto leases = project_.lease(people_[who], count);
    auto expected = model_.lease(who, static_cast<std::size_t>(count));
    RC_ASSERT(leases.size() == expected.size());
    for (std::size_t i = 0; i < leases.size(); ++i) {
      RC_ASSERT(leases[i].item == "t" + std::to_string(expected[i].item + 1));
      RC_ASSERT(leases[i].seat == static_cast<std::int64_t>(expected[i].seat) + 1);
      RC_ASSERT(leases[i].token.fence == expected[i].fence);
      held_.push_back({who, leases[i], expected[i]});
    }
  }

  void answer() {
    if (held_.empty()) return;
    const auto& held = held_[*rc::gen::inRange<std::size_t>(0, held_.size())];
    auto who = *rc::gen::weightedElement<std::size_t>({{9, held.who}, {1, (held.who + 1) % 4}});
    auto answered = project_.answers().record(people_[who], next_key(), held.lease.task,
                                              {held.lease.token.text(), {"ant"}});
    RC_ASSERT(static_cast<bool>(answered) == model_.answer(who, held.granted));
  }

  // What must be taken goes in one request for each person, what must not in one of its own.
  void answer_all() {
    std::vector<std::vector<TaskAnswer>> good(people_.size());
    for (const auto& held : held_) {
      auto token = held.lease.token.text();
      if (model_.answer(held.who, held.granted)) {
        good[held.who].push_back({held.lease.task, token, {"ant"}});
      } else {
        RC_ASSERT_FALSE(static_cast<bool>(project_.answers().record(
            people_[held.who], next_key(), held.lease.task, {token, {"ant"}})));
      }
    }
    held_.clear();
    for (std::size_t who = 0; who < people_.size(); ++who) {
      for (std::size_t from = 0; from < good[who].size(); from += answers_max) {
        auto end = std::min(from + answers_max, good[who].size());
        std::vector<TaskAnswer> batch(good[who].begin() + static_cast<std::ptrdiff_t>(from),
                                      good[who].begin() + static_cast<std::ptrdiff_t>(end));
        RC_ASSERT(static_cast<bool>(
            project_.answers().record_all(people_[who], next_key(), project_.project, batch)));
      }
    }
  }

  void wait() {
    auto ms = *rc::gen::element<std::int64_t>(1, lease_ms / 3, lease_ms - 1, lease_ms);
    project_.space.clock.advance_ms(ms);
    model_.advance(ms);
  }

  void reap() { RC_ASSERT(project_.queue().reap(*rc::gen::inRange<std::int64_t>(1, 50))); }

  void check() {
    while (*project_.queue().reap(100) > 0) {
    }
    auto counts = project_.counts();
    RC_ASSERT(counts.leased == model_.live());
    RC_ASSERT(counts.answers == model_.answers());
    RC_ASSERT(counts.human == static_cast<std::int64_t>(model_.size()));
  }

  space::Once next_key() { return project_.once("key " + std::to_string(++keys_)); }

  void step() {
    switch (*rc::gen::weightedElement<int>({{10, 0}, {6, 1}, {3, 2}, {1, 3}, {5, 4}, {1, 5}})) {
      case 0:
        return lease();
      case 1:
        return answer();
      case 2:
        return wait();
      case 3:
        return refill();
      case 4:
        return answer_all();
      default:
        return reap();
    }
  }

 private:
  TempProject project_;
  Model model_;
  std::vector<space::Principal> people_;
  std::vector<Held> held_;
  int keys_ = 0;
};

}  // namespace

TEST_CASE("queue: random leases, answers, refills and time give what a simple model gives") {
  CHECK(rc::check("queue", [] {
    Play play;
    play.refill();
    auto steps = *rc::gen::inRange(1, 60);
    for (int i = 0; i < steps; ++i) play.step();
    play.check();
  }));
}

TEST_CASE("queue: people who work at once share the seats without a clash" *
          doctest::test_suite("concurrent")) {
  TempProject project;
  constexpr std::int64_t tasks = 60;
  project.add_tasks(std::vector<TempProject::Waiting>(tasks, {1, {3, 2}}));
  std::vector<space::Principal> people;
  for (int i = 0; i < 6; ++i) people.push_back(project.person());
  core::Guarded<std::set<std::pair<std::string, std::int64_t>>> seats;
  std::atomic<int> clashes{0};
  {
    std::vector<std::jthread> threads;
    for (const auto& who : people) {
      threads.emplace_back([&, who] {
        while (true) {
          auto leases =
              project.queue().lease(who, project.project, {.count = 4, .include_held = {}});
          if (!leases || leases->empty()) return;
          for (const auto& lease : *leases) {
            auto key = project.once(lease.token.text());
            auto taken = project.answers().record(who, key, lease.task, {lease.token.text(), {}});
            bool is_new =
                seats.with([&](auto& set) { return set.emplace(lease.item, lease.seat).second; });
            if (!taken || !is_new) ++clashes;
          }
        }
      });
    }
  }
  CHECK(clashes == 0);
  CHECK(project.counts().answers == 3 * tasks);
  CHECK(project.counts().decided == tasks);
  CHECK(project.counts().leased == 0);
}
