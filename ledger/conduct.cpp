#include "ledger/conduct.h"

#include <utility>

#include "ledger/bundle_check.h"
#include "ledger/envelope.h"
#include "ledger/ledger.h"
#include "ledger/merkle_tree.h"
#include "ledger/tile.h"

namespace tally::ledger {
namespace {

using core::Broken;

struct Statements {
  core::sql::Connection& db;
  core::sql::Statement count{db, R"(
    insert into conduct_finding (contract, findings, unchecked) values (?1, ?2, ?3)
    on conflict (contract) do update
      set findings = findings + excluded.findings, unchecked = unchecked + excluded.unchecked
  )"};
  core::sql::Statement counts{db, R"(
    select findings, unchecked from conduct_finding where contract = ?1
  )"};
};

std::string number(std::uint64_t value) { return std::to_string(value); }

// True as long as `visit` wants more.
bool visit_bundle_bytes(const std::string& bundle,
                        std::uint64_t first_seq,
                        std::uint64_t from,
                        const std::function<bool(std::string_view)>& visit) {
  auto entries = parse_bundle(bundle);
  if (!entries) throw Broken("entries from " + number(first_seq) + " on are not framed any more");
  for (std::size_t i = 0; i < entries->size(); ++i) {
    if (first_seq + i >= from && !visit((*entries)[i])) return false;
  }
  return true;
}

ConductFinding not_linked(const Replay& replay, const Envelope& envelope) {
  bool is_in_place = envelope.seq == replay.size;
  return {.code = is_in_place ? "entry.wrong_prev" : "entry.wrong_seq",
          .place = "entry " + number(replay.size),
          .contract = {},
          .words = "Entry " + number(replay.size) +
                   (is_in_place ? " does not name the hash of the entry before it."
                                : " says that it stands elsewhere."),
          .expected = is_in_place ? core::to_hex(replay.last_hash) : number(replay.size),
          .found = is_in_place ? std::string(envelope.prev) : number(envelope.seq)};
}

}  // namespace

void Replay::report(ConductFinding finding) {
  ++(finding.not_checkable ? unchecked_count_ : findings_count_);
  if (!finding.contract.empty()) {
    scratch_.use<Statements>()
        .count(finding.contract, !finding.not_checkable, finding.not_checkable)
        .run();
  }
  if (findings_.size() < findings_kept_max) findings_.push_back(std::move(finding));
}

Replay::Counts Replay::counts_of(std::string_view contract) {
  auto row = scratch_.use<Statements>().counts(contract);
  if (!row.next()) return {};
  return {row.natural(0), row.natural(1)};
}

void Replayers::on_kind(std::string_view kind, Handler handler) {
  bool is_new = handlers_.emplace(std::string(kind), std::move(handler)).second;
  TALLY_ASSERT(is_new);
}

std::vector<std::string> Replayers::kinds() const {
  std::vector<std::string> kinds;
  for (const auto& [kind, handler] : handlers_) kinds.push_back(kind);
  kinds.emplace_back(entry_carried_kind);
  return kinds;
}

void Replayers::begin(Replay& replay) const {
  replay.tx().connection().run(R"(
    create table conduct_finding (
      contract  text primary key,
      findings  integer not null,
      unchecked integer not null
    ) strict
  )");
  for (core::sql::Sql script : scripts_) replay.tx().connection().run(script);
}

bool Replayers::replay(Replay& replay, std::string_view bytes) const {
  auto envelope = read_envelope(bytes);
  if (!envelope) throw Broken("entry " + number(replay.size) + " cannot be read any more");
  if (envelope->seq != replay.size || envelope->prev != core::to_hex(replay.last_hash)) {
    replay.report(not_linked(replay, *envelope));
    return false;
  }
  replay.last_hash = hash_leaf(bytes);
  replay.last_at = {envelope->at};
  ++replay.size;
  auto body = core::parse_json(envelope->body);
  ReplayedEntry entry{.seq = envelope->seq,
                      .at = {envelope->at},
                      .by = envelope->by,
                      .kind = envelope->kind,
                      .body = body ? *body : core::Json(),
                      .hash = replay.last_hash,
                      .position = envelope->seq};
  if (!body || core::canonical(*body) != envelope->body) {
    replay.report(malformed_entry(
        entry, body ? "it is not spelled as canonical JSON is" : body.error().message));
    return true;
  }
  judge(replay, entry);
  return true;
}

void Replayers::judge(Replay& replay, const ReplayedEntry& entry) const {
  if (entry.kind == entry_carried_kind) return judge_carried(replay, entry);
  if (replay.carried() != nullptr && !replay.carried()->is_ended) judge_carrying(replay, entry);
  auto known = handlers_.find(entry.kind);
  if (known != handlers_.end()) return known->second(replay, entry);
  replay.report({.code = "entry.unknown_kind",
                 .place = entry.place(),
                 .contract = {},
                 .words = "Entry " + number(entry.seq) +
                          " is of a kind that this program does not " + "know; a newer one may.",
                 .expected = {},
                 .found = std::string(entry.kind),
                 .not_checkable = true});
  for (const auto& handler : on_unknown_) handler(replay, entry);
}

// Whether the continuation is as far as the entry takes it to be. Each is told once.
void Replayers::judge_carrying(Replay& replay, const ReplayedEntry& entry) const {
  CarriedLog& log = replay.carried_[replay.level_];
  if (!log.is_whole()) {
    replay.report({.code = "ledger.not_carried_whole",
                   .place = entry.place(),
                   .contract = {},
                   .words = "Entry " + number(entry.seq) +
                            " stands before the log that is continued has been carried over whole.",
                   .expected = number(log.head.size) + " entries of " + log.log_key.name,
                   .found = number(log.edge.size())});
    log.head.size = log.edge.size();
  }
  if (ending_kinds_.contains(entry.kind)) return;
  replay.report({.code = "ledger.not_continued",
                 .place = entry.place(),
                 .contract = {},
                 .words = "Entry " + number(entry.seq) +
                          " stands before the continuation was ended, from which on contracts are "
                          "held until their parties confirm them.",
                 .expected = {},
                 .found = std::string(entry.kind)});
  log.is_ended = true;
}

// The next entry of the log that is continued, judged as what it is.
void Replayers::judge_carried(Replay& replay, const ReplayedEntry& entry) const {
  auto wrong = [&](const char* code, const std::string& words, std::string expected = "",
                   std::string found = "") {
    replay.report({.code = code,
                   .place = entry.place(),
                   .contract = {},
                   .words = "Entry " + number(entry.seq) + " " + words + ".",
                   .expected = std::move(expected),
                   .found = std::move(found)});
  };
  if (replay.carried() == nullptr || replay.carried()->is_whole())
    return wrong("entry.carries_nothing", "carries an entry, and none is left to be carried");
  const core::Json* carried = entry.body.find("entry");
  std::string bytes = carried != nullptr ? core::canonical(*carried) : "";
  auto envelope = read_envelope(bytes);
  const core::Json* body = envelope ? carried->find("body") : nullptr;
  if (!envelope || body == nullptr || entry.by != "system")
    return replay.report(malformed_entry(entry, "it carries nothing of the form of an entry"));
  CarriedLog& log = replay.carried_[replay.level_];
  if (envelope->seq != log.edge.size() || envelope->prev != core::to_hex(log.last_hash)) {
    wrong("entry.carries_another", "carries another entry than the next of the log",
          number(log.edge.size()) + " after " + core::to_hex(log.last_hash),
          number(envelope->seq) + " after " + std::string(envelope->prev));
  }
  if (envelope->at < log.last_at.unix_ms)
    wrong("entry.time_went_back", "carries an entry that is dated before the one it follows");
  log.last_hash = hash_leaf(bytes);
  log.last_at = {envelope->at};
  log.edge.append(log.last_hash);
  if (log.is_whole() && log.edge.root() != log.head.root) {
    wrong("ledger.carried_differs", "ends what is carried, which is not what entry 0 names",
          core::to_hex(log.head.root), core::to_hex(log.edge.root()));
  }
  ReplayedEntry inner{.seq = entry.seq,
                      .at = {envelope->at},
                      .by = envelope->by,
                      .kind = envelope->kind,
                      .body = *body,
                      .hash = log.last_hash,
                      .position = envelope->seq};
  ++replay.level_;
  judge(replay, inner);
  --replay.level_;
}

void Replayers::end(Replay& replay) const {
  for (const auto& end : ends_) end(replay);
}

ConductFinding malformed_entry(const ReplayedEntry& entry, const std::string& why) {
  const core::Json* contract = entry.body.find("contract");
  return {.code = "entry.malformed",
          .place = entry.place(),
          .contract = contract != nullptr && contract->is_string() ? contract->as_string() : "",
          .words =
              "Entry " + number(entry.seq) + " is no " + std::string(entry.kind) + ": " + why + ".",
          .expected = {},
          .found = {}};
}

void visit_entries(LedgerSource& source,
                   std::uint64_t first,
                   const std::function<bool(std::string_view entry)>& visit) {
  std::uint64_t bundles = source.edge().bundles;
  for (std::uint64_t n = first / tile_width_max; n < bundles; ++n) {
    std::string bundle;
    if (!source.visit_bundle(n, [&](std::string_view bytes) { bundle = bytes; })) {
      throw Broken("entry " + number(n * tile_width_max) + " is not there any more");
    }
    if (!visit_bundle_bytes(bundle, n * tile_width_max, first, visit)) return;
  }
  std::uint64_t next = bundles * tile_width_max;
  for (const TailRow& row : source.edge().tail) {
    auto count = count_framed(row.entries);
    if (!count || row.first_seq < 0 || static_cast<std::uint64_t>(row.first_seq) != next) {
      throw Broken("entry " + number(next) + " is not there any more");
    }
    if (!visit_bundle_bytes(row.entries, next, first, visit)) return;
    next += *count;
  }
}

}  // namespace tally::ledger
