// The keys that the server signs with, exchanged for others in two steps, each of which the next start
// carries out, behind the comparison with the witnesses (docs/keys.md). NAME is log or operator:
//
//   plan_.._key         keys/NAME.next.key is made. At the next start log.key_added/1 or party.key_added/1
//                       is appended. From there on every checkpoint bears both signatures; a grant bears
//                       one, still by the old key, while all learn the new one
//   plan_.._retirement  keys/NAME.retiring is made. At the next start log.key_retired/1 or
//                       party.key_retired/1 is appended; then the new key takes the old one's place, whose
//                       file is overwritten and removed
//
// A crash between any two steps is made good by the next start.
#pragma once

#include <string>

#include "api/data_dir.h"
#include "api/store.h"
#include "core/result.h"

namespace tally::api {

struct PlannedKey {
  ledger::VerifierKey now;
  ledger::VerifierKey next;
  bool was_planned = false;  // before: nothing was made now
};

// Refusals: those of read_keys, rotate.retiring (conflict: another exchange comes to its end first),
// those of core::write_file.
core::Result<PlannedKey> plan_log_key(const DataDir& dir);

// Refusals: those of read_keys, rotate.no_next_key (conflict), rotate.not_in_force (conflict: no
// checkpoint bears the new key's signature yet), rotate.retired_before (conflict), those of core::write_file.
core::Result<PlannedKey> plan_log_retirement(const DataDir& dir);

// The same for operator.key, which signs grants.
struct PlannedOperatorKey {
  core::Hash now;  // public keys
  core::Hash next;
  bool was_planned = false;
};
core::Result<PlannedOperatorKey> plan_operator_key(const DataDir& dir);
core::Result<PlannedOperatorKey> plan_operator_retirement(const DataDir& dir);

// Before anything is written or leaves the process (Store::BeforeWriting). Throws Broken when operator.key
// is no valid key of the ledger's operator and none that follows it is, when the key to follow it was
// retired, and when the ledger names a key in force, of the log or the operator, that is not there, unless
// such keys are to be retired.
void check_keys(core::sql::Session& session,
                const ledger::Ledger& ledger,
                const ServerKeys& keys,
                bool retires_missing);

// At start, behind check_keys, before anything is served. Retires the keys in force that are not there.
// A key is retired one start behind the addition of the one that follows, at the soonest; one that the
// ledger says is retired gives up its place. Throw Broken when a file cannot be written or removed.
void exchange_log_key(Store& store, const DataDir& dir, const ServerKeys& keys);
// The key that grants are signed with from here on.
core::SigningKey exchange_operator_key(Store& store, const DataDir& dir, const ServerKeys& keys);

}  // namespace tally::api
