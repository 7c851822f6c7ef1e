// The structural audit: reads every byte of a ledger again and names the first thing that is wrong.
//
// Checked are
//   entries     their framing and form; `seq` is the position, `prev` the leaf hash of the entry
//               before, `at` never goes back; entry 0 names the log
//   tiles       of every level, against the hashes of the entries
//   head row    every column, against what was computed
//   checkpoint  signed by the log's key, and its root is that of the entries up to its size
//   rows        that should not be there
// What an entry means is not looked at.
//
// Only the key given by the caller is trusted, never one from what is checked: whoever can write the
// database but not sign can make all of it agree except the checkpoint. Entries after the stored
// checkpoint are vouched for by nobody yet; the report counts them.
//
// Memory is constant. Hashes are compared before links, so that the entry that was changed is named
// and not the one after it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/bytes.h"
#include "ledger/checkpoint.h"
#include "ledger/merkle_tree.h"
#include "ledger/note.h"
#include "ledger/source.h"

namespace tally::ledger {

// Where a finding is.
struct Place {
  enum class Kind : std::uint8_t { entry, tile, head, checkpoint, bundle, batch };

  Kind kind = Kind::entry;
  std::uint64_t seq = 0;  // of an entry; the number of a bundle
  std::int64_t level = 0;
  std::int64_t tile = 0;
  std::string column = {};  // of the head or checkpoint row; empty: the row itself

  static Place entry(std::uint64_t seq) { return {.kind = Kind::entry, .seq = seq}; }
  static Place tile_at(std::int64_t level, std::int64_t tile) {
    return {.kind = Kind::tile, .level = level, .tile = tile};
  }
  static Place head(std::string column) {
    return {.kind = Kind::head, .column = std::move(column)};
  }
  static Place checkpoint(std::string column) {
    return {.kind = Kind::checkpoint, .column = std::move(column)};
  }

  // "entry 17", "tile 0/1", "head.root", "checkpoint.note", "bundle 3", "batch"
  std::string text() const;
  bool operator==(const Place&) const = default;
};

struct Finding {
  std::string code;  // for programs: "entry.changed"
  Place place;
  std::string words;     // for people: one sentence
  std::string expected;  // where two values differ; else empty
  std::string found;
};

// A key of the caller's, and the entry that adds or retires it: from the checkpoint on that holds that
// entry it has to sign, or signs no more.
struct KeyChange {
  VerifierKey key;
  std::uint64_t seq = 0;
};

// Those of the keys that may sign a checkpoint of that size; nothing when all were retired before.
std::optional<LogKeys> keys_in_force(const LogKeys& keys,
                                     std::span<const KeyChange> retired,
                                     std::uint64_t size);

struct AuditReport {
  std::uint64_t entries = 0;  // read and found right
  std::uint64_t entry_bytes = 0;
  TreeHead head;                         // computed from those entries
  std::optional<Checkpoint> checkpoint;  // signed by the key
  std::uint64_t unsigned_entries = 0;    // after the checkpoint
  std::vector<Finding> findings;         // the first one in the ledger's order comes first
  std::vector<Finding> doubts;           // not wrong, and not to be told from what is wrong
  std::vector<KeyChange> retired;        // each key once

  bool passed() const { return findings.empty(); }
};

struct AuditOptions {
  unsigned threads = 1;  // that hash; the source is read by the caller's thread alone
  // Told now and then how many entries have been read.
  std::function<void(std::uint64_t entries)> progress = {};
};

// One of the keys has to have signed the checkpoint. Where a key that was given was retired since, and
// no other is known, the finding says so (checkpoint.key_retired). Of several, each that is in force has
// to have signed (checkpoint.key_did_not_sign), and one that was retired is followed by one that signed,
// or that is a doubt (checkpoint.newer_key_retired). Precondition: they are of type Ed25519. Throws
// core::Broken when the source cannot be read.
AuditReport audit(LedgerSource& source, const LogKeys& log_keys, const AuditOptions& options = {});

}  // namespace tally::ledger
