#include "space/evidence/evidence_check.h"

#include <algorithm>
#include <utility>

#include "core/hash.h"
#include "core/mapping.h"
#include "ledger/merkle_tree.h"
#include "space/continuation/confirmation.h"
#include "space/contracts/contracts.h"
#include "space/contracts/entries.h"
#include "space/erasure/erasure.h"
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

// Under what the check of evidence refuses what the judge found.
std::string code_of(const std::string& fault) {
  static constexpr std::string_view counts[] = {"use.count_broken", "use.wrong_rule",
                                                "use.wrong_limit", "use.wrong_delivery"};
  static constexpr std::string_view uses[] = {"use.unknown", "use.voided", "use.recorded_twice",
                                              "use.key_charged_twice"};
  if (std::ranges::count(counts, fault) > 0) return "evidence.wrong_count";
  if (std::ranges::count(uses, fault) > 0) return "evidence.wrong_use";
  if (fault == "contract.not_as_signed") return "evidence.wrong_document";
  return "evidence.not_permitted";
}

// The first thing that is wrong, if any.
Result<Done> refuse_faults(const ledger::Envelope& entry, const Faults& faults) {
  if (faults.empty()) return Done{};
  const Fault& fault = faults.front();
  std::string words = name_of(entry) + " " + fault.words;
  if (!fault.found.empty()) words += ": " + fault.found;
  if (!fault.expected.empty()) words += ", not " + fault.expected;
  return refuse(code_of(fault.code), words + " (" + fault.code + ")");
}

// Of the floor above, whose kinds are not known by name here.
constexpr std::string_view project_opened_kind = "project.opened/1";

}  // namespace

EvidenceCheck::EvidenceCheck(ledger::LogKeys log_keys, std::vector<PartyPin> pins)
    : open_([keys = std::move(log_keys)](
                std::string_view note) -> Result<ledger::WitnessedCheckpoint> {
        auto checkpoint = ledger::open_checkpoint(note, keys.origin(), keys);
        if (!checkpoint) return checkpoint.error();
        return ledger::WitnessedCheckpoint{*std::move(checkpoint), {}, {}};
      }),
      pins_(std::move(pins)) {}

EvidenceCheck::EvidenceCheck(ledger::Policy policy, std::vector<PartyPin> pins)
    : open_([policy = std::move(policy)](std::string_view note) {
        return ledger::open_witnessed(note, policy);
      }),
      pins_(std::move(pins)) {}

// What this program does not know may be why the rest does not fit.
Result<Done> EvidenceCheck::take(std::string_view line) {
  auto taken = take_line(line);
  if (taken || verdict_.unknown.empty()) return taken;
  Error error = taken.error();
  const UnknownEntry& unknown = verdict_.unknown.front();
  error.message += "; before it, entry " + std::to_string(unknown.seq) +
                   " is of the unknown kind " + unknown.kind;
  return error;
}

Result<Done> EvidenceCheck::take_line(std::string_view line) {
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
  auto opened = open_(*note);
  if (!opened) return opened.error();
  verdict_.checkpoint = std::move(opened->checkpoint);
  verdict_.cosignatures = std::move(opened->cosignatures);
  verdict_.contract = *contract;
  return Done{};
}

Result<Done> EvidenceCheck::take_document(const Json& document) {
  Hash digest = core::sha256(core::canonical(document));
  if (!terms_) return take_terms(document, digest);
  filed_ = digest;
  confirmed_.reset();
  auto ending = core::decode<TerminationDocument>(document);
  if (ending && ending->format == TerminationDocument::format_name &&
      ending->contract.text() == verdict_.contract && ending->document == document_)
    return Done{};
  auto confirmed = core::decode<ConfirmationDocument>(document);
  if (confirmed && confirmed->format == ConfirmationDocument::format_name &&
      confirmed->contract.text() == verdict_.contract && confirmed->document == document_) {
    confirmed_ = confirmed->used;
    return Done{};
  }
  return refuse("evidence.wrong_document",
                "a document is neither about the end of this contract nor about its counts");
}

Result<Done> EvidenceCheck::take_terms(const Json& document, const Hash& digest) {
  auto read = core::decode<ContractDocument>(document);
  auto terms = read ? read_terms(*read, "") : Result<Terms>(read.error());
  if (!terms) return refuse("evidence.wrong_document", "the contract's document is no contract");
  document_ = digest;
  terms_ = *std::move(terms);
  used_.resize(terms_->permissions.size());
  verdict_.provider = terms_->provider;
  verdict_.consumer = terms_->consumer;
  for (const Permission& permission : terms_->permissions) verdict_.limit += permission.uses_max;
  for (const PartyPin& pin : pins_) {
    if (pin.party != verdict_.provider && pin.party != verdict_.consumer) {
      return refuse("evidence.wrong_party_key",
                    pin.party.text() + ", whose key was given, is no party of this contract");
    }
  }
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
  if (!consumer_.party()) return take_registration(*envelope, *body);
  return take_in_order(*envelope, *body, leaf);
}

Result<Done> EvidenceCheck::take_in_order(const ledger::Envelope& entry,
                                          const Json& body,
                                          const Hash& leaf) {
  if (entry.seq < next_seq_)
    return refuse("evidence.gap", name_of(entry) + " stands behind a later one");
  if (entry.at < last_at_ms_)
    return refuse("evidence.gap", name_of(entry) + " is dated before the one that it follows");
  next_seq_ = entry.seq + 1;
  last_at_ms_ = entry.at;
  if (entry.kind == PartyKeyAdded::kind) return take_key_added(entry, body);
  if (entry.kind == PartyKeyRetired::kind) return take_key_retired(entry, body);
  return take_entry(entry, body, leaf);
}

// The provider's, then the consumer's.
Result<Done> EvidenceCheck::take_registration(const ledger::Envelope& entry, const Json& body) {
  if (entry.kind != PartyRegistered::kind) {
    return malformed(name_of(entry) + " stands where a party's registration is due");
  }
  auto event = read<PartyRegistered>(entry, body);
  if (!event) return event.error();
  bool is_provider = !provider_.party();
  if (event->party != (is_provider ? verdict_.provider : verdict_.consumer))
    return refuse("evidence.foreign_entry", name_of(entry) + " registers another party");
  if (provider_.holds(event->key))
    return refuse("evidence.wrong_key", name_of(entry) + " registers the key of another party");
  registered_ = std::max(registered_, entry.seq);
  return (is_provider ? provider_ : consumer_).take(*event, entry.by, entry.seq, pins_);
}

Result<Done> EvidenceCheck::take_key_added(const ledger::Envelope& entry, const Json& body) {
  auto event = read<PartyKeyAdded>(entry, body);
  if (!event) return event.error();
  if (event->party != verdict_.provider && event->party != verdict_.consumer)
    return refuse("evidence.foreign_entry", name_of(entry) + " adds a key of another party");
  const ShownKeys& other = event->party == verdict_.provider ? consumer_ : provider_;
  if (other.holds(event->key))
    return refuse("evidence.wrong_key", name_of(entry) + " adds the key of another party");
  return keys_of(event->party).take(*event, entry.by, entry.seq, origin(), pins_);
}

Result<Done> EvidenceCheck::take_key_retired(const ledger::Envelope& entry, const Json& body) {
  auto event = read<PartyKeyRetired>(entry, body);
  if (!event) return event.error();
  if (event->party != verdict_.provider && event->party != verdict_.consumer)
    return refuse("evidence.foreign_entry", name_of(entry) + " retires a key of another party");
  return keys_of(event->party).take(*event, entry.by, entry.seq, origin());
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
  if (verdict_.entries == 0 && entry.seq < registered_) {
    return refuse("evidence.late_registration",
                  "a party was registered at entry " + std::to_string(registered_) +
                      ", behind the contract's first, " + name_of(entry));
  }
  prev_ = leaf;
  ++verdict_.entries;
  return take_act(entry, body);
}

// The closed list of what may continue a contract's chain.
Result<Done> EvidenceCheck::take_act(const ledger::Envelope& entry, const Json& body) {
  if (entry.kind == UseRecorded::kind) return take_use(entry, body);
  if (entry.kind == UseRedelivered::kind) return take_redelivery(entry, body);
  if (entry.kind == UseVoided::kind) return take_void(entry, body);
  if (entry.kind == ContractOffered::kind) return take_offer(entry, body);
  if (entry.kind == ContractAccepted::kind) return take_acceptance(entry, body);
  if (entry.kind == ContractTerminated::kind) return take_termination(entry, body);
  if (entry.kind == ContractConfirmed::kind) return take_confirmation(entry, body);
  if (entry.kind == ContractAttested::kind) return take_attestation(entry, body);
  if (entry.kind == ContractDocumentErased::kind) return take_erasure(entry, body);
  if (entry.kind == project_opened_kind) {
    verdict_.asserted.others += 1;
  } else {
    note_unknown(entry);
  }
  return Done{};
}

void EvidenceCheck::note_unknown(const ledger::Envelope& entry) {
  verdict_.unknown_count += 1;
  if (verdict_.unknown.size() < unknown_entries_kept_max)
    verdict_.unknown.push_back({entry.seq, std::string(entry.kind)});
}

ContractFacts EvidenceCheck::facts() const {
  // Whether the clock was trusted is for those who see the whole ledger.
  return {.document = document_,
          .consumer = verdict_.consumer,
          .dataset = terms_->dataset,
          .version = terms_->version,
          .state = verdict_.state,
          .terms = &*terms_,
          .used = used_,
          .time_is_trusted = true};
}

Result<Done> EvidenceCheck::take_offer(const ledger::Envelope& entry, const Json& body) {
  auto event = read<ContractOffered>(entry, body);
  if (!event) return event.error();
  if (event->document != document_)
    return refuse("evidence.wrong_document", name_of(entry) + " is about another document");
  if (verdict_.entries != 1)
    return refuse("evidence.not_permitted", name_of(entry) + " offers what is offered");
  auto judged = refuse_faults(entry, judge_offer(*event, *terms_));
  if (!judged) return judged;
  return provider_.check(
      {SignedVerb::offer, origin(), verdict_.provider, event->key, event->document},
      event->signature);
}

Result<Done> EvidenceCheck::take_acceptance(const ledger::Envelope& entry, const Json& body) {
  auto event = read<ContractAccepted>(entry, body);
  if (!event) return event.error();
  auto judged = refuse_faults(entry, judge_acceptance(*event, {entry.at}, facts()));
  if (!judged) return judged;
  verdict_.state = ContractState::active;
  return consumer_.check(
      {SignedVerb::accept, origin(), verdict_.consumer, event->key, event->document},
      event->signature);
}

Result<Done> EvidenceCheck::take_termination(const ledger::Envelope& entry, const Json& body) {
  auto event = read<ContractTerminated>(entry, body);
  if (!event) return event.error();
  if (filed_ != event->document || confirmed_)
    return refuse("evidence.wrong_document", name_of(entry) + " lacks its document");
  if (event->party != verdict_.provider && event->party != verdict_.consumer)
    return refuse("evidence.not_permitted", name_of(entry) + " ends the contract of others");
  if (verdict_.state == ContractState::terminated)
    return refuse("evidence.not_permitted", name_of(entry) + " ends what was ended before");
  verdict_.state = ContractState::terminated;
  return keys_of(event->party)
      .check({SignedVerb::terminate, origin(), event->party, event->key, event->document},
             event->signature);
}

// Counts are raised by a confirmation only where a ledger continues another one; evidence is not given there.
Result<Done> EvidenceCheck::take_confirmation(const ledger::Envelope& entry, const Json& body) {
  auto event = read<ContractConfirmed>(entry, body);
  if (!event) return event.error();
  if (filed_ != event->document || confirmed_ != event->used)
    return refuse("evidence.wrong_document", name_of(entry) + " lacks its document");
  if (event->party != verdict_.provider && event->party != verdict_.consumer)
    return refuse("evidence.not_permitted", name_of(entry) + " confirms the contract of others");
  if (verdict_.state == ContractState::terminated)
    return refuse("evidence.not_permitted", name_of(entry) + " confirms what was ended");
  if (event->used != used_)
    return refuse("evidence.wrong_count", name_of(entry) + " confirms other counts");
  return keys_of(event->party)
      .check({SignedVerb::confirm, origin(), event->party, event->key, event->document},
             event->signature);
}

Result<Done> EvidenceCheck::take_use(const ledger::Envelope& entry, const Json& body) {
  auto use = read<UseRecorded>(entry, body);
  if (!use) return use.error();
  if (use->auth != token_authority) {
    return refuse("evidence.unknown_authority", name_of(entry) +
                                                    " says that it was authorised by \"" +
                                                    use->auth + "\", which cannot be checked");
  }
  Faults faults = judge_use(*use, {entry.at}, facts());
  RecordedUse recorded{.rule = use->rule, .is_voided = false, .redeliveries = 0, .at = {entry.at}};
  bool is_new = uses_.emplace(use->use, recorded).second;
  bool is_charged = !charged_.insert(use->key).second;
  if (!is_new) faults.push_back({"use.recorded_twice", "records a use that was recorded", "", ""});
  if (is_charged)
    faults.push_back({"use.key_charged_twice", "charges a key that was charged before", "", ""});
  if (!faults.empty()) return refuse_faults(entry, faults);
  used_[use->rule] += 1;
  verdict_.uses += 1;
  verdict_.asserted.uses += 1;
  verdict_.state = state_of(*terms_, used_);
  return Done{};
}

Result<Done> EvidenceCheck::take_redelivery(const ledger::Envelope& entry, const Json& body) {
  auto event = read<UseRedelivered>(entry, body);
  if (!event) return event.error();
  auto use = uses_.find(event->use);
  RecordedUse* recorded = use == uses_.end() ? nullptr : &use->second;
  auto judged = refuse_faults(entry, judge_redelivery(*event, {entry.at}, recorded, facts()));
  if (!judged) return judged;
  recorded->redeliveries += 1;
  verdict_.redelivered += 1;
  verdict_.asserted.redeliveries += 1;
  return Done{};
}

Result<Done> EvidenceCheck::take_void(const ledger::Envelope& entry, const Json& body) {
  auto event = read<UseVoided>(entry, body);
  if (!event) return event.error();
  auto use = uses_.find(event->use);
  RecordedUse* recorded = use == uses_.end() ? nullptr : &use->second;
  auto judged = refuse_faults(entry, judge_void(*event, entry.by, recorded, facts()));
  if (!judged) return judged;
  recorded->is_voided = true;
  used_[recorded->rule] -= 1;
  verdict_.uses -= 1;
  verdict_.voided += 1;
  verdict_.asserted.voids += 1;
  if (verdict_.state == ContractState::exhausted) verdict_.state = ContractState::active;
  return Done{};
}

// Whoever still had the document: for others, evidence ends with its erasure.
Result<Done> EvidenceCheck::take_erasure(const ledger::Envelope& entry, const Json& body) {
  auto event = read<ContractDocumentErased>(entry, body);
  if (!event) return event.error();
  if (event->document != document_)
    return refuse("evidence.wrong_document", name_of(entry) + " erases another document");
  if (verdict_.state != ContractState::terminated) {
    return refuse("evidence.not_permitted",
                  name_of(entry) + " erases the document of a contract that has not ended");
  }
  verdict_.asserted.others += 1;
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
  verdict_.asserted.others += 1;
  is_closed_ = true;
  return Done{};
}

Result<EvidenceVerdict> EvidenceCheck::finish() const {
  if (!is_closed_) {
    return refuse("evidence.not_closed",
                  "no attestation stands at the end: entries may be missing");
  }
  for (const ShownKeys* keys : {&provider_, &consumer_}) {
    if (auto fits = keys->check_pins(); !fits) return fits.error();
  }
  EvidenceVerdict verdict = verdict_;
  verdict.provider_keys = provider_.list();
  verdict.consumer_keys = consumer_.list();
  return verdict;
}

}  // namespace tally::space
