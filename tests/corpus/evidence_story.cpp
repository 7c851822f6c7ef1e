#include "corpus/evidence_story.h"

#include <cstddef>

namespace tally::corpus {
namespace {

using core::Hash;
using space::KeyId;
using space::PartyId;
using space::SignedVerb;

space::UseId use_id(std::uint64_t number) {
  return id_of<space::UseId>("use_01ARZ3NDEKTSV4RRFFQ69G5F" + std::to_string(10 + number));
}

}  // namespace

Told::Told(const Story& story) : story_(story) {
  enroll(story.provider, story.provider_key);
  if (!story.is_registered_late) enroll(story.consumer, story.consumer_key);
  append("test.noted/1", "act_1", "{\"salt\":\"" + salt + "\"}");  // of somebody else
  shown_.pop_back();
  if (story.is_rotated) rotate();
  offer_and_accept();
  for (int i = 0; i < story.uses; ++i) use(static_cast<std::uint64_t>(i));
  story.then(*this);
  attest();
  if (story.is_registered_late) enroll(story.consumer, story.consumer_key);
}

std::vector<std::string> Told::lines(
    const std::function<std::string(const std::string&)>& cosign) const {
  ledger::test::ReferenceTree tree;
  for (const auto& entry : entries_) tree.append(ledger::hash_leaf(entry));
  std::string note = cosign(ledger::sign_checkpoint(
      {origin, {entries_.size(), tree.root(entries_.size())}}, signer_of(origin, 0)));
  std::vector<std::string> lines = {
      core::canonical(core::Json::object({{"checkpoint", note},
                                          {"contract", story_.contract.text()},
                                          {"format", space::evidence_format}})),
      "{\"document\":" + story_.document + "}"};
  auto add = [&](std::size_t entry) {
    std::string path;
    for (const Hash& hash : tree.path(entry, entries_.size()))
      path += (path.empty() ? "\"" : ",\"") + core::to_hex(hash) + "\"";
    lines.push_back("{\"entry\":" + entries_[entry] + ",\"path\":[" + path + "]}");
  };
  for (std::size_t entry : registrations_) add(entry);
  for (const Line& line : shown_) {
    if (!line.document.empty()) lines.push_back("{\"document\":" + line.document + "}");
    add(line.entry);
  }
  return lines;
}

Hash Told::append(std::string_view kind, std::string_view by, const std::string& body) {
  std::string entry = "{\"at\":" + std::to_string(at_ms_++) + ",\"body\":" + body + ",\"by\":\"" +
                      std::string(by) + "\",\"kind\":\"" + std::string(kind) + "\",\"prev\":\"" +
                      core::to_hex(prev_) + "\",\"seq\":" + std::to_string(entries_.size()) + "}";
  prev_ = ledger::hash_leaf(entry);
  shown_.push_back({entries_.size()});
  entries_.push_back(std::move(entry));
  return prev_;
}

void Told::enroll(const PartyId& party, const core::SigningKey& key) {
  space::PartyRegistered event;
  event.document = std::string(64, 'b');
  event.key = KeyId::of(key.public_key());
  event.party = party;
  event.public_key = key.public_key();
  event.salt = salt;
  append(space::PartyRegistered::kind, party.text(), core::canonical(event));
  registrations_.push_back(shown_.back().entry);
  shown_.pop_back();
}

space::Signature Told::signed_by(const core::SigningKey& key,
                                 SignedVerb verb,
                                 const PartyId& party,
                                 const Hash& document) const {
  return space::sign({verb, origin, party, KeyId::of(key.public_key()), document}, key);
}

void Told::rotate() {
  const auto& first = story_.provider_key;
  const auto& second = story_.second_key;
  space::KeyDocument document;
  document.party = story_.provider;
  document.public_key = second.public_key();
  Hash digest = core::sha256(core::canonical(document));
  auto own = signed_by(second, SignedVerb::add_key, story_.provider, digest);
  auto lets_in = signed_by(first, SignedVerb::add_key, story_.provider, digest);
  append(space::PartyKeyAdded::kind, story_.provider.text(),
         core::canonical(space::PartyKeyAdded{.key = KeyId::of(second.public_key()),
                                              .party = story_.provider,
                                              .possession = story_.is_possessed ? own : lets_in,
                                              .public_key = second.public_key(),
                                              .salt = salt,
                                              .signature = story_.is_let_in ? lets_in : own,
                                              .signer = KeyId::of(first.public_key())}));
  if (!story_.is_retired) return;
  space::KeyRetirementDocument ending;
  ending.party = story_.provider;
  ending.key = KeyId::of(second.public_key());
  auto by = story_.is_retirement_signed ? first : story_.consumer_key;
  append(space::PartyKeyRetired::kind, story_.provider.text(),
         core::canonical(space::PartyKeyRetired{
             .key = ending.key,
             .party = story_.provider,
             .salt = salt,
             .signature = signed_by(by, SignedVerb::retire_key, story_.provider,
                                    core::sha256(core::canonical(ending))),
             .signer = KeyId::of(first.public_key())}));
}

void Told::offer_and_accept() {
  space::ContractOffered offered;
  offered.consumer = story_.consumer;
  offered.dataset = story_.dataset;
  offered.dataset_digest = *Hash::from_hex(std::string(64, 'a'));
  offered.provider = story_.provider;
  offered.document = digest_;
  const auto& key = story_.is_rotated ? story_.second_key : story_.provider_key;
  offered.key = KeyId::of(key.public_key());
  offered.salt = salt;
  offered.signature = signed_by(key, SignedVerb::offer, story_.provider, digest_);
  offered.version = 1;
  act(offered, "act_1");
  if (!story_.is_accepted) return;
  space::ContractAccepted accepted;
  accepted.consumer = story_.consumer;
  accepted.document = digest_;
  accepted.key = KeyId::of(story_.consumer_key.public_key());
  accepted.salt = salt;
  accepted.signature = signed_by(story_.consumer_key, story_.accept_verb, story_.consumer, digest_);
  act(accepted, "act_2");
}

space::UseRecorded Told::recorded(std::uint64_t number) const {
  space::UseRecorded used;
  used.action = "read";
  used.auth = "token";
  used.count_before = story_.count_from + number;
  used.count_after = used.count_before + 1;
  used.dataset = story_.dataset;
  used.document = digest_;
  used.key = core::sha256("key " + std::to_string(number));
  used.limit = 2;
  used.purpose = story_.purpose;
  used.salt = salt;
  used.unit = "call";
  used.use = use_id(number);
  used.version = 1;
  return used;
}

void Told::use(std::uint64_t number, const std::function<void(space::UseRecorded&)>& change) {
  auto used = recorded(number);
  change(used);
  act(used, "act_2");
}

void Told::redeliver(std::uint64_t use, std::uint64_t delivery) {
  act(space::UseRedelivered{.delivery = delivery, .salt = salt, .use = use_id(use)}, "act_2");
}

void Told::make_void(std::uint64_t use,
                     std::uint64_t count_after,
                     std::string_view by,
                     const std::string& reason) {
  act(
      space::UseVoided{
          .count_after = count_after, .reason = reason, .salt = salt, .use = use_id(use)},
      by);
}

void Told::terminate(const core::SigningKey& key, bool is_filed) {
  space::TerminationDocument ending{.contract = story_.contract,
                                    .document = digest_,
                                    .format = std::string(space::TerminationDocument::format_name),
                                    .nonce = std::string(32, '0'),
                                    .reason = "done"};
  std::string text = core::canonical(ending);
  Hash digest = core::sha256(text);
  act(space::ContractTerminated{.document = digest,
                                .key = KeyId::of(key.public_key()),
                                .party = story_.provider,
                                .salt = salt,
                                .signature =
                                    signed_by(key, SignedVerb::terminate, story_.provider, digest)},
      "act_1");
  if (is_filed) shown_.back().document = text;
}

void Told::unknown(std::string_view kind) {
  contract_prev_ = append(kind, "act_2",
                          "{\"contract\":\"" + story_.contract.text() + "\",\"contract_prev\":\"" +
                              core::to_hex(contract_prev_) +
                              "\",\"contract_seq\":" + std::to_string(contract_seq_) + "}");
  ++contract_seq_;
}

void Told::branch(std::uint64_t number, bool is_shown) {
  auto used = recorded(number);
  used.contract = story_.contract;
  used.contract_prev = contract_prev_;
  used.contract_seq = contract_seq_;
  append(space::UseRecorded::kind, "act_2", core::canonical(used));
  if (!is_shown) shown_.pop_back();
}

void Told::attest() {
  act(space::ContractAttested{.party = story_.consumer, .salt = salt, .uses = story_.attested_uses},
      "act_1");
}

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const auto& line : lines) text += line + "\n";
  return text;
}

}  // namespace tally::corpus
