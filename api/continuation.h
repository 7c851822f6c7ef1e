// `restore --continue`: a ledger that was lost in part goes on as another one.
//
// From a backup, and whatever else is left of the log: replicas, exports, receipts. What they hold together
// is carried into a new log under a new origin and a new key (space/continuation/continuation.h); the tables
// are made anew from that, as an audit would make them, and the whole is audited before it is put in place.
//
// What lay in the database alone and came after the backup (names, tokens, content, predictions, the values
// of labels) is in no ledger and does not come back.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "api/data_dir.h"
#include "core/mapping.h"
#include "core/result.h"
#include "core/time.h"
#include "ledger/log_keys.h"

namespace tally::api {

struct ContinueOptions {
  std::string backup;                            // the file that make_backup wrote
  ledger::LogKeys log_keys;                      // of the log that is continued
  std::string origin;                            // of the new one
  std::vector<std::string> from;                 // replicas, exports, databases and receipts
  std::optional<std::string> newest_checkpoint;  // none: nobody can have seen a later one
};

struct Continued {
  std::uint64_t carried = 0;    // entries of the old log, from its first on
  std::uint64_t contracts = 0;  // that are held until both their parties have confirmed
  std::uint64_t entries = 0;    // of the new log
  std::uint64_t last_size = 0;  // the largest of the old one that anybody saw signed
  std::string log_vkey;
  std::string origin;
  std::uint64_t recovered = 0;  // entries that receipts prove beyond those

  // Entries of which nothing is known but that they were there.
  std::uint64_t lost() const { return last_size - carried - recovered; }

  static constexpr auto fields = core::FieldList{core::field("carried", &Continued::carried),
                                                 core::field("contracts", &Continued::contracts),
                                                 core::field("entries", &Continued::entries),
                                                 core::field("last_size", &Continued::last_size),
                                                 core::field("log_vkey", &Continued::log_vkey),
                                                 core::field("origin", &Continued::origin),
                                                 core::field("recovered", &Continued::recovered)};
};

// `dir` holds the keys of the old server but for log.key (operator.key, master.key, secret.key,
// subjects.db), and no database. Its log.key, where there is one, becomes keys/former-log.key; a key that
// was to follow it (api/rotation.h) keys/former-log.next.key. Of a log whose key was exchanged, log_keys
// are those by which its sources were signed; one of them is in force behind what is carried.
//
// Refusals, of which none puts a database in place: those of restore_backup, and
//   continue.same_origin       the new origin is the old one
//   origin.malformed
//   continue.key_missing       one of the server's other keys
//   continue.source_failed     what --from names is not this log's, or its structure is wrong; it was
//                              signed by a key that had been retired, or that no entry names
//   continue.wrong_operator_key
//                              operator.key holds no key that is the operator's behind what is carried
//   continue.no_key_in_force   no key that was given is in force behind what is carried
//   restore.forked             two of the sources hold different histories
//   continue.document_missing  a contract's document is in none of the sources
//   continue.entry_too_large   an entry that does not fit into one that carries it
//   continue.audit_failed      the audit finds something in what was made (the first finding)
core::Result<Continued> continue_ledger(const ContinueOptions& options,
                                        const DataDir& dir,
                                        const core::Clock& clock = core::system_clock());

}  // namespace tally::api
