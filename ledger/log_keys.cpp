#include "ledger/log_keys.h"

#include <algorithm>
#include <iterator>

#include "core/assert.h"
#include "core/bytes.h"
#include "core/signature.h"
#include "ledger/ledger.h"

namespace tally::ledger {
namespace {

using core::Done;
using core::Error;
using core::Refusal;
using core::Result;

Error of_another_log(const VerifierKey& key, std::string_view origin) {
  return {Refusal::invalid, "key.of_another_log",
          "The key " + format_vkey(key) + " is not of the log " + std::string(origin) + "."};
}

std::string statement(std::string_view origin, std::string_view vkey) {
  return "tallystick/log-key/v1\n" + std::string(origin) + "\n" + std::string(vkey) + "\n";
}

Result<VerifierKey> parse_log_key(std::string_view origin, const std::string& text) {
  auto key = parse_vkey(text);
  if (!key) return key;
  if (key->name != origin || key->type != SignatureType::ed25519)
    return of_another_log(*key, origin);
  return key;
}

bool is_signed(const VerifierKey& key, const std::string& text, const std::string& signature) {
  auto bytes = core::from_base64(signature);
  return bytes && core::signature_verifies(key.public_key, text, *bytes);
}

}  // namespace

Result<LogKeys> LogKeys::of(std::vector<VerifierKey> keys) {
  if (keys.empty())
    return Error{Refusal::invalid, "key.missing", "There is no key to check against."};
  for (const VerifierKey& key : keys) {
    if (key.type != SignatureType::ed25519) {
      return Error{Refusal::invalid, "checkpoint.wrong_key_type",
                   "The key " + key.name + " is a witness's, not a log's."};
    }
    if (key.name != keys.front().name) return of_another_log(key, keys.front().name);
  }
  return LogKeys(std::move(keys));
}

bool LogKeys::holds(const VerifierKey& key) const {
  return std::ranges::find(keys_, key) != keys_.end();
}

std::optional<LogKeys> LogKeys::without(std::span<const VerifierKey> others) const {
  std::vector<VerifierKey> left;
  std::ranges::copy_if(keys_, std::back_inserter(left), [&](const VerifierKey& key) {
    return std::ranges::find(others, key) == others.end();
  });
  if (left.empty()) return std::nullopt;
  return LogKeys(std::move(left));
}

std::string LogKeys::text() const {
  std::string text;
  for (const VerifierKey& key : keys_) text += format_vkey(key) + "\n";
  return text;
}

LogKeyAdded make_addition(const NoteSigner& signer, const NoteSigner& added, std::string salt) {
  LogKeyAdded event;
  event.key = format_vkey(added.verifier());
  std::string text = statement(signer.verifier().name, event.key);
  event.possession = core::to_base64(added.key().sign(text));
  event.salt = std::move(salt);
  event.signature = core::to_base64(signer.key().sign(text));
  event.signer = format_vkey(signer.verifier());
  return event;
}

Result<Done> check_addition(std::string_view origin, const LogKeyAdded& event) {
  auto added = parse_log_key(origin, event.key);
  if (!added) return added.error();
  auto signer = parse_log_key(origin, event.signer);
  if (!signer) return signer.error();
  std::string text = statement(origin, event.key);
  if (!is_signed(*signer, text, event.signature)) {
    return Error{Refusal::invalid, "log.key_not_let_in",
                 "The signature is not by the key that is to let the new one in."};
  }
  if (!is_signed(*added, text, event.possession))
    return Error{Refusal::invalid, "log.key_not_possessed", "The new key did not sign for itself."};
  return Done{};
}

bool LogKeyring::is_in_force(std::string_view vkey) const {
  auto known = is_in_force_.find(vkey);
  return known != is_in_force_.end() && known->second;
}

void LogKeyring::add(std::string vkey) {
  bool is_new = is_in_force_.emplace(std::move(vkey), true).second;
  TALLY_ASSERT(is_new);
  ++in_force_count_;
}

void LogKeyring::retire(std::string_view vkey) {
  auto known = is_in_force_.find(vkey);
  TALLY_ASSERT(known != is_in_force_.end() && known->second);
  known->second = false;
  --in_force_count_;
}

void LogKeyring::take(std::string_view origin, std::string_view kind, const core::Json& body) {
  if (kind == ledger_opened_kind || kind == ledger_reopened_kind) {
    const core::Json* key = body.find("log_key");
    if (is_empty() && key != nullptr && key->is_string()) add(key->as_string());
  } else if (kind == LogKeyAdded::kind) {
    auto event = core::decode<LogKeyAdded>(body);
    if (event && !knows(event->key) && is_in_force(event->signer) && check_addition(origin, *event))
      add(event->key);
  } else if (kind == LogKeyRetired::kind) {
    auto event = core::decode<LogKeyRetired>(body);
    if (event && is_in_force(event->key) && in_force_count() > 1) retire(event->key);
  }
}

std::optional<LogKeys> LogKeyring::in_force(std::string_view origin) const {
  std::vector<VerifierKey> keys;
  for (const auto& [vkey, is_valid] : is_in_force_) {
    auto key = parse_log_key(origin, vkey);
    if (key && is_valid) keys.push_back(*std::move(key));
  }
  auto made = LogKeys::of(std::move(keys));
  if (!made) return std::nullopt;
  return *std::move(made);
}

}  // namespace tally::ledger
