#include "space/uses/uses.h"

#include "space/conduct/floor.h"
#include "space/continuation/continuation.h"
#include "space/contracts/entries.h"
#include "space/erasure/erasure.h"

namespace tally::space {
namespace {

using ledger::Replay;
using ledger::ReplayedEntry;

struct Statements {
  core::sql::Connection& db;
  core::sql::Statement keep{db, R"(
    insert into use_record (id, contract, key, request, rule, state, count_before, entry, at)
    values (?1, ?2, ?3, ?4, ?5, 'recorded', ?6, ?7, ?8)
    on conflict do nothing
  )"};
  core::sql::Statement by_key{db, "select id from use_record where key = ?1"};
  core::sql::Statement find{db, R"(
    select contract, rule, state, redeliveries, at from use_record where id = ?1
  )"};
  core::sql::Statement redeliver{db, "update use_record set redeliveries = ?2 where id = ?1"};
  core::sql::Statement void_{db, "update use_record set state = 'voided' where id = ?1"};
};

struct UseRow {
  std::string contract;
  std::uint64_t rule = 0;
  bool is_voided = false;
  std::uint64_t redeliveries = 0;
  core::Instant at;
};

std::optional<UseRow> find_use(Replay& replay, const UseId& use) {
  auto row = replay.tx().use<Statements>().find(use);
  if (!row.next()) return std::nullopt;
  return UseRow{row.text(0), row.natural(1), row.view(2) == "voided", row.natural(3),
                row.instant(4)};
}

std::optional<Action> find_action(std::string_view name) {
  for (const auto& [action, text] : enum_names(Action{})) {
    if (text == name) return action;
  }
  return std::nullopt;
}

// Each check of the decision that failed, under the code that the refusal would have had.
void tell_checks(const Judged& judged, const Decision& decision, const std::string& words) {
  for (const Check& check : decision.checks) {
    if (check.passed) continue;
    judged.wrong(check.code, words + " (" + check.check + ")", check.required, check.actual);
  }
}

// Inside state, action, purpose, time and count: by the function that decided it.
void judge_decision(const Judged& judged,
                    const ContractStanding& standing,
                    const UseRecorded& use) {
  const Terms& terms = *standing.terms;
  auto action = find_action(use.action);
  if (!action) {
    return judged.wrong("use.unknown_action", "records a use by an unknown action", "", use.action);
  }
  auto decision = decide_use(terms, {standing.row.state, *action, use.purpose, judged.entry().at,
                                     judged.replay().time_is_trusted, standing.used});
  tell_checks(judged, decision, "records a use that the contract does not permit");
  judged.demand_equal(decision.rule, use.rule, "use.wrong_rule",
                      "spends the count of another permission than the one that covers it");
  judged.demand_equal(terms.permissions[decision.rule].uses_max, use.limit, "use.wrong_limit",
                      "names another limit than the contract");
}

void judge_members(const Judged& judged, const ContractRow& row, const UseRecorded& use) {
  if (use.document != row.document) {
    judged.wrong("use.wrong_document", "rests on another document than the contract's",
                 core::to_hex(row.document), core::to_hex(use.document));
  }
  if (use.dataset != row.dataset || use.version != row.version) {
    judged.wrong("use.wrong_dataset", "uses another dataset version than the contract's",
                 row.dataset.text() + " " + std::to_string(row.version),
                 use.dataset.text() + " " + std::to_string(use.version));
  }
  if (use.unit != "call") {
    judged.wrong("use.wrong_unit", "counts something else than calls", "call", use.unit);
  }
}

// Looked up only where something was erased: an audit reads many uses and few erasures.
void judge_content(const SpaceReplay& space, const Judged& judged, const UseRecorded& use) {
  if (space.erased_contents == 0) return;
  std::string subject = content_subject(use.dataset, use.version);
  judged.demand(!find_erasure(judged.replay().tx(), subject), "dataset.version_erased",
                "uses content that was erased before", "", subject);
}

// The same of a ledger that continues another one.
void judge_hold(const SpaceReplay& space, const Judged& judged, const ContractId& contract) {
  if (space.held_contracts == 0) return;
  judged.demand(!find_hold(judged.replay().tx(), contract), "contract.held",
                "uses a contract that is held until both its parties have confirmed its count");
}

// The count of its rule goes on where it stood.
void judge_count(const Judged& judged, ContractStanding& standing, const UseRecorded& use) {
  constexpr std::uint64_t rules_max = 8;  // permissions of a document
  if (use.rule >= rules_max) return;
  if (use.rule >= standing.used.size()) {
    if (standing.terms) return;  // told by judge_decision
    standing.used.resize(use.rule + 1);
  }
  std::uint64_t& used = standing.used[use.rule];
  judged.demand_equal(used, use.count_before, "use.count_broken",
                      "does not count on from the use before");
  judged.demand_equal(use.count_before + 1, use.count_after, "use.count_broken",
                      "does not count by one");
  used += 1;
}

void judge_key(const Judged& judged, const UseRecorded& use) {
  auto& sql = judged.replay().tx().use<Statements>();
  const ReplayedEntry& entry = judged.entry();
  bool is_new = sql.keep(use.use, use.contract, use.key, use.request, use.rule, use.count_before,
                         entry.seq, entry.at)
                    .run() == 1;
  if (is_new) return;
  auto row = sql.by_key(use.key);
  if (row.next()) {
    judged.wrong("use.key_charged_twice", "charges a key that was charged before", "", row.text(0));
  } else {
    judged.wrong("use.recorded_twice", "records a use that was recorded before", "",
                 use.use.text());
  }
}

ContractState state_after(const ContractStanding& standing) {
  const Terms& terms = *standing.terms;
  for (std::size_t rule = 0; rule < terms.permissions.size(); ++rule) {
    if (standing.used[rule] < terms.permissions[rule].uses_max) return ContractState::active;
  }
  return ContractState::exhausted;
}

void count_authority(const Judged& judged, ContractTally& tally, const UseRecorded& use) {
  tally.uses += 1;
  if (use.auth == "token") {
    tally.asserted += 1;
  } else {
    judged.unknown("use.unknown_authority", "says that it was authorised by " + use.auth +
                                                ", which this program does not know");
  }
}

void judge_recorded(SpaceReplay& space,
                    Replay& replay,
                    const UseRecorded& event,
                    const ReplayedEntry& entry) {
  Judged judged(replay, entry, event.contract.text());
  ContractStanding* standing = space.contracts.follow(judged, event);
  if (standing == nullptr) return;
  ContractRow& row = standing->row;
  space.actors.judge(judged, row.consumer, Scope::contracts_use);
  judge_members(judged, row, event);
  judge_content(space, judged, event);
  judge_hold(space, judged, event.contract);
  if (standing->terms) {
    judge_decision(judged, *standing, event);
  } else {
    judged.demand(
        row.state == ContractState::active || row.state == ContractState::exhausted,
        row.state == ContractState::terminated ? "contract.terminated" : "contract.not_active",
        "records a use of a contract that permits none", "active",
        std::string(state_name(row.state)));
  }
  judge_count(judged, *standing, event);
  judge_key(judged, event);
  count_authority(judged, standing->tally, event);
  row.uses += 1;
  bool is_open = row.state == ContractState::active || row.state == ContractState::exhausted;
  if (standing->terms && is_open) row.state = state_after(*standing);
}

// The use that an entry is about. Finding: use.unknown.
std::optional<UseRow> follow_use(const Judged& judged, const UseId& use) {
  auto row = find_use(judged.replay(), use);
  judged.demand(row && row->contract == judged.contract(), "use.unknown",
                "is about a use that this contract has not", "", use.text());
  if (row && row->contract != judged.contract()) row.reset();
  return row;
}

void judge_redelivered(SpaceReplay& space,
                       Replay& replay,
                       const UseRedelivered& event,
                       const ReplayedEntry& entry) {
  Judged judged(replay, entry, event.contract.text());
  ContractStanding* standing = space.contracts.follow(judged, event);
  if (standing == nullptr) return;
  standing->tally.redelivered += 1;
  judge_hold(space, judged, event.contract);
  space.actors.judge(judged, standing->row.consumer, Scope::contracts_use);
  auto use = follow_use(judged, event.use);
  if (!use) return;
  judged.demand(!use->is_voided, "use.voided", "delivers a use that was voided");
  judged.demand_equal(use->redeliveries + 1, event.delivery, "use.wrong_delivery",
                      "does not number the deliveries one by one");
  UseLimits limits;
  if (event.delivery > limits.redeliveries_max) {
    judged.wrong("use.delivered_too_often", "delivers more often than is permitted",
                 "at most " + std::to_string(limits.redeliveries_max),
                 std::to_string(event.delivery));
  }
  std::int64_t age_ms = entry.at.unix_ms - use->at.unix_ms;
  if (age_ms >= limits.replay_window_ms) {
    judged.wrong("use.delivered_too_late", "delivers later than is permitted",
                 "within " + std::to_string(limits.replay_window_ms) + " ms",
                 std::to_string(age_ms) + " ms");
  }
  // Action and purpose were judged with the use: those of its rule pass again.
  if (standing->terms && use->rule < standing->terms->permissions.size()) {
    const Permission& permission = standing->terms->permissions[use->rule];
    auto decision = decide_redelivery(
        *standing->terms, {standing->row.state, permission.actions[0], permission.purposes[0],
                           entry.at, replay.time_is_trusted, standing->used});
    tell_checks(judged, decision, "delivers when the contract does not permit it");
  }
  replay.tx().use<Statements>().redeliver(event.use, event.delivery).run();
}

void judge_voided(SpaceReplay& space,
                  Replay& replay,
                  const UseVoided& event,
                  const ReplayedEntry& entry) {
  Judged judged(replay, entry, event.contract.text());
  ContractStanding* standing = space.contracts.follow(judged, event);
  if (standing == nullptr) return;
  judged.demand(entry.by == "system", "entry.wrong_author",
                "voids a use, which the server alone does", "system", std::string(entry.by));
  judged.demand(event.reason == "content_unreadable", "use.unknown_reason",
                "voids a use for an unknown reason", "content_unreadable", event.reason);
  auto use = follow_use(judged, event.use);
  if (!use) return;
  if (!judged.demand(!use->is_voided, "use.voided", "voids a use that was voided")) return;
  judged.demand_equal(use->rule, event.rule, "use.wrong_rule",
                      "gives back the count of another permission than the use spent");
  if (use->rule < standing->used.size() && standing->used[use->rule] > 0) {
    std::uint64_t& used = standing->used[use->rule];
    used -= 1;
    judged.demand_equal(used, event.count_after, "use.count_broken",
                        "does not give back exactly one");
  }
  replay.tx().use<Statements>().void_(event.use).run();
  standing->tally.voided += 1;
  ContractRow& row = standing->row;
  if (row.uses > 0) row.uses -= 1;
  if (row.state == ContractState::exhausted) row.state = ContractState::active;
}

}  // namespace

void add_use_replayers(ledger::Replayers& replayers, const std::shared_ptr<SpaceReplay>& space) {
  judge_by(replayers, space, judge_recorded);
  judge_by(replayers, space, judge_redelivered);
  judge_by(replayers, space, judge_voided);
}

}  // namespace tally::space
