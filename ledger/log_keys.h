// The public keys of one log: one, or several while its key is exchanged and ever after, as what was
// signed before verifies with the old one alone.
//
//   log.key_added/1    the log has another key; from the checkpoint that holds this entry on both sign
//   log.key_retired/1  from the checkpoint that holds this entry on the key signs no more
//
// A checkpoint of size n is signed by the keys that are in force at n: those that were added by an
// entry before n and not retired by one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/json.h"
#include "core/mapping.h"
#include "core/result.h"
#include "ledger/note.h"

namespace tally::ledger {

class LogKeys {
 public:
  // Precondition: the key is of type Ed25519, for all that verifies with it; what opens checkpoints
  // refuses another (checkpoint.wrong_key_type).
  LogKeys(const VerifierKey& key) : keys_{key} {}  // NOLINT(google-explicit-constructor)

  // Refusals (invalid): key.missing (none), checkpoint.wrong_key_type (a witness's), key.of_another_log
  // (they bear different names).
  static core::Result<LogKeys> of(std::vector<VerifierKey> keys);

  // The name of the keys, which is that of the log.
  const std::string& origin() const { return keys_.front().name; }
  std::span<const VerifierKey> all() const { return keys_; }
  bool holds(const VerifierKey& key) const;
  // Those that are not among the others; none: all are.
  std::optional<LogKeys> without(std::span<const VerifierKey> others) const;
  // All of them, a line each.
  std::string text() const;

 private:
  explicit LogKeys(std::vector<VerifierKey> keys) : keys_(std::move(keys)) {}
  std::vector<VerifierKey> keys_;
};

// Both signatures are over
//
//   tallystick/log-key/v1\n<origin>\n<vkey>\n
//
// which no checkpoint is: its second line is a number, and its third a hash.
struct LogKeyAdded {
  static constexpr std::string_view kind = "log.key_added/1";

  std::string key;         // vkey
  std::string possession;  // base64, by the new key
  std::string salt;
  std::string signature;  // base64, by the signer
  std::string signer;     // vkey, in force here

  static constexpr auto fields =
      core::FieldList{core::field("key", &LogKeyAdded::key, core::length(1, 1000)),
                      core::field("possession", &LogKeyAdded::possession, core::length(88, 88)),
                      core::field("salt", &LogKeyAdded::salt, core::matches_hex(32)),
                      core::field("signature", &LogKeyAdded::signature, core::length(88, 88)),
                      core::field("signer", &LogKeyAdded::signer, core::length(1, 1000))};
};

struct LogKeyRetired {
  static constexpr std::string_view kind = "log.key_retired/1";

  std::string key;  // vkey
  std::string salt;

  static constexpr auto fields =
      core::FieldList{core::field("key", &LogKeyRetired::key, core::length(1, 1000)),
                      core::field("salt", &LogKeyRetired::salt, core::matches_hex(32))};
};

LogKeyAdded make_addition(const NoteSigner& signer, const NoteSigner& added, std::string salt);
// That both signatures are there. Refusals (invalid): vkey.malformed, key.of_another_log,
// log.key_not_let_in (not by the signer), log.key_not_possessed (not by the new key).
core::Result<core::Done> check_addition(std::string_view origin, const LogKeyAdded& event);

// The keys that a log's own entries name, one entry after the other. By their vkeys, whatever these hold:
// who follows the entries judges them.
class LogKeyring {
 public:
  bool is_empty() const { return is_in_force_.empty(); }
  bool knows(std::string_view vkey) const { return is_in_force_.contains(vkey); }
  bool is_in_force(std::string_view vkey) const;
  std::size_t in_force_count() const { return in_force_count_; }

  // Precondition: not known.
  void add(std::string vkey);
  // Precondition: in force.
  void retire(std::string_view vkey);

  // What an entry of that log does to its keys, where it is one about them and right.
  void take(std::string_view origin, std::string_view kind, const core::Json& body);

  // Under that name; none: no key is in force.
  std::optional<LogKeys> in_force(std::string_view origin) const;

 private:
  std::map<std::string, bool, std::less<>> is_in_force_;  // by vkey
  std::size_t in_force_count_ = 0;
};

}  // namespace tally::ledger
