#include "ledger/audit_keys.h"

#include <algorithm>

#include "core/codec.h"
#include "core/json.h"
#include "ledger/checkpoint.h"
#include "ledger/envelope.h"
#include "ledger/ledger.h"

namespace tally::ledger {
namespace {

using core::Result;

// No log has so many; who makes them is not followed.
constexpr std::size_t followed_max = 10'000;

template <class Event>
Result<Event> read(std::string_view body) {
  auto json = core::parse_json(body);
  if (!json) return json.error();
  return core::decode<Event>(*json);
}

Finding about_note(const char* code, std::string words) {
  return {code, Place::checkpoint("note"), std::move(words), "", ""};
}

}  // namespace

AuditKeys::AuditKeys(const LogKeys& given) : given_(given) {
  for (const VerifierKey& key : given.all()) lines_.push_back({key, {format_vkey(key)}});
}

void AuditKeys::note(std::string_view entry) {
  auto envelope = read_envelope(entry);
  if (!envelope) return;
  if (envelope->seq == 0) note_opening(envelope->body);
  if (envelope->kind == LogKeyAdded::kind) note_addition(envelope->body, envelope->seq);
  if (envelope->kind == LogKeyRetired::kind) note_retirement(envelope->body, envelope->seq);
}

void AuditKeys::note_opening(std::string_view body) {
  auto json = core::parse_json(body);
  const core::Json* key = json ? json->find("log_key") : nullptr;
  if (key != nullptr && key->is_string()) note_once(named_, key->as_string(), 0);
}

void AuditKeys::note_addition(std::string_view body, std::uint64_t seq) {
  auto event = read<LogKeyAdded>(body);
  if (!event) return;
  note_once(named_, event->key, seq);
  auto goes_on = [&](const Line& line) {
    return line.followed.contains(event->signer) && line.followed.size() < followed_max;
  };
  if (std::ranges::none_of(lines_, goes_on) || !check_addition(given_.origin(), *event)) return;
  for (Line& line : lines_) {
    if (goes_on(line)) line.followed.insert(event->key);
  }
}

void AuditKeys::note_retirement(std::string_view body, std::uint64_t seq) {
  if (auto event = read<LogKeyRetired>(body)) note_once(retired_, event->key, seq);
}

// Of those that were not given nothing is kept.
void AuditKeys::note_once(std::vector<KeyChange>& changes,
                          std::string_view vkey,
                          std::uint64_t seq) const {
  auto key = parse_vkey(vkey);
  if (!key || !given_.holds(*key)) return;
  if (std::ranges::find(changes, *key, &KeyChange::key) == changes.end())
    changes.push_back({*key, seq});
}

std::optional<Finding> AuditKeys::judge_retired(const std::string& note,
                                                std::uint64_t signed_size) const {
  if (retired_.empty()) return std::nullopt;
  auto keys = keys_in_force(given_, retired_, signed_size);
  if (keys && open_checkpoint(note, given_.origin(), *keys)) return std::nullopt;
  auto before = std::ranges::find_if(retired_.rbegin(), retired_.rend(),
                                     [&](const KeyChange& it) { return it.seq < signed_size; });
  if (before == retired_.rend()) return std::nullopt;
  const auto& [key, seq] = *before;
  return about_note(
      "checkpoint.key_retired",
      "The key " + format_vkey(key) + " was retired at entry " + std::to_string(seq) +
          ", and no other key that was given signed the checkpoint. Ask for the key that "
          "followed it, on a way that you trust, and give it beside the old one.");
}

std::optional<Finding> AuditKeys::judge_in_force(const std::string& note,
                                                 std::uint64_t signed_size) const {
  auto keys = keys_in_force(given_, retired_, signed_size);
  for (const auto& [key, seq] : named_) {
    if (seq >= signed_size || !keys || !keys->holds(key)) continue;
    if (open_checkpoint(note, given_.origin(), LogKeys(key))) continue;
    return about_note("checkpoint.key_did_not_sign",
                      "The key " + format_vkey(key) + " is named by entry " + std::to_string(seq) +
                          ", and did not sign this checkpoint.");
  }
  return std::nullopt;
}

std::vector<Finding> AuditKeys::doubts(const std::string& note, std::uint64_t signed_size) const {
  std::vector<Finding> doubts;
  auto keys = keys_in_force(given_, retired_, signed_size);
  for (const auto& [key, seq] : retired_) {
    if (seq >= signed_size || !keys) continue;
    auto line = std::ranges::find(lines_, key, &Line::first);
    bool goes_on = std::ranges::any_of(keys->all(), [&](const VerifierKey& signer) {
      return line->followed.contains(format_vkey(signer)) &&
             open_checkpoint(note, given_.origin(), LogKeys(signer));
    });
    if (goes_on) continue;
    doubts.push_back(about_note(
        "checkpoint.newer_key_retired",
        "The key " + format_vkey(key) + " was retired at entry " + std::to_string(seq) +
            ", and no key that followed it signed this checkpoint: the log lost that key and says "
            "so, or somebody with an older key goes on from there. Ask the log's operator, on a "
            "way that you trust, which key was retired, and audit without that one."));
  }
  return doubts;
}

}  // namespace tally::ledger
