#include "core/codec.h"
#include "space/clock.h"
#include "space/conduct/floor.h"
#include "space/continuation/continuation.h"
#include "space/erasure/erasure.h"
#include "space/opening.h"
#include "space/parties/party_tables.h"

namespace tally::space {
namespace {

using ledger::Replay;
using ledger::ReplayedEntry;

// Whom entry 0 made the operator, and what only it may do once.
struct Opening {
  std::optional<core::Hash> operator_key;
  std::optional<PartyId> operator_party;
  bool has_operator_actor = false;
};

struct ClockDeparted {
  static constexpr std::string_view kind = ledger::clock_departed_kind;
  std::int64_t ledger_ms = 0;
  std::string salt;
  std::int64_t wall_ms = 0;

  static constexpr auto fields =
      core::FieldList{core::field("ledger_ms", &ClockDeparted::ledger_ms),
                      core::field("salt", &ClockDeparted::salt, core::matches_hex(32)),
                      core::field("wall_ms", &ClockDeparted::wall_ms)};
};

template <class Event>
bool judge_opening(SpaceReplay& space, const Judged& judged, const Event& event) {
  Replay& replay = judged.replay();
  demand_system(judged);
  if (!judged.demand(judged.entry().position == 0, "ledger.opened_again",
                     "opens a ledger that is open")) {
    return false;
  }
  judged.demand(event.origin == replay.origin(), "ledger.wrong_origin",
                "opens the ledger of another log", replay.origin(), event.origin);
  space.open_log(replay.level()).add(event.log_key);
  judged.demand(event.suite == "ed25519-sha256", "ledger.unknown_suite",
                "names algorithms that are not known", "ed25519-sha256", event.suite);
  return true;
}

void judge_opened(Opening& opening,
                  SpaceReplay& space,
                  Replay& replay,
                  const LedgerOpened& event,
                  const ReplayedEntry& entry) {
  if (judge_opening(space, Judged(replay, entry), event)) opening.operator_key = event.operator_key;
}

// That the operator's key is one of the ledger which is continued is judged behind its entries.
void judge_reopened(SpaceReplay& space,
                    Replay& replay,
                    const LedgerReopened& event,
                    const ReplayedEntry& entry) {
  Judged judged(replay, entry);
  if (!judge_opening(space, judged, event)) return;
  space.named_operator_keys[replay.level()] = event.operator_key;
  const ContinuedLog& old = event.continues;
  auto key = ledger::parse_vkey(old.log_key);
  if (!judged.demand(key && key->name == old.origin && old.origin != event.origin,
                     "ledger.continues_nothing", "does not name another log and its key", "",
                     old.origin)) {
    return;
  }
  bool adds_up =
      old.carried_size <= old.size && (old.carried_size < old.size || old.carried_root == old.root);
  judged.demand(adds_up, "ledger.continues_nothing", "carries more than the log had");
  replay.carry(*key, {old.carried_size, old.carried_root});
}

void judge_registered(Replay& replay, const PartyRegistered& event, const ReplayedEntry& entry) {
  Judged judged(replay, entry);
  judged.demand(entry.by == event.party.text(), "entry.wrong_author",
                "registers a party in the name of somebody else", event.party.text(),
                std::string(entry.by));
  KeyId key = KeyId::of(event.public_key);
  judged.demand(key == event.key, "party.wrong_key_id", "calls a key by another's id", key.text(),
                event.key.text());
  bool is_new = judged.demand(!find_party(replay.tx(), event.party), "party.exists",
                              "registers a party that is there", "", event.party.text());
  bool is_free = judged.demand(!is_key_taken(replay.tx(), event.key), "party.key_in_use",
                               "registers the key of another party", "", event.key.text());
  if (is_new && is_free) apply(replay.tx(), event, entry.at);
}

void judge_approved(Opening& opening,
                    ActorsSeen& actors,
                    Replay& replay,
                    const PartyApproved& event,
                    const ReplayedEntry& entry) {
  Judged judged(replay, entry);
  auto party = find_party(replay.tx(), event.party);
  if (!judged.demand(party && party->state == PartyState::pending, "party.not_pending",
                     "approves a party that does not wait for it", "", event.party.text())) {
    return;
  }
  apply(replay.tx(), event);
  if (RoleSet(event.roles) != RoleSet{Role::operator_}) {
    judged.demand(!RoleSet(event.roles).has(Role::operator_), "party.second_operator",
                  "makes another party the operator", "", event.party.text());
    return actors.judge(judged, opening.operator_party, Scope::parties_approve);
  }
  demand_system(judged);
  judged.demand(!opening.operator_party, "party.second_operator",
                "makes another party the operator", "", event.party.text());
  judged.demand(party->public_key == opening.operator_key, "party.wrong_operator_key",
                "makes a party the operator that has not the key of entry 0", "",
                core::to_hex(party->public_key));
  if (!opening.operator_party) opening.operator_party = event.party;
}

void judge_author_of_actor(Opening& opening,
                           ActorsSeen& actors,
                           const Judged& judged,
                           const ActorAdded& event) {
  const ReplayedEntry& entry = judged.entry();
  if (entry.by == system_author) {
    judged.demand(event.party == opening.operator_party && !opening.has_operator_actor,
                  "actor.not_asked_for", "adds an actor that its party did not ask for");
    opening.has_operator_actor = true;
    return;
  }
  if (entry.by == event.party.text()) return;  // the party signed for it
  actors.judge(judged, event.party, Scope::actors_write);
  const ActorFacts* adder = actors.find(judged.replay(), entry.by);
  if (adder == nullptr) return;
  judged.demand(adder->scopes.contains(ScopeSet(event.scopes)), "actor.beyond_its_adder",
                "lets an actor do more than the one that added it", adder->scopes.text(),
                ScopeSet(event.scopes).text());
  judged.demand(event.expires_at <= adder->expires_at.unix_ms, "actor.beyond_its_adder",
                "lets an actor outlive the one that added it", core::format_time(adder->expires_at),
                core::format_time({event.expires_at}));
}

void judge_added(Opening& opening,
                 ActorsSeen& actors,
                 Replay& replay,
                 const ActorAdded& event,
                 const ReplayedEntry& entry) {
  Judged judged(replay, entry);
  auto party = find_party(replay.tx(), event.party);
  if (judged.demand(party && party->state == PartyState::approved, "actor.party_not_approved",
                    "adds an actor of a party that is not approved", "", event.party.text())) {
    judged.demand(!find_erasure(replay.tx(), party_subject(event.party)), "party.erased",
                  "adds an actor of a party that was erased", "", event.party.text());
    ScopeSet permitted = scopes_of(party->roles);
    judged.demand(permitted.contains(ScopeSet(event.scopes)), "actor.beyond_its_party",
                  "lets an actor do what its party may not", permitted.text(),
                  ScopeSet(event.scopes).text());
  }
  judge_author_of_actor(opening, actors, judged, event);
  bool is_new = judged.demand(!find_actor(replay.tx(), event.actor), "actor.exists",
                              "adds an actor that is there", "", event.actor.text());
  if (party && is_new) apply(replay.tx(), event, entry.at);
}

void judge_revoked(Opening& opening,
                   ActorsSeen& actors,
                   Replay& replay,
                   const ActorRevoked& event,
                   const ReplayedEntry& entry) {
  Judged judged(replay, entry);
  auto actor = find_actor(replay.tx(), event.actor);
  if (!judged.demand(actor && actor->state == ActorState::active, "actor.not_active",
                     "revokes an actor that is not active", "", event.actor.text())) {
    return;
  }
  judged.demand(actor->party == event.party, "actor.of_another_party",
                "names another party than the actor's", actor->party.text(), event.party.text());
  const ActorFacts* by = actors.find(replay, entry.by);
  bool is_operator = by != nullptr && by->party == opening.operator_party;
  actors.judge(judged, is_operator ? *opening.operator_party : actor->party, Scope::actors_write);
  apply(replay.tx(), event);
  actors.note_revoked(replay, event.actor, entry.at);
}

}  // namespace

void add_party_replayers(ledger::Replayers& replayers, const std::shared_ptr<SpaceReplay>& space) {
  auto opening = std::make_shared<Opening>();
  replayers.on<LedgerOpened>(
      [opening, space](Replay& replay, const LedgerOpened& event, const ReplayedEntry& entry) {
        judge_opened(*opening, *space, replay, event, entry);
      });
  judge_by(replayers, space, judge_reopened);
  replayers.on<PartyRegistered>(judge_registered);
  replayers.on<PartyApproved>(
      [opening, space](Replay& replay, const PartyApproved& event, const ReplayedEntry& entry) {
        judge_approved(*opening, space->actors, replay, event, entry);
        space->operator_party = opening->operator_party;
      });
  replayers.on<ActorAdded>(
      [opening, space](Replay& replay, const ActorAdded& event, const ReplayedEntry& entry) {
        judge_added(*opening, space->actors, replay, event, entry);
      });
  replayers.on<ActorRevoked>(
      [opening, space](Replay& replay, const ActorRevoked& event, const ReplayedEntry& entry) {
        judge_revoked(*opening, space->actors, replay, event, entry);
      });
  replayers.on<ClockDeparted>([](Replay& replay, const ClockDeparted&, const ReplayedEntry& entry) {
    demand_system(Judged(replay, entry));
    replay.time_is_trusted = false;
  });
  replayers.on<ClockAcknowledged>([opening, space](Replay& replay, const ClockAcknowledged&,
                                                   const ReplayedEntry& entry) {
    space->actors.judge(Judged(replay, entry), opening->operator_party, Scope::clock_acknowledge);
    replay.time_is_trusted = true;
  });
}

}  // namespace tally::space
