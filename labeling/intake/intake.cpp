#include "labeling/intake/intake.h"

#include <utility>

#include "labeling/answers/labels.h"
#include "labeling/intake/intake_tables.h"
#include "labeling/queue/task_tables.h"
#include "space/commitment.h"
#include "space/event.h"

namespace tally::labeling {
namespace {

using core::Done;
using core::Error;
using core::Hash;
using core::Refusal;
using core::Result;
using core::sql::Lane;
using ledger::ReceiptPtr;

Error in_progress() {
  return {Refusal::conflict, "import.in_progress",
          "another import of this project is under way; wait for its end"};
}

Error key_reused() {
  return {Refusal::invalid, "idempotency_key.reused",
          "this Idempotency-Key was used for another import; use a new key"};
}

Hash request_digest(const Hash& body, const std::optional<std::string>& model) {
  return core::sha256(core::to_hex(body), model ? "\n" + *model : std::string());
}

// Keeps a project to itself for the time of one import.
class Reservation {
 public:
  Reservation(core::Guarded<std::set<std::string>>& taken, std::string project)
      : taken_(taken), project_(std::move(project)) {
    is_mine_ = taken_.with([&](auto& projects) { return projects.insert(project_).second; });
  }
  ~Reservation() {
    if (is_mine_) taken_.with([&](auto& projects) { projects.erase(project_); });
  }
  Reservation(const Reservation&) = delete;
  Reservation& operator=(const Reservation&) = delete;
  bool is_mine() const { return is_mine_; }

 private:
  core::Guarded<std::set<std::string>>& taken_;
  std::string project_;
  bool is_mine_ = false;
};

}  // namespace

struct Intake::Import {
  Project project;
  ActorId by;
  Instant began_at;
  std::size_t class_count = 0;
  StagedLines lines;
  ImportRow row;
};

// What a chunk holds, ready to be stored; made outside the writer.
struct Intake::RoutedChunk {
  std::vector<NewItem> items;
  std::vector<NewTask> tasks;
  CountChange counts;
  Hash root;
};

Result<Change> Intake::import(const Principal& caller, const ImportCommand& command) {
  Import import;
  import.by = caller.actor;
  auto found = journal_.readers.read([&](Session& session) -> Result<Project> {
    auto project = project_of_party(session, command.project, caller);
    if (!project) return project;
    import.class_count =
        ClassList::from_text(project_text(session, command.project).classes).size();
    return project;
  });
  if (!found) return found.error();
  import.project = *found;
  Reservation reservation(under_way_, command.project.text());
  if (!reservation.is_mine()) return in_progress();
  return run(import, command);
}

Result<Change> Intake::run(Import& import, const ImportCommand& command) {
  auto filled = import.lines.fill(command.body, import.project.policy, import.class_count);
  if (!filled) return filled.error();
  ImportRow fresh;
  fresh.project = command.project;
  fresh.key_hash = core::sha256(command.key);
  fresh.request = request_digest(import.lines.digest(), command.model);
  fresh.model = command.model;
  fresh.salt = journal_.random.salt();
  import.row = journal_.readers.read([&](Session& session) {
    return find_import(session, fresh.project, fresh.key_hash).value_or(fresh);
});
if (import.row.request != fresh.request) return key_reused();
bool is_repeated = import.row.is_done;
if (!is_repeated) {
  auto are_new = check_items_are_new(import);
  if (!are_new) return are_new.error();
  auto now = journal_.writer.run([&](Tx&) -> Result<Instant> { return journal_.ledger.now(); });
  if (!now) return now.error();
  import.began_at = *now;
}
ReceiptPtr receipt;
while (!import.row.is_done) {
  auto chunk = route_chunk(import);
  auto committed =
      journal_.writer.run([&](Tx& tx) { return commit_chunk(tx, import, chunk); }, Lane::bulk);
  if (!committed) return committed.error();
  receipt = *committed;
}
auto change = answer(import, receipt);
change.repeated = is_repeated;
return change;
}  // namespace tally::labeling

Result<Done> Intake::check_items_are_new(Import& import) {
  std::int64_t after = import.row.answer.imported;
  while (true) {
    auto lines = import.lines.page(after, import_chunk_items_max);
    if (lines.empty()) return Done{};
    auto known = journal_.readers.read([&](Session& session) -> std::optional<std::int64_t> {
      for (const auto& line : lines) {
        if (has_item(session, import.project.id, line.item)) return line.number;
      }
      return std::nullopt;
    });
    if (known) {
      return wrong_prediction(static_cast<std::uint64_t>(*known), "item", "not_allowed",
                              "is in this project already");
    }
    after = lines.back().number;
  }
}

Intake::RoutedChunk Intake::route_chunk(Import& import) {
  RoutedChunk chunk;
  std::vector<Hash> leaves;
  for (auto& staged : import.lines.page(import.row.answer.imported, import_chunk_items_max)) {
    auto prediction = read_prediction(staged.text, static_cast<std::uint64_t>(staged.number),
                                      import.project.policy, import.class_count);
    TALLY_ASSERT(prediction);  // it was good when it was staged
    auto routing = route_prediction(import.project.policy, prediction->scores_ppm);
    RoutedLine line{.item = prediction->item,
                    .predicted = routing.predicted,
                    .route = routing.route,
                    .salt = journal_.random.salt(),
                    .scores_ppm = prediction->scores_ppm};
    if (routing.route == Route::human) {
      auto panel = prediction->panel(import.project.policy);
      line.seats = panel.seats;
      line.agree = panel.agree;
      line.task = TaskId::make(import.began_at, journal_.random);
      chunk.tasks.push_back({*line.task, line.item, routing.priority_ppm, panel});
    }
    chunk.counts.accepted += routing.route == Route::accept ? 1 : 0;
    chunk.counts.human += routing.route == Route::human ? 1 : 0;
    chunk.counts.held += routing.route == Route::hold ? 1 : 0;
    auto text = core::canonical(line);
    leaves.push_back(ledger::hash_leaf(text));
    chunk.items.push_back({line.item, routing, line.task, leaves.back(), std::move(text)});
  }
  chunk.root = root_of_lines(leaves);
  return chunk;
}

Result<ReceiptPtr> Intake::commit_chunk(Tx& tx, Import& import, const RoutedChunk& chunk) {
  const ProjectId& project = import.project.id;
  if (auto stands = require_contract(tx, import.project); !stands) return stands.error();
  auto stored = find_import(tx, project, import.row.key_hash);
  if ((stored ? stored->answer : ImportAnswer{}) != import.row.answer) return in_progress();

  PredictionsImported event;
  event.accepted = chunk.counts.accepted;
  event.chunk = take_chunk_number(tx, project);
  event.held = chunk.counts.held;
  event.human = chunk.counts.human;
  event.items = static_cast<std::int64_t>(chunk.items.size());
  if (import.row.model) event.model = space::commitment_hash(import.row.salt, *import.row.model);
  event.policy_version = import.project.policy_version;
  event.project = project;
  event.root = chunk.root;
  event.salt = journal_.ledger.draw_salt();
  auto receipt = space::append_event(journal_.ledger, tx, import.by.text(), event);

  store_chunk(tx,
              {project, event.chunk, LineKind::predictions, receipt->seq, event.items, event.root});
  store_items(tx, project, event.chunk, chunk.items);
  add_tasks(tx, project, chunk.tasks);
  add_counts(tx, project, chunk.counts);
  ImportRow moved = import.row;
  moved.answer.imported += event.items;
  moved.answer.accepted += event.accepted;
  moved.answer.human += event.human;
  moved.answer.held += event.held;
  moved.answer.chunks += 1;
  moved.answer.entries.push_back(receipt->seq);
  moved.last_seq = receipt->seq;
  moved.is_done = moved.answer.imported == import.lines.count();
  store_import(tx, moved);
  import.row = std::move(moved);
  return ReceiptPtr(receipt);
}

Change Intake::answer(const Import& import, ReceiptPtr receipt) {
  Change change;
  change.body = core::canonical(import.row.answer);
  change.receipt = std::move(receipt);
  if (!change.receipt) {
    change.receipt = journal_.readers.read([&](Session& session) {
      auto found = journal_.ledger.find_receipt(session, import.row.last_seq);
      return std::make_shared<const ledger::Receipt>(*std::move(found));
    });
  }
  return change;
}

Result<Change> Intake::send_to_check(const Principal& caller,
                                     const Once& once,
                                     const ProjectId& project,
                                     const CheckCommand& command) {
  return space::run_once(
      journal_, once,
      [&](Tx& tx) -> Result<Change> {
        auto found = project_of_party(tx, project, caller);
        if (!found) return found.error();
        if (auto stands = require_contract(tx, *found); !stands) return stands.error();
        auto items = find_items(tx, project, command.items);
        auto lawful = decide_check(command, items);
        if (!lawful) return lawful.error();
        return commit_check(tx, caller, project, command, items);
      },
      Lane::bulk);
}

Change Intake::commit_check(Tx& tx,
                            const Principal& caller,
                            const ProjectId& project,
                            const CheckCommand& command,
                            const std::vector<std::optional<ItemRow>>& items) {
  std::vector<CheckedItem> checked;
  std::vector<NewTask> tasks;
  std::vector<Hash> leaves;
  for (const auto& item : items) {
    CheckLine line{.item = item->item,
                   .salt = journal_.ledger.draw_salt(),
                   .seats = command.seats,
                   .agree = command.agree,
                   .task = TaskId::make(journal_.ledger.now(), journal_.random)};
    auto text = core::canonical(line);
    leaves.push_back(ledger::hash_leaf(text));
    tasks.push_back({line.task, line.item, item->priority_ppm, {line.seats, line.agree}});
    checked.push_back({line.item, line.task, leaves.back(), std::move(text)});
  }
  ItemsSentToCheck event{.agree = command.agree,
                         .chunk = take_chunk_number(tx, project),
                         .items = static_cast<std::int64_t>(items.size()),
                         .project = project,
                         .root = root_of_lines(leaves),
                         .salt = journal_.ledger.draw_salt(),
                         .seats = command.seats};
  auto receipt = space::append_event(journal_.ledger, tx, caller.actor.text(), event);
  store_chunk(tx, {project, event.chunk, LineKind::checks, receipt->seq, event.items, event.root});
  store_checks(tx, project, event.chunk, checked);
  add_tasks(tx, project, tasks);
  add_counts(tx, project, {.checks = event.items});
  return {core::canonical(core::Json::object({{"checks", event.items}})), receipt};
}

}  // namespace tally::labeling
