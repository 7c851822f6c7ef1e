#include "space/evidence/shown_keys.h"

#include <algorithm>
#include <string>
#include <utility>

namespace tally::space {
namespace {

using core::Done;
using core::Error;
using core::Refusal;
using core::Result;

Error refuse(std::string code, std::string words) {
  return {Refusal::invalid, std::move(code), std::move(words)};
}

std::string name_of(std::uint64_t entry) { return "entry " + std::to_string(entry); }

Error wrong_signature(std::uint64_t entry, const PartyId& party) {
  return refuse("evidence.wrong_signature",
                name_of(entry) + " is not signed with a key that was " + party.text() + "'s there");
}

Error wrong_key(std::uint64_t entry, const std::string& words) {
  return refuse("evidence.wrong_key", name_of(entry) + " " + words);
}

Error wrong_author(std::uint64_t entry) {
  return refuse("evidence.foreign_entry", name_of(entry) + " is written in another's name");
}

bool is_pinned(const std::vector<PartyPin>& pins,
               const PartyId& party,
               const KeyId& id,
               const core::Hash& public_key) {
  return std::ranges::any_of(
      pins, [&](const PartyPin& pin) { return pin.party == party && pin.is_of(id, public_key); });
}

}  // namespace

std::optional<PartyPin> PartyPin::parse(std::string_view text) {
  auto equals = text.find('=');
  auto party = PartyId::parse(text.substr(0, equals));
  if (!party || equals == std::string_view::npos) return std::nullopt;
  std::string_view key = text.substr(equals + 1);
  if (auto id = KeyId::parse(key)) return PartyPin{*party, *id};
  if (auto public_key = core::Hash::from_hex(key)) return PartyPin{*party, *public_key};
  return std::nullopt;
}

bool PartyPin::is_of(const KeyId& id, const core::Hash& public_key) const {
  if (const auto* pinned = std::get_if<KeyId>(&key)) return *pinned == id;
  return std::get<core::Hash>(key) == public_key;
}

Result<Done> ShownKeys::take(const PartyRegistered& event,
                             std::string_view by,
                             std::uint64_t entry,
                             const std::vector<PartyPin>& pins) {
  if (by != event.party.text()) return wrong_author(entry);
  if (KeyId::of(event.public_key) != event.key)
    return wrong_key(entry, "calls a key by another's id");
  party_ = event.party;
  has_pins_ = std::ranges::count(pins, event.party, &PartyPin::party) > 0;
  keys_ = {{.id = event.key,
            .public_key = event.public_key,
            .entry = entry,
            .retired = std::nullopt,
            .has_signed = false,
            .is_pinned = is_pinned(pins, event.party, event.key, event.public_key)}};
  return Done{};
}

Result<Done> ShownKeys::take(const PartyKeyAdded& event,
                             std::string_view by,
                             std::uint64_t entry,
                             std::string_view origin,
                             const std::vector<PartyPin>& pins) {
  if (by != event.party.text()) return wrong_author(entry);
  if (KeyId::of(event.public_key) != event.key)
    return wrong_key(entry, "calls a key by another's id");
  if (entry < keys_.front().entry) return wrong_key(entry, "adds a key before the registration");
  if (holds(event.key)) return wrong_key(entry, "adds a key that was there before");
  if (count_valid() >= valid_keys_max || keys_.size() >= party_keys_max)
    return wrong_key(entry, "adds more keys than a party may have");
  const ShownKey* lets_in = find_valid(event.signer);
  if (lets_in == nullptr || !check_addition(origin, event, lets_in->public_key))
    return wrong_signature(entry, event.party);
  bool pinned = lets_in->is_pinned || is_pinned(pins, event.party, event.key, event.public_key);
  keys_.push_back({.id = event.key,
                   .public_key = event.public_key,
                   .entry = entry,
                   .retired = std::nullopt,
                   .has_signed = false,
                   .is_pinned = pinned});
  return Done{};
}

// One without a signature is the operator's, and takes away what is not missed.
Result<Done> ShownKeys::take(const PartyKeyRetired& event,
                             std::string_view by,
                             std::uint64_t entry,
                             std::string_view origin) {
  ShownKey* key = find(event.key);
  if (key == nullptr)
    return refuse("evidence.foreign_entry", name_of(entry) + " retires a key of another party");
  if (key->retired) return wrong_key(entry, "retires a key that was retired before");
  if (event.signature.has_value() != event.signer.has_value())
    return wrong_signature(entry, event.party);
  if (event.signer) {
    if (by != event.party.text()) return wrong_author(entry);
    const ShownKey* signs = find_valid(*event.signer);
    if (signs == nullptr || !check_retirement(origin, event, signs->public_key))
      return wrong_signature(entry, event.party);
    if (count_valid() == 1) return wrong_key(entry, "retires the last key of its party");
  }
  key->retired = entry;
  return Done{};
}

Result<Done> ShownKeys::check(const SignedStatement& statement, const Signature& signature) {
  ShownKey* key = find_valid(statement.key);
  if (party_ != statement.party || key == nullptr ||
      !check_signature(statement, key->public_key, signature)) {
    return refuse("evidence.wrong_signature", "the signature of " + statement.party.text() +
                                                  " is not by a key that was its own there");
  }
  key->has_signed = true;
  if (!has_pins_ || key->is_pinned) return Done{};
  return refuse("evidence.wrong_party_key",
                key->id.text() + ", which signed for " + party_->text() +
                    ", is not the key that was given with --party-key, nor let in by it");
}

Result<Done> ShownKeys::check_pins() const {
  if (!has_pins_ || std::ranges::count(keys_, true, &ShownKey::is_pinned) > 0) return Done{};
  return refuse("evidence.wrong_party_key",
                "the evidence shows " + party_->text() + " with " + keys_.front().id.text() +
                    ", not with the key that was given with --party-key");
}

bool ShownKeys::holds(const KeyId& id) const {
  return std::ranges::find(keys_, id, &ShownKey::id) != keys_.end();
}

std::uint64_t ShownKeys::count_valid() const {
  auto valid = std::ranges::count_if(keys_, [](const ShownKey& key) { return !key.retired; });
  return static_cast<std::uint64_t>(valid);
}

ShownKey* ShownKeys::find(const KeyId& id) {
  auto found = std::ranges::find(keys_, id, &ShownKey::id);
  return found == keys_.end() ? nullptr : &*found;
}

ShownKey* ShownKeys::find_valid(const KeyId& id) {
  ShownKey* key = find(id);
  return key == nullptr || key->retired ? nullptr : key;
}

}  // namespace tally::space
