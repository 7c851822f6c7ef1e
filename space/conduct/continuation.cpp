#include "space/continuation/continuation.h"

#include <algorithm>
#include <utility>

#include "ledger/envelope.h"
#include "ledger/proof.h"
#include "space/conduct/floor.h"
#include "space/conduct/uses.h"
#include "space/continuation/confirmation.h"
#include "space/contracts/entries.h"
#include "space/documents.h"
#include "space/parties/key_tables.h"

namespace tally::space {
namespace {

using ledger::Replay;
using ledger::ReplayedEntry;

// What was recovered of the log that is continued, so far.
struct Recovered {
  std::uint64_t count = 0;
  std::optional<std::uint64_t> last;  // its place in that log
  bool are_keys_judged = false;
};

// The server that goes on signs grants with it.
void judge_operator_key(const Judged& judged, const SpaceReplay& space) {
  auto named = space.named_operator_keys.find(judged.replay().level());
  if (named == space.named_operator_keys.end()) return;
  std::vector<PartyKey> keys;
  if (space.operator_party) keys = list_keys(judged.replay().tx(), *space.operator_party);
  std::string valid;
  for (const PartyKey& key : keys) {
    if (key.retired) continue;
    if (key.public_key == named->second) return;
    valid += (valid.empty() ? "" : ", ") + key.id.text();
  }
  judged.wrong("ledger.wrong_operator_key",
               "stands behind what is carried, in which the key that entry 0 names as the "
               "operator's is none that was valid",
               valid, KeyId::of(named->second).text());
}

// What was said of the log in entry 0 is held against its own entries, when these are all there.
void judge_named_keys(const Judged& judged,
                      SpaceReplay& space,
                      const ledger::CarriedLog& log,
                      Recovered& recovered) {
  if (std::exchange(recovered.are_keys_judged, true)) return;
  judge_operator_key(judged, space);
  const auto& keys = space.log_keys_at(judged.replay().level() + 1);
  std::string named = ledger::format_vkey(log.log_key);
  judged.demand(
      keys.is_in_force(named), "ledger.wrong_key",
      "stands behind what is carried, in which the key that entry 0 names for that log is "
      "none that was in force",
      "", named);
}

void settle_state(ContractStanding& standing) {
  if (standing.row.state == ContractState::active && standing.terms)
    standing.row.state = state_of(*standing.terms, standing.used);
}

// The contract's own chain goes on behind the last entry of it that is known.
void move_chain(ContractStanding& standing, std::uint64_t contract_seq, const core::Hash& hash) {
  if (contract_seq < standing.row.seq) return;
  standing.row.seq = contract_seq + 1;
  standing.row.prev = hash;
}

// A use that was lost, and whose receipt says how far the count had come.
void recover_use(const Judged& judged,
                 ContractStanding& standing,
                 const UseRecorded& use,
                 const ledger::Envelope& envelope,
                 const core::Hash& hash) {
  move_chain(standing, use.contract_seq, hash);
  keep_use(judged, use, core::Instant{envelope.at});
  standing.tally.uses += 1;
  if (use.auth == "token") standing.tally.asserted += 1;
  if (use.rule >= standing.used.size()) return;
  std::uint64_t& used = standing.used[use.rule];
  std::uint64_t reached = use.count_after;
  if (standing.terms) reached = std::min(reached, standing.terms->permissions[use.rule].uses_max);
  if (reached > used) {
    standing.row.uses += reached - used;
    used = reached;
  }
  settle_state(standing);
}

// What a recovered entry changes: the counts and ends of contracts. Of all else it is a record.
void fold_recovered(SpaceReplay& space,
                    Replay& replay,
                    const ReplayedEntry& entry,
                    const ledger::VerifiedReceipt& receipt) {
  auto envelope = ledger::read_envelope(receipt.entry);
  auto body = envelope ? core::parse_json(envelope->body) : core::Result<core::Json>(core::Error{});
  if (!body) return;
  space.log_keys_at(replay.level() + 1)
      .take(receipt.checkpoint.origin, envelope->kind,
            *body);  // by which later receipts are signed
  auto find = [&](const ContractId& contract) {
    return space.contracts.find(replay, contract.text());
  };
  if (envelope->kind == UseRecorded::kind) {
    auto use = core::decode<UseRecorded>(*body);
    ContractStanding* standing = use ? find(use->contract) : nullptr;
    if (standing == nullptr) return;
    recover_use(Judged(replay, entry, use->contract.text()), *standing, *use, *envelope,
                receipt.leaf);
  } else if (envelope->kind == ContractTerminated::kind) {
    auto ended = core::decode<ContractTerminated>(*body);
    ContractStanding* standing = ended ? find(ended->contract) : nullptr;
    if (standing == nullptr) return;
    move_chain(*standing, ended->contract_seq, receipt.leaf);
    if (standing->row.state == ContractState::terminated) return;
    standing->row.state = ContractState::terminated;
    standing->row.ended_at = core::Instant{envelope->at};
  }
}

void judge_recovered(SpaceReplay& space,
                     Recovered& recovered,
                     Replay& replay,
                     const EntryRecovered& event,
                     const ReplayedEntry& entry) {
  Judged judged(replay, entry);
  demand_system(judged);
  const ledger::CarriedLog* log = replay.carried();
  if (!judged.demand(log != nullptr && !log->is_ended, "entry.recovers_nothing",
                     "recovers an entry where no ledger is being continued")) {
    return;
  }
  judge_named_keys(judged, space, *log, recovered);
  auto keys = space.log_keys_at(replay.level() + 1).in_force(log->log_key.name);
  auto receipt = keys ? ledger::verify_receipt(event.receipt, *keys)
                      : core::Result<ledger::VerifiedReceipt>(core::Error{});
  if (!judged.demand(receipt.operator bool(), "entry.receipt_invalid",
                     "holds a receipt that does not prove its entry")) {
    return;
  }
  bool is_next =
      receipt->index >= log->head.size && (!recovered.last || receipt->index > *recovered.last);
  if (!judged.demand(is_next, "entry.recovered_before",
                     "recovers an entry that was carried or recovered before", "",
                     std::to_string(receipt->index))) {
    return;
  }
  recovered.last = receipt->index;
  recovered.count += 1;
  fold_recovered(space, replay, entry, *receipt);
}

void judge_continued(SpaceReplay& space,
                     Recovered& recovered,
                     Replay& replay,
                     const LedgerContinued& event,
                     const ReplayedEntry& entry) {
  Judged judged(replay, entry);
  demand_system(judged);
  const ledger::CarriedLog* log = replay.carried();
  if (!judged.demand(log != nullptr && !log->is_ended, "ledger.continues_nothing",
                     "ends a continuation that did not begin")) {
    return;
  }
  judge_named_keys(judged, space, *log, recovered);
  judged.demand_equal(log->head.size, event.carried, "ledger.not_carried_whole",
                      "names another number of carried entries");
  judged.demand_equal(recovered.count, event.recovered, "ledger.not_carried_whole",
                      "names another number of recovered entries");
  recovered = {};
  replay.end_carrying();
  replay.time_is_trusted = true;  // the clock is another one, and vouched for anew
  space.contracts.flush(replay);
  space.held_contracts = hold_all(replay.tx());
}

void judge_confirmed_document(const Judged& judged,
                              const ContractRow& row,
                              const ContractConfirmed& event) {
  auto bytes = find_document(judged, event.document);
  if (!bytes) return;
  auto json = core::parse_json(*bytes);
  auto document = json ? core::decode<ConfirmationDocument>(*json)
                       : core::Result<ConfirmationDocument>(json.error());
  judged.demand(document && document->format == ConfirmationDocument::format_name &&
                    document->contract == row.id && document->document == row.document &&
                    document->used == event.used,
                "contract.not_as_signed",
                "rests on a confirmation that is not about this contract and count");
}

void judge_counts(const Judged& judged,
                  ContractStanding& standing,
                  const ContractConfirmed& event,
                  bool is_held) {
  if (!standing.terms) standing.used.resize(std::max(standing.used.size(), event.used.size()));
  if (!judged.demand_equal(standing.used.size(), event.used.size(), "confirmation.other_rules",
                           "does not state one count for each permission")) {
    return;
  }
  for (std::size_t rule = 0; rule < event.used.size(); ++rule) {
    std::uint64_t& used = standing.used[rule];
    std::uint64_t stated = event.used[rule];
    if (stated == used) continue;
    auto tell = [&](const char* code, const char* words) {
      judged.wrong(code, words, std::to_string(used), std::to_string(stated));
    };
    if (stated < used) {
      tell("confirmation.below_record", "states fewer uses than are recorded");
      continue;
    }
    if (!is_held) tell("confirmation.above_record", "raises the count of a contract that is open");
    if (standing.terms && stated > standing.terms->permissions[rule].uses_max)
      tell("confirmation.above_limit", "states more uses than the contract permits");
    standing.row.uses += stated - used;
    used = stated;
  }
  settle_state(standing);
}

void judge_confirmed(SpaceReplay& space,
                     Replay& replay,
                     const ContractConfirmed& event,
                     const ReplayedEntry& entry) {
  Judged judged(replay, entry, event.contract.text());
  ContractStanding* standing = space.contracts.follow(judged, event);
  if (standing == nullptr) return;
  ContractRow& row = standing->row;
  bool is_party = judged.demand(event.party == row.provider || event.party == row.consumer,
                                "contract.not_its_party", "confirms the contract of other parties",
                                "", event.party.text());
  space.actors.judge(judged, event.party, Scope::contracts_write);
  judge_party_signature(judged, SignedVerb::confirm, event.party, event.key, event.document,
                        event.signature);
  judge_confirmed_document(judged, row, event);
  judged.demand(row.state != ContractState::terminated, "contract.terminated",
                "confirms a contract that was ended");
  auto hold = find_hold(replay.tx(), event.contract);
  auto before = standing->used;
  judge_counts(judged, *standing, event, hold.has_value());
  if (!hold || !is_party) return;
  if (standing->used != before) hold = Hold{};
  if (event.party == row.provider) hold->provider_confirmed = true;
  if (event.party == row.consumer) hold->consumer_confirmed = true;
  if (hold->provider_confirmed && hold->consumer_confirmed) hold.reset();
  store_hold(replay.tx(), event.contract, hold);
}

}  // namespace

void add_continuation_replayers(ledger::Replayers& replayers,
                                const std::shared_ptr<SpaceReplay>& space) {
  auto recovered = std::make_shared<Recovered>();
  replayers.may_end_carrying(EntryRecovered::kind);
  replayers.may_end_carrying(LedgerContinued::kind);
  replayers.on<EntryRecovered>(
      [space, recovered](Replay& replay, const EntryRecovered& event, const ReplayedEntry& entry) {
        judge_recovered(*space, *recovered, replay, event, entry);
      });
  replayers.on<LedgerContinued>(
      [space, recovered](Replay& replay, const LedgerContinued& event, const ReplayedEntry& entry) {
        judge_continued(*space, *recovered, replay, event, entry);
      });
  replayers.on<ContractConfirmed>(
      [space](Replay& replay, const ContractConfirmed& event, const ReplayedEntry& entry) {
        judge_confirmed(*space, replay, event, entry);
      });
}

}  // namespace tally::space
