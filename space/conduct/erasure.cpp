#include "space/erasure/erasure.h"

#include "space/conduct/floor.h"
#include "space/parties/party_tables.h"

namespace tally::space {
namespace {

using ledger::Replay;
using ledger::ReplayedEntry;

struct Statements {
  core::sql::Connection& db;
  core::sql::Statement actors{db, "select id from actor where party = ?1 and state = 'active'"};
};

Recorded where(const ReplayedEntry& entry) { return {entry.seq, entry.at}; }

// What is erased once is gone; a second time would say that it had come back.
bool demand_there(const Judged& judged, const std::string& subject) {
  auto erased = find_erasure(judged.replay().tx(), subject);
  return judged.demand(!erased, "erasure.done_before", "erases what was erased before", "",
                       subject);
}

// By the party itself, or by the operator.
void judge_author(SpaceReplay& space, const Judged& judged, const PartyId& party) {
  const ActorFacts* by = space.actors.find(judged.replay(), judged.entry().by);
  bool is_operator = by != nullptr && by->party == space.operator_party;
  space.actors.judge(judged, is_operator ? *space.operator_party : party, Scope::actors_write);
}

void judge_version(SpaceReplay& space,
                   Replay& replay,
                   const VersionErased& event,
                   const ReplayedEntry& entry) {
  Judged judged(replay, entry);
  auto dataset = find_dataset(replay.tx(), event.dataset);
  auto version = find_version(replay.tx(), event.dataset, event.version);
  if (!judged.demand(dataset && version && version->state == VersionState::published &&
                         version->content == ContentKind::uploaded,
                     "dataset.not_published", "erases content that is not there", "",
                     content_subject(event.dataset, event.version))) {
    return;
  }
  space.actors.judge(judged, dataset->provider, Scope::datasets_write);
  if (!demand_there(judged, content_subject(event.dataset, event.version))) return;
  apply(replay.tx(), event, where(entry));
  space.erased_contents += 1;
}

void judge_party(SpaceReplay& space,
                 Replay& replay,
                 const PartyErased& event,
                 const ReplayedEntry& entry) {
  Judged judged(replay, entry);
  auto party = find_party(replay.tx(), event.party);
  if (!judged.demand(party && event.party != space.operator_party, "party.unknown",
                     "erases a party that is not there, or the operator", "", event.party.text())) {
    return;
  }
  judge_author(space, judged, event.party);
  if (!demand_there(judged, party_subject(event.party))) return;
  std::vector<ActorId> ended;
  {
    auto row = replay.tx().use<Statements>().actors(event.party);
    while (row.next()) ended.push_back(row.id<ActorId>(0));
  }
  apply(replay.tx(), event, where(entry));
  for (const ActorId& actor : ended) space.actors.note_revoked(replay, actor, entry.at);
}

void judge_actor(SpaceReplay& space,
                 Replay& replay,
                 const ActorErased& event,
                 const ReplayedEntry& entry) {
  Judged judged(replay, entry);
  auto actor = find_actor(replay.tx(), event.actor);
  if (!judged.demand(actor.has_value(), "actor.unknown", "erases an actor that is not there", "",
                     event.actor.text())) {
    return;
  }
  judge_author(space, judged, actor->party);
  if (!demand_there(judged, actor_subject(event.actor))) return;
  apply(replay.tx(), event, where(entry));
  if (actor->state == ActorState::active) space.actors.note_revoked(replay, event.actor, entry.at);
}

void judge_document(SpaceReplay& space,
                    Replay& replay,
                    const ContractDocumentErased& event,
                    const ReplayedEntry& entry) {
  Judged judged(replay, entry, event.contract.text());
  ContractStanding* standing = space.contracts.follow(judged, event);
  if (standing == nullptr) return;
  const ContractRow& row = standing->row;
  const ActorFacts* by = space.actors.find(replay, entry.by);
  bool is_provider = by != nullptr && by->party == row.provider;
  space.actors.judge(judged, is_provider ? row.provider : row.consumer, Scope::contracts_write);
  judged.demand(row.state == ContractState::terminated, "contract.not_terminated",
                "erases the document of a contract that has not ended", "terminated",
                std::string(state_name(row.state)));
  judged.demand(event.document == row.document, "contract.not_as_signed",
                "erases another document than the contract's", core::to_hex(row.document),
                core::to_hex(event.document));
  if (!demand_there(judged, document_subject(event.document))) return;
  apply(replay.tx(), event, where(entry));
  note_erasure(replay, event.document, entry.seq);
}

}  // namespace

void add_erasure_replayers(ledger::Replayers& replayers,
                           const std::shared_ptr<SpaceReplay>& space) {
  judge_by(replayers, space, judge_version);
  judge_by(replayers, space, judge_party);
  judge_by(replayers, space, judge_actor);
  judge_by(replayers, space, judge_document);
}

}  // namespace tally::space
