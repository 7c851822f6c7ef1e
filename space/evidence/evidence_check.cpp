#include "space/evidence/evidence_check.h"

#include <algorithm>
#include <utility>

#include "core/hash.h"
#include "core/mapping.h"
#include "ledger/merkle_tree.h"
#include "space/contracts/contracts.h"
#include "space/contracts/entries.h"
#include "space/evidence/attestation.h"
#include "space/evidence/evidence.h"
#include "space/parties/party.h"
#include "space/parties/party_key.h"

namespace tally::space {
namespace {

using core::Done;
using core::Error;
using core::Hash;
using core::Json;
using core::Refusal;
using core::Result;

Error refuse(std::string code, std::string words) {
  return {Refusal::invalid, std::move(code), std::move(words)};
}
Error malformed(std::string words) { return refuse("evidence.malformed", std::move(words)); }

std::string name_of(const ledger::Envelope& entry) { return "entry " + std::to_string(entry.seq); }

const std::string* text_of(const Json& object, std::string_view name) {
  const Json* member = object.find(name);
  return member != nullptr && member->is_string() ? &member->as_string() : nullptr;
}

template <class Event>
Result<Event> read(const ledger::Envelope& entry, const Json& body) {
  auto event = core::decode<Event>(body);
  if (!event) return malformed(name_of(entry) + " is no " + std::string(entry.kind));
  return event;
}

Error wrong_signature(const ledger::Envelope& entry, const PartyId& party) {
  return refuse("evidence.wrong_signature",
                name_of(entry) + " is not signed with a key that was " + party.text() + "'s there");
}

std::optional<Action> find_action(std::string_view name) {
  for (const auto& [action, text] : enum_names(Action{})) {
    if (text == name) return action;
  }
  return std::nullopt;
}

}  // namespace

Result<Done> EvidenceCheck::take(std::string_view line) {
  auto json = core::parse_json(line, {.bytes_max = evidence_line_bytes_max});
  if (!json || core::canonical(*json) != line) {
    return malformed("line " + std::to_string(lines_ + 1) + " is not canonical JSON");
  }
  ++lines_;
  is_closed_ = false;
  if (lines_ == 1) return take_head(*json);
  if (const Json* document = json->find("document")) return take_document(*document);
  return take_proof(*json);
}

Result<Done> EvidenceCheck::take_head(const Json& line) {
  const std::string* format = text_of(line, "format");
  const std::string* note = text_of(line, "checkpoint");
  const std::string* contract = text_of(line, "contract");
  if (format == nullptr || *format != evidence_format || note == nullptr || contract == nullptr) {
    return malformed("the first line does not begin evidence of a known format");
  }
  auto checkpoint = ledger::open_checkpoint(*note, log_key_.name, log_key_);
  if (!checkpoint) return checkpoint.error();
  verdict_.checkpoint = *std::move(checkpoint);
  verdict_.contract = *contract;
  return Done{};
}

Result<Done> EvidenceCheck::take_document(const Json& document) {
  Hash digest = core::sha256(core::canonical(document));
  if (terms_) {
    termination_ = digest;
    auto ending = core::decode<TerminationDocument>(document);
    if (ending && ending->contract.text() == verdict_.contract && ending->document == document_)
      return Done{};
    return refuse("evidence.wrong_document", "a document is not about the end of this contract");
  }
  auto read = core::decode<ContractDocument>(document);
  auto terms = read ? read_terms(*read, "") : Result<Terms>(read.error());
  if (!terms) return refuse("evidence.wrong_document", "the contract's document is no contract");
  document_ = digest;
  terms_ = *std::move(terms);
  used_.resize(terms_->permissions.size());
  verdict_.provider = terms_->provider;
  verdict_.consumer = terms_->consumer;
  for (const Permission& permission : terms_->permissions) verdict_.limit += permission.uses_max;
  return Done{};
}

Result<Done> EvidenceCheck::take_proof(const Json& line) {
  const Json* entry = line.find("entry");
  const Json* path = line.find("path");
  if (!terms_ || entry == nullptr || path == nullptr || !path->is_array()) {
    return malformed("line " + std::to_string(lines_) + " holds no entry with its proof");
  }
  std::string bytes = core::canonical(*entry);
  auto envelope = ledger::read_envelope(bytes);
  const Json* body = entry->find("body");
  if (!envelope || body == nullptr) return malformed("an entry is none");
  ledger::InclusionProof proof{envelope->seq, verdict_.checkpoint.head.size, {}};
  for (const Json& hash : path->as_array()) {
    auto read = hash.is_string() ? Hash::from_hex(hash.as_string()) : std::nullopt;
    if (!read) return malformed("a proof holds something that is no hash");
    proof.path.push_back(*read);
  }
  Hash leaf = ledger::hash_leaf(bytes);
  if (ledger::root_of(proof, leaf) != verdict_.checkpoint.head.root) {
    return refuse("evidence.not_included",
                  name_of(*envelope) + " is not in the tree that the log signed");
  }
  if (!consumer_.party) return take_registration(*envelope, *body);
  if (envelope->seq < next_seq_)
    return refuse("evidence.gap", name_of(*envelope) + " stands behind a later one");
  next_seq_ = envelope->seq + 1;
  if (envelope->kind == PartyKeyAdded::kind) return take_key_added(*envelope, *body);
  if (envelope->kind == PartyKeyRetired::kind) return take_key_retired(*envelope, *body);
  return take_entry(*envelope, *body, leaf);
}

EvidenceCheck::HeldKey* EvidenceCheck::Signer::find(const KeyId& id) {
  auto found = std::ranges::find(keys, id, &HeldKey::id);
  return found == keys.end() ? nullptr : &*found;
}

const EvidenceCheck::HeldKey* EvidenceCheck::Signer::find_valid(const KeyId& id) const {
  auto found = std::ranges::find(keys, id, &HeldKey::id);
  return found == keys.end() || found->is_retired ? nullptr : &*found;
}

// The provider's, then the consumer's.
Result<Done> EvidenceCheck::take_registration(const ledger::Envelope& entry, const Json& body) {
  if (entry.kind != PartyRegistered::kind) {
    return malformed(name_of(entry) + " stands where a party's registration is due");
  }
  auto event = read<PartyRegistered>(entry, body);
  if (!event) return event.error();
  bool is_provider = !provider_.party;
  const PartyId& due = is_provider ? verdict_.provider : verdict_.consumer;
  if (event->party != due || entry.by != due.text()) {
    return refuse("evidence.foreign_entry", name_of(entry) + " registers another party");
  }
  (is_provider ? provider_ : consumer_) = {event->party, {{event->key, event->public_key}}};
  return Done{};
}

Result<Done> EvidenceCheck::take_key_added(const ledger::Envelope& entry, const Json& body) {
  auto event = read<PartyKeyAdded>(entry, body);
  if (!event) return event.error();
  if (event->party != verdict_.provider && event->party != verdict_.consumer)
    return refuse("evidence.foreign_entry", name_of(entry) + " adds a key of another party");
  Signer& signer = event->party == verdict_.provider ? provider_ : consumer_;
  const HeldKey* lets_in = signer.find_valid(event->signer);
  if (lets_in == nullptr || signer.find(event->key) != nullptr ||
      signer.keys.size() >= party_keys_max ||
      !check_addition(log_key_.name, *event, lets_in->public_key)) {
    return wrong_signature(entry, event->party);
  }
  signer.keys.push_back({event->key, event->public_key});
  return Done{};
}

// One without a signature is the operator's, and takes away what is not missed.
Result<Done> EvidenceCheck::take_key_retired(const ledger::Envelope& entry, const Json& body) {
  auto event = read<PartyKeyRetired>(entry, body);
  if (!event) return event.error();
  bool is_provider = event->party == verdict_.provider;
  Signer& signer = is_provider ? provider_ : consumer_;
  HeldKey* retired = signer.find(event->key);
  if (event->party != *signer.party || retired == nullptr)
    return refuse("evidence.foreign_entry", name_of(entry) + " retires a key of another party");
  if (event->signature.has_value() != event->signer.has_value())
    return wrong_signature(entry, event->party);
  if (event->signer) {
    const HeldKey* signs = signer.find_valid(*event->signer);
    if (signs == nullptr || !check_retirement(log_key_.name, *event, signs->public_key))
      return wrong_signature(entry, event->party);
  }
  retired->is_retired = true;
  return Done{};
}

Result<Done> EvidenceCheck::take_entry(const ledger::Envelope& entry,
                                       const Json& body,
                                       const Hash& leaf) {
  const std::string* contract = text_of(body, "contract");
  const Json* seq = body.find("contract_seq");
  const std::string* prev = text_of(body, "contract_prev");
  if (contract == nullptr || *contract != verdict_.contract || seq == nullptr ||
      !seq->is_integer() || prev == nullptr) {
    return refuse("evidence.foreign_entry", name_of(entry) + " is not about this contract");
  }
  if (std::cmp_not_equal(seq->as_integer(), verdict_.entries) || *prev != core::to_hex(prev_)) {
    return refuse("evidence.gap", name_of(entry) + " does not follow the contract's entry before");
  }
  if (verdict_.entries == 0 && entry.kind != ContractOffered::kind) {
    return refuse("evidence.gap", "the contract's first entry is not its offer");
  }
  prev_ = leaf;
  ++verdict_.entries;
  return take_act(entry, body);
}

Result<Done> EvidenceCheck::check_signer(SignedVerb verb,
                                         const PartyId& party,
                                         const Json& body,
                                         const Hash& document) const {
  const Signer& signer = party == verdict_.provider ? provider_ : consumer_;
  const std::string* key_text = text_of(body, "key");
  const std::string* text = text_of(body, "signature");
  auto key = key_text != nullptr ? KeyId::parse(*key_text) : std::nullopt;
  auto signature = text != nullptr ? Signature::parse(*text) : std::nullopt;
  const HeldKey* held = key ? signer.find_valid(*key) : nullptr;
  if (signer.party == party && held != nullptr && signature) {
    SignedStatement statement{verb, log_key_.name, party, held->id, document};
    if (check_signature(statement, held->public_key, *signature)) return Done{};
  }
  return refuse("evidence.wrong_signature",
                "the signature of " + party.text() + " is not by a key that was its own there");
}

Result<Done> EvidenceCheck::take_act(const ledger::Envelope& entry, const Json& body) {
  if (entry.kind == UseRecorded::kind) return take_use(entry, body);
  if (entry.kind == UseVoided::kind) return take_void(body);
  if (entry.kind == ContractAttested::kind) return take_attestation(entry, body);
  if (entry.kind == UseRedelivered::kind) {
    verdict_.redelivered += 1;
    if (verdict_.state == ContractState::active || verdict_.state == ContractState::exhausted)
      return Done{};
    return refuse("evidence.not_permitted", name_of(entry) + " delivers when nothing is permitted");
  }
  if (entry.kind == ContractOffered::kind || entry.kind == ContractAccepted::kind) {
    bool is_offer = entry.kind == ContractOffered::kind;
    const std::string* document = text_of(body, "document");
    if (document == nullptr || *document != core::to_hex(document_)) {
      return refuse("evidence.wrong_document", name_of(entry) + " is about another document");
    }
    if (is_offer != (verdict_.entries == 1) ||
        (!is_offer && verdict_.state != ContractState::offered)) {
      return refuse("evidence.not_permitted", name_of(entry) + " signs what is signed");
    }
    if (!is_offer) verdict_.state = ContractState::active;
    return check_signer(is_offer ? SignedVerb::offer : SignedVerb::accept,
                        is_offer ? verdict_.provider : verdict_.consumer, body, document_);
  }
  if (entry.kind == ContractTerminated::kind) {
    auto event = read<ContractTerminated>(entry, body);
    if (!event) return event.error();
    if (termination_ != event->document) {
      return refuse("evidence.wrong_document", name_of(entry) + " lacks its document");
    }
    verdict_.state = ContractState::terminated;
    return check_signer(SignedVerb::terminate, event->party, body, event->document);
  }
  return Done{};  // of another floor: it continues the chain
}

Result<Done> EvidenceCheck::take_use(const ledger::Envelope& entry, const Json& body) {
  auto use = read<UseRecorded>(entry, body);
  if (!use) return use.error();
  auto action = find_action(use->action);
  if (!action || use->document != document_) {
    return refuse("evidence.not_permitted", name_of(entry) + " is a use of something else");
  }
  // Whether the clock was trusted is for those who see the whole ledger.
  auto decision =
      decide_use(*terms_, {verdict_.state, *action, use->purpose, {entry.at}, true, used_});
  if (!decision.allowed) {
    return refuse("evidence.not_permitted", name_of(entry) +
                                                " is a use that the contract does not permit: " +
                                                refusal_of(decision).message);
  }
  std::uint64_t& used = used_[decision.rule];
  if (use->rule != decision.rule || use->count_before != used || use->count_after != used + 1 ||
      use->limit != terms_->permissions[decision.rule].uses_max) {
    return refuse("evidence.wrong_count",
                  name_of(entry) + " does not count on from the use before");
  }
  used += 1;
  verdict_.uses += 1;
  if (use->auth == "token") verdict_.asserted += 1;
  return Done{};
}

Result<Done> EvidenceCheck::take_void(const Json& body) {
  auto event = core::decode<UseVoided>(body);
  if (!event) return malformed("a void is none");
  if (event->rule >= used_.size() || used_[event->rule] == 0 ||
      event->count_after != used_[event->rule] - 1) {
    return refuse("evidence.wrong_count", "a void does not give back exactly one use");
  }
  used_[event->rule] -= 1;
  verdict_.uses -= 1;
  verdict_.voided += 1;
  return Done{};
}

// An earlier attestation stands in the middle; the last one closes.
Result<Done> EvidenceCheck::take_attestation(const ledger::Envelope& entry, const Json& body) {
  auto event = read<ContractAttested>(entry, body);
  if (!event) return event.error();
  if (event->uses != verdict_.uses) {
    return refuse("evidence.stale_attestation", name_of(entry) + " closes " +
                                                    std::to_string(event->uses) + " uses, not " +
                                                    std::to_string(verdict_.uses));
  }
  verdict_.attested_entry = entry.seq;
  verdict_.attested_at = {entry.at};
  is_closed_ = true;
  return Done{};
}

Result<EvidenceVerdict> EvidenceCheck::finish() const {
  if (!is_closed_) {
    return refuse("evidence.not_closed",
                  "no attestation stands at the end: entries may be missing");
  }
  EvidenceVerdict verdict = verdict_;
  bool is_spent = verdict.state == ContractState::active && verdict.uses >= verdict.limit;
  if (is_spent) verdict.state = ContractState::exhausted;
  return verdict;
}

}  // namespace tally::space
