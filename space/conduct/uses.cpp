#include "space/conduct/uses.h"

#include "space/conduct/faults.h"
#include "space/conduct/floor.h"
#include "space/continuation/continuation.h"
#include "space/contracts/entries.h"
#include "space/datasets/dataset_tables.h"
#include "space/erasure/erasure.h"
#include "space/uses/breaking_off.h"

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
  core::sql::Statement note_download{db, R"(
    insert into conduct_download (use) values (?1) on conflict do nothing
  )"};
  core::sql::Statement is_download{db, "select 1 from conduct_download where use = ?1"};
  core::sql::Statement void_{db, "update use_record set state = 'voided' where id = ?1"};
};

struct UseRow {
  std::string contract;
  RecordedUse use;
};

std::optional<UseRow> find_use(Replay& replay, const UseId& use) {
  auto row = replay.tx().use<Statements>().find(use);
  if (!row.next()) return std::nullopt;
  return UseRow{row.text(0),
                {.rule = row.natural(1),
                 .is_voided = row.view(2) == "voided",
                 .redeliveries = row.natural(3),
                 .at = row.instant(4)}};
}

// Looked up only where something was erased: an audit reads many uses and few erasures.
void judge_content(const SpaceReplay& space, const Judged& judged, const ContractRow& row) {
  if (space.erased_contents == 0) return;
  std::string subject = content_subject(row.dataset, row.version);
  judged.demand(!find_erasure(judged.replay().tx(), subject), "dataset.version_erased",
                "delivers content that was erased before", "", subject);
}

// The same of a ledger that continues another one.
void judge_hold(const SpaceReplay& space, const Judged& judged, const ContractId& contract) {
  if (space.held_contracts == 0) return;
  judged.demand(!find_hold(judged.replay().tx(), contract), "contract.held",
                "uses a contract that is held until both its parties have confirmed its count");
}

// Without the document, rules are heard of as they are used.
void note_rule(ContractStanding& standing, std::uint64_t rule) {
  constexpr std::uint64_t rules_max = 8;  // permissions of a document
  if (standing.terms || rule < standing.used.size() || rule >= rules_max) return;
  standing.used.resize(rule + 1);
}

void judge_key(const Judged& judged, const UseRecorded& use) {
  if (keep_use(judged, use, judged.entry().at)) return;
  auto row = judged.replay().tx().use<Statements>().by_key(use.key);
  if (row.next()) {
    judged.wrong("use.key_charged_twice", "charges a key that was charged before", "", row.text(0));
  } else {
    judged.wrong("use.recorded_twice", "records a use that was recorded before", "",
                 use.use.text());
  }
}

void count_authority(const Judged& judged, ContractTally& tally, const UseRecorded& use) {
  tally.uses += 1;
  if (use.auth == token_authority) {
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
  judge_content(space, judged, row);
  judge_hold(space, judged, event.contract);
  note_rule(*standing, event.rule);
  judged.tell(judge_use(event, entry.at, standing->facts_at(judged)));
  if (event.rule < standing->used.size()) standing->used[event.rule] += 1;
  judge_key(judged, event);
  count_authority(judged, standing->tally, event);
  row.uses += 1;
  bool is_open = row.state == ContractState::active || row.state == ContractState::exhausted;
  if (standing->terms && is_open) row.state = state_of(*standing->terms, standing->used);
}

// The use that an entry of this contract is about.
std::optional<RecordedUse> follow_use(const Judged& judged, const UseId& use) {
  auto row = find_use(judged.replay(), use);
  if (!row || row->contract != judged.contract()) return std::nullopt;
  return row->use;
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
  judge_content(space, judged, standing->row);
  auto use = follow_use(judged, event.use);
  judged.tell(judge_redelivery(event, entry.at, use ? &*use : nullptr, standing->facts_at(judged)));
  if (use) replay.tx().use<Statements>().redeliver(event.use, event.delivery).run();
}

// Only a download can break off after it was recorded, and only as long as it is sent.
void judge_delivery(const Judged& judged,
                    const ContractRow& row,
                    const UseVoided& event,
                    const RecordedUse& use) {
  bool is_download = judged.replay().tx().use<Statements>().is_download(event.use).next();
  judged.demand(is_download, "use.not_a_download",
                "voids a use whose delivery could not break off, as it was no download");
  auto version = find_version(judged.replay().tx(), row.dataset, row.version);
  std::int64_t after_ms_max = void_after_ms_max(version ? version->bytes : 0);
  std::int64_t after_ms = judged.entry().at.unix_ms - use.at.unix_ms;
  judged.demand(after_ms <= after_ms_max, "use.voided_too_late",
                "voids a use later than its delivery could break off",
                "within " + std::to_string(after_ms_max) + " ms", std::to_string(after_ms) + " ms");
}

void judge_voided(SpaceReplay& space,
                  Replay& replay,
                  const UseVoided& event,
                  const ReplayedEntry& entry) {
  Judged judged(replay, entry, event.contract.text());
  ContractStanding* standing = space.contracts.follow(judged, event);
  if (standing == nullptr) return;
  auto use = follow_use(judged, event.use);
  judged.tell(judge_void(event, entry.by, use ? &*use : nullptr, standing->facts_at(judged)));
  if (!use || use->is_voided) return;
  judge_delivery(judged, standing->row, event, *use);
  if (use->rule < standing->used.size() && standing->used[use->rule] > 0)
    standing->used[use->rule] -= 1;
  replay.tx().use<Statements>().void_(event.use).run();
  standing->tally.voided += 1;
  ContractRow& row = standing->row;
  if (row.uses > 0) row.uses -= 1;
  if (row.state == ContractState::exhausted) row.state = ContractState::active;
}

}  // namespace

bool keep_use(const Judged& judged, const UseRecorded& use, core::Instant at) {
  auto& sql = judged.replay().tx().use<Statements>();
  bool is_new = sql.keep(use.use, use.contract, use.key, use.request, use.rule, use.count_before,
                         judged.entry().seq, at)
                    .run() == 1;
  if (is_new && use.action == action_name(Action::download)) sql.note_download(use.use).run();
  return is_new;
}

void add_use_replayers(ledger::Replayers& replayers, const std::shared_ptr<SpaceReplay>& space) {
  replayers.add_tables("create table conduct_download (use text primary key) strict;");
  judge_by(replayers, space, judge_recorded);
  judge_by(replayers, space, judge_redelivered);
  judge_by(replayers, space, judge_voided);
}

}  // namespace tally::space
