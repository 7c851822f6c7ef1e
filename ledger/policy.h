// Policies (C2SP tlog-policy): which logs are believed, and whose cosignatures their checkpoints need.
//
//   # comment
//   log <vkey> [url]
//   witness <name> <vkey> [url]
//   group <name> all|any|<k> <member>...
//   quorum <name>|none
//
// A log's vkey is of type 01 and its name is the log's origin; a witness's is of type 04. A member, and
// the quorum, is a witness or a group that stands above. A name is a member once at most, so groups
// form a tree and nobody counts twice; no public key stands in two lines. Pure: no file, clock or
// connection.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/result.h"
#include "ledger/checkpoint.h"
#include "ledger/note.h"
#include "ledger/proof.h"

namespace tally::ledger {

constexpr std::size_t policy_bytes_max = 256 * 1024;
constexpr std::size_t policy_items_max = 1024;  // logs, witnesses and groups together

struct PolicyLog {
  VerifierKey key;
  std::string url;  // may be empty: where the log is read

  bool operator==(const PolicyLog&) const = default;
};

struct PolicyWitness {
  std::string name;  // in the policy; the key has a name of its own
  VerifierKey key;
  std::string url;  // may be empty: its submission prefix

  bool operator==(const PolicyWitness&) const = default;
};

// Indexes into Policy::witnesses and Policy::groups.
struct WitnessMember {
  std::size_t witness = 0;
  bool operator==(const WitnessMember&) const = default;
};
struct GroupMember {
  std::size_t group = 0;
  bool operator==(const GroupMember&) const = default;
};
struct NoMember {  // the quorum `none`
  bool operator==(const NoMember&) const = default;
};
using PolicyMember = std::variant<NoMember, WitnessMember, GroupMember>;

struct PolicyGroup {
  std::string name;
  std::size_t needed = 0;  // of the members, 1 to all
  std::vector<PolicyMember> members;

  bool operator==(const PolicyGroup&) const = default;
};

struct Policy {
  std::vector<PolicyLog> logs;
  std::vector<PolicyWitness> witnesses;
  std::vector<PolicyGroup> groups;  // a group's members stand before it
  PolicyMember quorum;

  bool operator==(const Policy&) const = default;

  std::vector<VerifierKey> log_keys(std::string_view origin) const;
  std::vector<VerifierKey> witness_keys() const;
  bool needs_witnesses() const { return !std::holds_alternative<NoMember>(quorum); }
};

// Refuses with `policy.malformed`; the message begins with "line <n>: ".
core::Result<Policy> parse_policy(std::string_view text);

// Whether the witnesses that hold these public keys make the quorum. Repeated and unknown keys add
// nothing.
bool makes_quorum(const Policy& policy, std::span<const core::Hash> public_keys);

// A checkpoint under a policy: by which of the origin's keys the log signed, and the cosignatures.
struct WitnessedCheckpoint {
  Checkpoint checkpoint;
  VerifiedSignature log;
  std::vector<VerifiedSignature> cosignatures;  // each witness once, in the note's order
};

// What a note proves under the policy, with or without the quorum. Refuses as parse_note and
// parse_checkpoint do, and with
//   policy.unknown_log    no log of the policy has the checkpoint's origin
//   note.bad_signature    a signature by a key of the policy is not by that key
//   note.unknown_signers  the log did not sign
core::Result<WitnessedCheckpoint> read_witnessed(std::string_view note_bytes, const Policy& policy);
// The same, and refuses with `policy.quorum_missed`.
core::Result<WitnessedCheckpoint> open_witnessed(std::string_view note_bytes, const Policy& policy);

struct WitnessedReceipt {
  VerifiedReceipt receipt;
  std::vector<VerifiedSignature> cosignatures;
};

// A .tlog-proof that holds its entry. Refuses as parse_proof and open_witnessed do, with
// `proof.malformed` if there is no extra line, and with `proof.not_included`.
core::Result<WitnessedReceipt> verify_witnessed_receipt(std::string_view bytes,
                                                        const Policy& policy);

}  // namespace tally::ledger
