#include "space/contracts/contracts.h"

#include "core/json.h"
#include "space/conduct/floor.h"
#include "space/contracts/entries.h"
#include "space/datasets/dataset_tables.h"
#include "space/evidence/attestation.h"
#include "space/parties/key_tables.h"
#include "space/parties/party_tables.h"

namespace tally::space {
namespace {

using core::Hash;
using ledger::Replay;
using ledger::ReplayedEntry;

struct Statements {
  core::sql::Connection& db;
  core::sql::Statement file{db, R"(
    insert into conduct_document (document, contract) values (?1, ?2)
    on conflict (document) do nothing
  )"};
  core::sql::Statement filed{db, "select contract from conduct_document where document = ?1"};
};

// A key that was the party's at this place of the ledger, and its signature. Findings:
// contract.signer_not_approved, contract.wrong_key, key.retired, contract.signature_invalid.
template <class Event>
void judge_signature(const Judged& judged,
                     SignedVerb verb,
                     const PartyId& signer,
                     const Event& event) {
  auto party = find_party(judged.replay().tx(), signer);
  if (!judged.demand(party && party->state == PartyState::approved, "contract.signer_not_approved",
                     "is signed for a party that was not approved", "", signer.text())) {
    if (!party) return;
  }
  SignedStatement statement{verb, judged.replay().origin(), signer, event.key, event.document};
  auto key = find_key(judged.replay().tx(), event.key);
  if (!judged.demand(key && key->party == signer, "contract.wrong_key",
                     "names a key that was not the signer's", "", event.key.text())) {
    return;
  }
  judged.demand(!key->retired, "key.retired", "is signed with a key that was retired before", "",
                event.key.text());
  judged.demand(check_signature(statement, key->public_key, event.signature).operator bool(),
                "contract.signature_invalid",
                "holds a signature that is not that of the party's key");
}

void judge_dataset(const Judged& judged, const ContractOffered& event) {
  auto& tx = judged.replay().tx();
  auto dataset = find_dataset(tx, event.dataset);
  auto version = find_version(tx, event.dataset, event.version);
  if (!judged.demand(dataset && version && dataset->provider == event.provider,
                     "contract.dataset_unknown",
                     "offers a dataset version that its provider has not")) {
    return;
  }
  judged.demand(version->state == VersionState::published, "contract.dataset_not_published",
                "offers a dataset version that has no content yet");
  judged.demand(version->digest == event.dataset_digest, "contract.dataset_mismatch",
                "names another content than the dataset version's", core::to_hex(version->digest),
                core::to_hex(event.dataset_digest));
}

void judge_parties(const Judged& judged, const ContractOffered& event) {
  auto& tx = judged.replay().tx();
  auto provider = find_party(tx, event.provider);
  judged.demand(provider && provider->roles.has(Role::provider), "contract.party_not_approved",
                "names a provider that was not approved as one", "", event.provider.text());
  auto consumer = find_party(tx, event.consumer);
  judged.demand(
      consumer && (consumer->roles.has(Role::consumer) || consumer->roles.has(Role::labeler)),
      "contract.party_not_approved", "names a consumer that was not approved as one", "",
      event.consumer.text());
}

// One document is one contract: the signatures under it agree to no second.
bool judge_document(const Judged& judged, const ContractOffered& event) {
  auto& sql = judged.replay().tx().use<Statements>();
  if (sql.file(event.document, event.contract).run() == 1) return true;
  auto row = sql.filed(event.document);
  row.next();
  judged.wrong("contract.document_in_use", "offers a document that is another contract already", "",
               row.text(0));
  return false;
}

void judge_offered(SpaceReplay& space,
                   Replay& replay,
                   const ContractOffered& event,
                   const ReplayedEntry& entry) {
  Judged judged(replay, entry, event.contract.text());
  if (space.contracts.find(replay, judged.contract()) != nullptr) {
    return judged.wrong("contract.exists", "offers a contract that is there");
  }
  if (!judge_document(judged, event)) return;
  space.actors.judge(judged, event.provider, Scope::contracts_write);
  judge_parties(judged, event);
  judge_dataset(judged, event);
  judge_signature(judged, SignedVerb::offer, event.provider, event);

  ContractStanding standing;
  ContractRow& row = standing.row;
  row.id = event.contract;
  row.document = event.document;
  row.provider = event.provider;
  row.consumer = event.consumer;
  row.dataset = event.dataset;
  row.version = event.version;
  row.offered_at = entry.at;
  standing.offered_entry = entry.seq;
  standing.terms = find_terms(judged, event.document);
  if (standing.terms) {
    judged.tell(judge_offer(event, *standing.terms));
    standing.used.resize(standing.terms->permissions.size());
  }
  space.contracts.link(judged, standing, event.contract_seq, event.contract_prev);
  space.contracts.add(replay, std::move(standing));
}

void judge_accepted(SpaceReplay& space,
                    Replay& replay,
                    const ContractAccepted& event,
                    const ReplayedEntry& entry) {
  Judged judged(replay, entry, event.contract.text());
  ContractStanding* standing = space.contracts.follow(judged, event);
  if (standing == nullptr) return;
  ContractRow& row = standing->row;
  space.actors.judge(judged, row.consumer, Scope::contracts_write);
  judged.tell(judge_acceptance(event, entry.at, standing->facts_at(judged)));
  judge_signature(judged, SignedVerb::accept, row.consumer, event);
  if (row.state != ContractState::offered) return;
  row.state = ContractState::active;
  row.active_at = entry.at;
}

void judge_termination_document(const Judged& judged,
                                const ContractRow& row,
                                const ContractTerminated& event) {
  auto bytes = find_document(judged, event.document);
  if (!bytes) return;
  auto json = core::parse_json(*bytes);
  auto document = json ? core::decode<TerminationDocument>(*json)
                       : core::Result<TerminationDocument>(json.error());
  judged.demand(document && document->format == TerminationDocument::format_name &&
                    document->contract == row.id && document->document == row.document,
                "contract.not_as_signed", "rests on a termination that is not about this contract");
}

void judge_terminated(SpaceReplay& space,
                      Replay& replay,
                      const ContractTerminated& event,
                      const ReplayedEntry& entry) {
  Judged judged(replay, entry, event.contract.text());
  ContractStanding* standing = space.contracts.follow(judged, event);
  if (standing == nullptr) return;
  ContractRow& row = standing->row;
  judged.demand(event.party == row.provider || event.party == row.consumer,
                "contract.not_its_party", "ends the contract of other parties", "",
                event.party.text());
  space.actors.judge(judged, event.party, Scope::contracts_write);
  judge_signature(judged, SignedVerb::terminate, event.party, event);
  judge_termination_document(judged, row, event);
  if (!judged.demand(row.state != ContractState::terminated, "contract.terminated",
                     "ends a contract that was ended before")) {
    return;
  }
  row.state = ContractState::terminated;
  row.ended_at = entry.at;
}

// By a party of the contract, or by the operator.
void judge_attested(SpaceReplay& space,
                    Replay& replay,
                    const ContractAttested& event,
                    const ReplayedEntry& entry) {
  Judged judged(replay, entry, event.contract.text());
  ContractStanding* standing = space.contracts.follow(judged, event);
  if (standing == nullptr) return;
  const ContractRow& row = standing->row;
  bool is_operator = event.party == space.operator_party;
  judged.demand(is_operator || event.party == row.provider || event.party == row.consumer,
                "contract.not_its_party", "attests the contract of other parties", "",
                event.party.text());
  space.actors.judge(judged, event.party,
                     is_operator ? Scope::parties_approve : Scope::contracts_write);
  judged.demand_equal(row.uses, event.uses, "contract.wrong_attestation",
                      "closes the contract with another number of uses");
}

// A kind that this program does not know may still continue a contract's chain.
void follow_unknown(SpaceReplay& space, Replay& replay, const ReplayedEntry& entry) {
  const core::Json* contract = entry.body.find("contract");
  const core::Json* seq = entry.body.find("contract_seq");
  const core::Json* prev = entry.body.find("contract_prev");
  if (contract == nullptr || seq == nullptr || prev == nullptr) return;
  if (!contract->is_string() || !seq->is_integer() || !prev->is_string()) return;
  auto hash = Hash::from_hex(prev->as_string());
  Judged judged(replay, entry, contract->as_string());
  ContractStanding* standing = space.contracts.find(replay, judged.contract());
  if (standing == nullptr || !hash || seq->as_integer() < 0) return;
  judged.unknown("contract.unknown_entry", "is about this contract, and of an unknown kind");
  space.contracts.link(judged, *standing, static_cast<std::uint64_t>(seq->as_integer()), *hash);
}

}  // namespace

void judge_party_signature(const Judged& judged,
                           SignedVerb verb,
                           const PartyId& signer,
                           const KeyId& key,
                           const Hash& document,
                           const Signature& signature) {
  struct Signed {
    KeyId key;
    Hash document;
    Signature signature;
  };
  judge_signature(judged, verb, signer, Signed{key, document, signature});
}

void add_contract_replayers(ledger::Replayers& replayers,
                            const std::shared_ptr<SpaceReplay>& space) {
  replayers.add_tables(R"(
    create table conduct_document (document blob primary key, contract text not null) strict;
  )");
  judge_by(replayers, space, judge_offered);
  judge_by(replayers, space, judge_accepted);
  judge_by(replayers, space, judge_terminated);
  judge_by(replayers, space, judge_attested);
  replayers.on_unknown([space](Replay& replay, const ReplayedEntry& entry) {
    follow_unknown(*space, replay, entry);
  });
}

}  // namespace tally::space
