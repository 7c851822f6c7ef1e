#include "space/conduct/judge.h"

#include "space/parties/party_tables.h"

namespace tally::space {
namespace {

constexpr std::size_t actors_kept_max = 10'000;

struct Statements {
  core::sql::Connection& db;
  core::sql::Statement revoke{db, R"(
    insert into conduct_revoked (actor, at) values (?1, ?2) on conflict (actor) do nothing
  )"};
  core::sql::Statement revoked{db, "select at from conduct_revoked where actor = ?1"};
};

std::optional<core::Instant> revoked_at(core::sql::Session& session, const ActorId& actor) {
  auto row = session.use<Statements>().revoked(actor);
  if (!row.next()) return std::nullopt;
  return row.instant(0);
}

std::string scope_name(Scope scope) { return ScopeSet{scope}.text(); }

}  // namespace

void Judged::wrong(std::string code,
                   const std::string& words,
                   std::string expected,
                   std::string found) const {
  replay_.report({.code = std::move(code),
                  .place = entry_.place(),
                  .contract = contract_,
                  .words = "Entry " + std::to_string(entry_.seq) + " " + words + ".",
                  .expected = std::move(expected),
                  .found = std::move(found)});
}

void Judged::unknown(std::string code, const std::string& words) const {
  replay_.report({.code = std::move(code),
                  .place = entry_.place(),
                  .contract = contract_,
                  .words = "Entry " + std::to_string(entry_.seq) + " " + words + ".",
                  .expected = {},
                  .found = {},
                  .not_checkable = true});
}

void Judged::tell(const Faults& faults) const {
  for (const Fault& fault : faults) wrong(fault.code, fault.words, fault.expected, fault.found);
}

const ActorFacts* ActorsSeen::find(ledger::Replay& replay, std::string_view actor) {
  std::string key(actor);
  auto known = cache_.find(key);
  if (known != cache_.end()) return &known->second;
  auto id = ActorId::parse(actor);
  auto stored = id ? find_actor(replay.tx(), *id) : std::nullopt;
  if (!stored) return nullptr;
  if (cache_.size() >= actors_kept_max) cache_.clear();
  ActorFacts facts{stored->party, stored->scopes, stored->expires_at, revoked_at(replay.tx(), *id)};
  return &cache_.emplace(std::move(key), facts).first->second;
}

void ActorsSeen::note_revoked(ledger::Replay& replay, const ActorId& actor, core::Instant at) {
  replay.tx().use<Statements>().revoke(actor, at).run();
  cache_.erase(actor.text());
}

void ActorsSeen::judge(const Judged& judged,
                       const std::optional<PartyId>& party,
                       Scope scope,
                       std::int64_t in_flight_ms) {
  const auto& entry = judged.entry();
  const ActorFacts* actor = find(judged.replay(), entry.by);
  if (actor == nullptr) {
    return judged.wrong("actor.unknown", "is by somebody whom no entry before it names", "",
                        std::string(entry.by));
  }
  if (party && actor->party != *party) {
    judged.wrong("actor.of_another_party", "is by an actor of another party", party->text(),
                 actor->party.text());
  }
  if (!actor->scopes.has(scope)) {
    judged.wrong("actor.without_scope", "is by an actor who may not do this", scope_name(scope),
                 actor->scopes.text());
  }
  std::int64_t let_in_ms = entry.at.unix_ms - in_flight_ms;
  if (actor->revoked_at && actor->revoked_at->unix_ms <= let_in_ms) {
    judged.wrong("actor.revoked", "is by an actor whose token was revoked before",
                 "before " + core::format_time(*actor->revoked_at), core::format_time(entry.at));
  }
  if (judged.replay().time_is_trusted && actor->expires_at.unix_ms <= let_in_ms) {
    judged.wrong("actor.expired", "is by an actor whose token had ended",
                 "before " + core::format_time(actor->expires_at), core::format_time(entry.at));
  }
}

void demand_system(const Judged& judged) {
  judged.demand(judged.entry().by == "system", "entry.wrong_author",
                "is written by the ledger itself alone", "system", std::string(judged.entry().by));
}

}  // namespace tally::space
