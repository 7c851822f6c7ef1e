#include "space/conduct/floor.h"
#include "space/erasure/erasure.h"
#include "space/parties/key_tables.h"
#include "space/parties/party_tables.h"

namespace tally::space {
namespace {

using ledger::Replay;
using ledger::ReplayedEntry;

// The key under which an entry about keys is signed, if it could sign there.
std::optional<core::Hash> judge_signer(const Judged& judged,
                                       const PartyId& party,
                                       const KeyId& signer) {
  auto key = find_valid_key(judged.replay().tx(), party, signer);
  if (key) return key->public_key;
  judged.wrong(key.error().code,
               "is signed with a key that was not, or not any more, a key of the party", "",
               signer.text());
  auto there = find_key(judged.replay().tx(), signer);
  if (!there || there->party != party) return std::nullopt;
  return there->public_key;
}

void judge_signatures(const Judged& judged, const core::Result<core::Done>& checked) {
  if (checked) return;
  bool is_possession = checked.error().code == "key.not_possessed";
  judged.wrong(checked.error().code, is_possession
                                         ? "adds a key that nothing shows to be the party's own"
                                         : "is not signed by the key that it names");
}

void judge_by_party(const Judged& judged, const PartyId& party) {
  judged.demand(judged.entry().by == party.text(), "entry.wrong_author",
                "exchanges keys of a party in the name of somebody else", party.text(),
                std::string(judged.entry().by));
}

void judge_added(Replay& replay, const PartyKeyAdded& event, const ReplayedEntry& entry) {
  Judged judged(replay, entry);
  judge_by_party(judged, event.party);
  auto party = find_party(replay.tx(), event.party);
  if (!judged.demand(party && party->state == PartyState::approved, "party.not_approved",
                     "adds a key of a party that is not approved", "", event.party.text())) {
    if (!party) return;
  }
  judged.demand(!find_erasure(replay.tx(), party_subject(event.party)), "party.erased",
                "adds a key of a party that was erased", "", event.party.text());
  KeyId key = KeyId::of(event.public_key);
  judged.demand(key == event.key, "party.wrong_key_id", "calls a key by another's id", key.text(),
                event.key.text());
  if (auto signer = judge_signer(judged, event.party, event.signer))
    judge_signatures(judged, check_addition(replay.origin(), event, *signer));
  auto facts = key_facts(replay.tx(), event.party, event.key);
  judged.demand(facts.valid < valid_keys_max && facts.all < party_keys_max, "key.too_many",
                "adds more keys than a party may have");
  bool is_free = judged.demand(!facts.key_is_taken, "party.key_in_use",
                               "adds a key that is, or was, a party's", "", event.key.text());
  if (is_free) apply(replay.tx(), event, {entry.seq, entry.at});
}

void judge_by_operator(SpaceReplay& space, const Judged& judged, const PartyKeyRetired& event) {
  judged.demand(!event.signature && !event.signer, "signature.invalid",
                "has a signature without its key, or a key without its signature");
  judged.demand(event.party != space.operator_party, "party.is_operator",
                "retires the operator's own key without its signature");
  space.actors.judge(judged, space.operator_party, Scope::parties_approve);
}

void judge_retired(SpaceReplay& space,
                   Replay& replay,
                   const PartyKeyRetired& event,
                   const ReplayedEntry& entry) {
  Judged judged(replay, entry);
  auto key = find_key(replay.tx(), event.key);
  if (!judged.demand(key && key->party == event.party, "key.not_found",
                     "retires a key that is not the party's", "", event.key.text())) {
    return;
  }
  if (event.signature && event.signer) {
    judge_by_party(judged, event.party);
    if (auto signer = judge_signer(judged, event.party, *event.signer))
      judge_signatures(judged, check_retirement(replay.origin(), event, *signer));
    judged.demand(key_facts(replay.tx(), event.party, event.key).valid > 1, "key.last",
                  "retires the last key of a party", "", event.key.text());
  } else {
    judge_by_operator(space, judged, event);
  }
  bool is_valid = judged.demand(!key->retired, "key.retired_before",
                                "retires a key that was retired before", "", event.key.text());
  if (is_valid) apply(replay.tx(), event, {entry.seq, entry.at});
}

}  // namespace

void add_key_replayers(ledger::Replayers& replayers, const std::shared_ptr<SpaceReplay>& space) {
  replayers.on<PartyKeyAdded>(judge_added);
  judge_by(replayers, space, judge_retired);
}

}  // namespace tally::space
