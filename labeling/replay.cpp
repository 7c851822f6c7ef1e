#include "labeling/replay.h"

#include <utility>

#include "labeling/answers/answer.h"
#include "labeling/conduct/openings.h"
#include "labeling/conduct/projects_seen.h"
#include "labeling/intake/intake.h"
#include "labeling/projects/project_tables.h"
#include "space/continuation/continuation.h"

namespace tally::labeling {
namespace {

using core::sql::Statement;
using ledger::Replay;
using ledger::ReplayedEntry;
using space::ContractStanding;
using space::Judged;
using space::Scope;
using space::SpaceReplay;

constexpr std::int64_t chunk_items_max = 1'000;

struct Labeling {
  std::shared_ptr<SpaceReplay> space;
  ProjectsSeen projects;
};
using Shared = std::shared_ptr<Labeling>;

struct Statements {
  core::sql::Connection& db;
  Statement chunk{db, R"(
    insert into line_chunk (project, chunk, kind, seq, lines, root) values (?1, ?2, ?3, ?4, ?5, ?6)
  )"};
  Statement answer{db, R"(
    insert into answer (id, seq, project, task, annotator, seat, lease, leased_at, leased_until,
                        value, answered_at)
    values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
    on conflict do nothing
  )"};
  Statement by_lease{db, "select id from answer where lease = ?1"};
  Statement by_annotator{db, "select id from answer where task = ?1 and annotator = ?2"};
  Statement by_seat{db, "select id from answer where task = ?1 and seat = ?2"};
  Statement seats{db, "select count(*), max(seat) from answer where task = ?1"};
  Statement task{db, "select project, closed_entry from conduct_task where task = ?1"};
  Statement add_task{db, R"(
    insert into conduct_task (task, project, closed_entry, outcome) values (?1, ?2, ?3, ?4)
    on conflict (task) do update
      set closed_entry = coalesce(closed_entry, excluded.closed_entry),
          outcome = coalesce(outcome, excluded.outcome)
  )"};
};

// --- projects ---------------------------------------------------------------------------------------

// The contract lets its consumer label, and the items were obtained by a use.
void judge_permission(const Judged& judged, const ContractStanding& standing) {
  judged.demand(standing.row.uses > 0, "project.items_not_obtained",
                "opens a project before its items were obtained by a use");
  if (!standing.terms) return;
  space::Terms terms = *standing.terms;
  for (auto& permission : terms.permissions) permission.actions = {space::Action::read};
  auto decision = space::decide_redelivery(
      terms, {standing.row.state, space::Action::read, "labeling", judged.entry().at,
              judged.replay().time_is_trusted, standing.used});
  for (const space::Check& check : decision.checks) {
    if (check.passed) continue;
    judged.wrong(check.code,
                 "opens a project that the contract does not permit (" + check.check + ")",
                 check.required, check.actual);
  }
}

void judge_opened(Labeling& labeling,
                  Replay& replay,
                  const ProjectOpened& event,
                  const ReplayedEntry& entry) {
  Judged judged(replay, entry, event.contract.text());
  labeling.space->actors.judge(judged, event.party, Scope::projects_write);
  ContractStanding* standing = labeling.space->contracts.follow(judged, event);
  if (standing != nullptr) {
    const auto& row = standing->row;
    bool is_same = event.party == row.consumer && event.provider == row.provider &&
                   event.dataset == row.dataset && event.version == row.version;
    judged.demand(is_same, "project.not_as_signed",
                  "opens a project of other parties or data than its contract's");
    judge_permission(judged, *standing);
    judged.demand(!space::find_hold(replay.tx(), event.contract), "contract.held",
                  "opens a project under a contract that is held");
    standing->tally.projects += 1;
  }
  judged.demand(validate(event.policy(), "").operator bool(), "project.impossible_policy",
                "opens a project whose policy contradicts itself");
  if (!judged.demand(labeling.projects.find(replay, event.project) == nullptr, "project.exists",
                     "opens a project that is open", "", event.project.text())) {
    return;
  }
  labeling.projects.add(replay, event, entry.seq, entry.at);
}

// --- chunks -----------------------------------------------------------------------------------------

// The project that an entry is about, for the contract that its findings belong to.
template <class Event>
ProjectFacts* find_project_of(Labeling& labeling,
                              Replay& replay,
                              const Event& event,
                              const ReplayedEntry& entry) {
  ProjectFacts* project = labeling.projects.find(replay, event.project);
  Judged(replay, entry)
      .demand(project != nullptr, "project.unknown", "is about a project that was not opened", "",
              event.project.text());
  return project;
}

void judge_work(Labeling& labeling,
                const Judged& judged,
                const ProjectFacts& project,
                std::int64_t in_flight_ms) {
  labeling.space->actors.judge(judged, project.party, Scope::projects_write, in_flight_ms);
  ContractStanding* contract = labeling.space->contracts.find(judged.replay(), judged.contract());
  judged.demand(contract == nullptr || contract->row.state != space::ContractState::terminated,
                "contract.terminated", "adds work under a contract that was ended");
}

template <class Event>
void judge_chunk(const Judged& judged,
                 ProjectFacts& project,
                 std::string_view kind,
                 const Event& event) {
  if (event.items < 1 || event.items > chunk_items_max) {
    judged.wrong("chunk.wrong_items", "names an impossible number of lines",
                 "1 to " + std::to_string(chunk_items_max), std::to_string(event.items));
  }
  bool is_next = judged.demand_equal(project.chunks + 1, event.chunk, "chunk.not_next",
                                     "is not the project's next chunk");
  if (event.chunk > project.chunks) {
    judged.replay()
        .tx()
        .use<Statements>()
        .chunk(event.project, event.chunk, kind, judged.entry().seq, event.items, event.root)
        .run();
  }
  project.chunks = is_next ? event.chunk : std::max(project.chunks, event.chunk);
}

void judge_imported(Labeling& labeling,
                    Replay& replay,
                    const PredictionsImported& event,
                    const ReplayedEntry& entry) {
  ProjectFacts* project = find_project_of(labeling, replay, event, entry);
  if (project == nullptr) return;
  Judged judged(replay, entry, project->contract.text());
  judge_work(labeling, judged, *project, space::bulk_in_flight_ms_max);
  judge_chunk(judged, *project, "predictions", event);
  bool are_counts = event.accepted >= 0 && event.human >= 0 && event.held >= 0;
  if (judged.demand(are_counts, "chunk.wrong_counts", "counts below zero")) {
    judged.demand_equal(
        event.items, event.accepted + event.human + event.held, "chunk.wrong_counts",
        "does not route each of its lines to exactly one of accept, human and hold");
  }
  judged.demand_equal(project->policy_version, event.policy_version, "chunk.wrong_policy",
                      "was routed by another policy than the project's");
  if (event.model) note_model(replay, entry.seq, *event.model);
  project->counts.accepted += event.accepted;
  project->counts.human += event.human;
  project->counts.held += event.held;
}

void judge_checked(Labeling& labeling,
                   Replay& replay,
                   const ItemsSentToCheck& event,
                   const ReplayedEntry& entry) {
  ProjectFacts* project = find_project_of(labeling, replay, event, entry);
  if (project == nullptr) return;
  Judged judged(replay, entry, project->contract.text());
  judge_work(labeling, judged, *project, space::in_flight_ms_max);
  judge_chunk(judged, *project, "checks", event);
  judged.demand(event.seats >= 1 && event.seats <= seats_max && event.agree >= 1 &&
                    event.agree <= event.seats,
                "chunk.impossible_panel", "asks for more equal answers than people");
  project->counts.checks += event.items;
  judged.demand(project->counts.checks <= project->counts.accepted, "chunk.wrong_counts",
                "sends more items to check than were accepted",
                "at most " + std::to_string(project->counts.accepted),
                std::to_string(project->counts.checks));
}

// --- labels -----------------------------------------------------------------------------------------

void judge_lease(Labeling& labeling,
                 const Judged& judged,
                 const ProjectFacts& project,
                 const LabelRecorded& label) {
  auto at = judged.entry().at.unix_ms;
  if (label.leased_at > at || at >= label.leased_until) {
    judged.wrong(
        "label.outside_lease", "answers outside the time of its lease",
        core::format_time({label.leased_at}) + " to " + core::format_time({label.leased_until}),
        core::format_time({at}));
  }
  judged.demand(label.leased_until - label.leased_at <= project.lease_seconds * 1'000,
                "label.lease_too_long", "rests on a lease that is longer than the project's",
                std::to_string(project.lease_seconds) + " s",
                std::to_string((label.leased_until - label.leased_at) / 1'000) + " s");
  judged.demand(label.leased_at >= project.opened_at.unix_ms, "label.leased_too_early",
                "rests on a lease from before its project was opened");
  ContractStanding* contract = labeling.space->contracts.find(judged.replay(), judged.contract());
  if (contract == nullptr) return;
  contract->tally.labels += 1;
  const auto& ended_at = contract->row.ended_at;
  judged.demand(!ended_at || label.leased_at <= ended_at->unix_ms, "label.leased_too_late",
                "rests on a lease that was given after the contract had ended");
}

// One seat, one lease and one person: each answers a task once.
void judge_seat(const Judged& judged, const LabelRecorded& label) {
  auto& sql = judged.replay().tx().use<Statements>();
  if (label.seat < 1 || label.seat > seats_max) {
    judged.wrong("label.wrong_seat", "answers for a seat that no task has",
                 "1 to " + std::to_string(seats_max), std::to_string(label.seat));
  }
  auto demand_first = [&](core::sql::Cursor row, const char* code, const char* words) {
    if (row.next()) judged.wrong(code, words, "", row.text(0));
  };
  demand_first(sql.by_lease(label.lease), "label.lease_answered_twice",
               "answers under a lease that was answered");
  demand_first(sql.by_annotator(label.task, label.annotator), "label.task_answered_twice",
               "is the annotator's second answer to its task");
  demand_first(sql.by_seat(label.task, label.seat), "label.seat_answered_twice",
               "answers for a seat that was answered");
  sql.answer(label.answer, judged.entry().seq, label.project, label.task, label.annotator,
             label.seat, label.lease, label.leased_at, label.leased_until, label.value,
             judged.entry().at)
      .run();
}

// The last seat ends a task, so all seats before it have answered. How many there are stands in the
// item's line, which is private: no more is known than that they are numbered from 1.
void judge_outcome(const Judged& judged, const LabelRecorded& label) {
  if (!label.outcome) return;
  std::int64_t answers = 0;
  std::int64_t last_seat = 0;
  {
    auto row = judged.replay().tx().use<Statements>().seats(label.task);
    row.next();
    answers = row.integer(0);
    last_seat = row.integer(1);
  }
  judged.demand(answers == last_seat, "label.seats_missing",
                "ends a task before all of its seats have answered",
                std::to_string(last_seat) + " answers", std::to_string(answers));
  judged.demand(last_seat > 1 || label.outcome == Outcome::decided, "label.wrong_outcome",
                "leaves in doubt what a single person was asked");
}

// Nobody is asked about more items than were routed to people or sent to check.
void count_task(const Judged& judged, ProjectFacts& project) {
  project.tasks += 1;
  std::int64_t asked = project.counts.human + project.counts.checks;
  judged.demand(project.tasks <= asked, "label.more_than_asked",
                "answers one task more than people were asked", "at most " + std::to_string(asked),
                std::to_string(project.tasks));
}

// A task belongs to one project and is over with its last seat.
void judge_task(const Judged& judged, ProjectFacts& project, const LabelRecorded& label) {
  auto& sql = judged.replay().tx().use<Statements>();
  {
    auto row = sql.task(label.task);
    if (!row.next()) {
      count_task(judged, project);
    } else {
      judged.demand(row.view(0) == label.project.text(), "label.wrong_project",
                    "answers a task of another project", row.text(0), label.project.text());
      judged.demand(row.is_null(1), "label.task_closed",
                    "answers a task that was decided or left in doubt before", "",
                    row.is_null(1) ? "" : "entry " + row.text(1));
    }
  }
  std::optional<std::uint64_t> closed;
  std::optional<std::string> outcome;
  if (label.outcome) {
    closed = judged.entry().seq;
    outcome = name_of(*label.outcome);
  }
  sql.add_task(label.task, label.project, closed, outcome).run();
  ProjectCounts& counts = project.counts;
  counts.answers += 1;
  if (label.outcome == Outcome::decided) counts.decided += 1;
  if (label.outcome == Outcome::in_doubt) counts.in_doubt += 1;
}

void judge_label(Labeling& labeling,
                 Replay& replay,
                 const LabelRecorded& event,
                 const ReplayedEntry& entry) {
  ProjectFacts* project = find_project_of(labeling, replay, event, entry);
  if (project == nullptr) return;
  Judged judged(replay, entry, project->contract.text());
  if (entry.by != event.annotator.text()) {
    judged.wrong("entry.wrong_author", "is not by the annotator that it names",
                 event.annotator.text(), std::string(entry.by));
  }
  labeling.space->actors.judge(judged, project->party, Scope::tasks_work);
  judge_lease(labeling, judged, *project, event);
  judge_task(judged, *project, event);
  judge_seat(judged, event);
  judge_outcome(judged, event);
}

// --- tables -----------------------------------------------------------------------------------------

void add_projection_tables(ledger::Replayers& replayers) {
  using enum ledger::ColumnKind;
  replayers.add_projection({"project",
                            R"(
    select id, seq, party, contract, provider, dataset, version, policy_version, accept_from_ppm,
           hold_below_ppm, priority, seats, agree, lease_seconds, classes, opened_at
      from project order by id
  )",
                            {{"id", text},
                             {"seq", integer},
                             {"party", text},
                             {"contract", text},
                             {"provider", text},
                             {"dataset", text},
                             {"version", integer},
                             {"policy_version", integer},
                             {"accept_from_ppm", integer},
                             {"hold_below_ppm", integer},
                             {"priority", text},
                             {"seats", integer},
                             {"agree", integer},
                             {"lease_seconds", integer},
                             {"classes", bytes},
                             {"opened_at", time}}});
  replayers.add_projection({"project_count",
                            R"(
    select project, accepted, human, held, checks, answers, decided, in_doubt, chunks
      from project_count order by project
  )",
                            {{"project", text},
                             {"accepted", integer},
                             {"human", integer},
                             {"held", integer},
                             {"checks", integer},
                             {"answers", integer},
                             {"decided", integer},
                             {"in_doubt", integer},
                             {"chunks", integer}}});
  replayers.add_projection(
      {"line_chunk",
       "select project, chunk, kind, seq, lines, root from line_chunk order by project, chunk",
       {{"project", text},
        {"chunk", integer},
        {"kind", text},
        {"seq", integer},
        {"lines", integer},
        {"root", bytes}},
       2});
  replayers.add_projection({"answer",
                            R"(
    select id, seq, project, task, annotator, seat, lease, leased_at, leased_until, value,
           answered_at
      from answer order by id
  )",
                            {{"id", text},
                             {"seq", integer},
                             {"project", text},
                             {"task", text},
                             {"annotator", text},
                             {"seat", integer},
                             {"lease", text},
                             {"leased_at", integer},
                             {"leased_until", integer},
                             {"value", bytes},
                             {"answered_at", time}}});
}

template <class Event, class Judge>
void add(ledger::Replayers& replayers, const Shared& labeling, Judge judge) {
  replayers.on<Event>(
      [labeling, judge](Replay& replay, const Event& event, const ReplayedEntry& entry) {
        judge(*labeling, replay, event, entry);
      });
}

}  // namespace

void register_replayers(ledger::Replayers& replayers, const std::shared_ptr<SpaceReplay>& space) {
  replayers.add_tables(R"(
    create table conduct_task (
      task text primary key, project text not null, closed_entry integer, outcome text
    ) strict;
    create index conduct_answer_of_lease on answer (lease);
    create table conduct_project (project text primary key, tasks integer not null) strict;
  )");
  replayers.add_tables(opening_tables);
  auto labeling = std::make_shared<Labeling>(Labeling{space, {}});
  add<ProjectOpened>(replayers, labeling, judge_opened);
  add<PredictionsImported>(replayers, labeling, judge_imported);
  add<ItemsSentToCheck>(replayers, labeling, judge_checked);
  add<LabelRecorded>(replayers, labeling, judge_label);
  add_projection_tables(replayers);
  replayers.at_end([labeling](Replay& replay) { labeling->projects.flush(replay); });
}

}  // namespace tally::labeling
