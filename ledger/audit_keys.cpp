#include "ledger/audit_keys.h"

#include <algorithm>

#include "core/codec.h"
#include "core/json.h"
#include "ledger/checkpoint.h"
#include "ledger/envelope.h"

namespace tally::ledger {
namespace {

using core::Result;

template <class Event>
Result<VerifierKey> key_of(std::string_view body) {
  auto json = core::parse_json(body);
  if (!json) return json.error();
  auto event = core::decode<Event>(*json);
  if (!event) return event.error();
  return parse_vkey(event->key);
}

Finding wrong(const char* code, std::string words) {
  return {code, Place::checkpoint("note"), std::move(words), "", ""};
}

}  // namespace

void AuditKeys::note(std::string_view entry) {
  auto envelope = read_envelope(entry);
  if (!envelope) return;
  bool is_addition = envelope->kind == LogKeyAdded::kind;
  auto key =
      is_addition ? key_of<LogKeyAdded>(envelope->body) : key_of<LogKeyRetired>(envelope->body);
  auto& changes = is_addition ? added_ : retired_;
  if (!key || !given_.holds(*key)) return;
  if (std::ranges::find(changes, *key, &KeyChange::key) != changes.end()) return;
  changes.push_back({*key, envelope->seq});
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
  return wrong("checkpoint.key_retired",
               "The key " + format_vkey(key) + " was retired at entry " + std::to_string(seq) +
                   ", and no other key that was given signed the checkpoint. Ask for the key that "
                   "followed it, on a way that you trust, and give it beside the old one.");
}

std::optional<Finding> AuditKeys::judge_added(const std::string& note,
                                              std::uint64_t signed_size) const {
  for (const auto& [key, seq] : added_) {
    bool is_retired = std::ranges::any_of(retired_, [&, &added = key](const KeyChange& it) {
      return it.key == added && it.seq < signed_size;
    });
    if (seq >= signed_size || is_retired) continue;
    if (open_checkpoint(note, given_.origin(), LogKeys(key))) continue;
    return wrong("checkpoint.key_did_not_sign", "The key " + format_vkey(key) +
                                                    " was let in by entry " + std::to_string(seq) +
                                                    ", and did not sign this checkpoint.");
  }
  return std::nullopt;
}

}  // namespace tally::ledger
