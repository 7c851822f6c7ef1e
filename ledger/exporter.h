// Writes a ledger as static files, for any web server or object store (C2SP tlog-tiles):
//
//   DIR/checkpoint                        the published checkpoint
//   DIR/tile/<L>/<N>[.p/<W>]              hashes
//   DIR/tile/entries/<N>[.p/<W>]          entries, where they are asked for: they are an auditor's
//   DIR/documents/<64 hex>                with them, the documents that they file
//
// Nothing is copied unseen: from the checkpoint's root downwards each tile must give the hash in the
// tile above it, each entry the hash in its tile. The same decides which files that are there already
// are right and stay, so that an export which broke off is taken up again, and one of yesterday grown.
//
// Each file appears whole and durable, the checkpoint last: whenever the power fails, what DIR's
// checkpoint implies is there. The partial tiles of earlier sizes stay, for those who hold an earlier
// checkpoint. The new checkpoint must be consistent with the one that is there; a directory never
// shows two histories.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "core/result.h"
#include "ledger/checkpoint.h"
#include "ledger/documents.h"
#include "ledger/note.h"
#include "ledger/source.h"

namespace tally::ledger {

struct ExportOptions {
  bool with_entries = false;
  // With entries: where documents are, and which one an entry files. One that is not there is left
  // out (an audit will not pass what rests on it); one with other bytes is refused.
  Documents* documents = nullptr;
  std::function<std::optional<Hash>(std::string_view entry)> document_of = {};
  std::optional<LogKeys> log_keys = {};  // none: the checkpoint's signature is not looked at
  // Told after each file how many entries lie before its end, in the order of the ledger.
  std::function<void(std::uint64_t entries)> progress = {};
};

struct ExportReport {
  Checkpoint checkpoint;
  std::uint64_t files_written = 0;
  std::uint64_t files_kept = 0;  // were there and right
  std::uint64_t bytes_written = 0;
};

// `checkpoint_note` is what the source publishes; the source may hold more. Memory is constant.
//
// Refusals, of which none changes DIR's checkpoint:
//   those of parse_note, parse_checkpoint and, with a key, open_checkpoint
//   export.wrong_source   a tile, entry or document of the source is not what the root says
//   export.no_checkpoint  DIR/checkpoint is not a checkpoint
//   export.other_log      DIR holds another log
//   export.behind         DIR holds a larger size
//   export.forked         DIR's checkpoint is not consistent with the new one
//   file.locked           another export is at work there
// Throws core::Broken when files cannot be written or the source cannot be read.
core::Result<ExportReport> export_ledger(LedgerSource& source,
                                         const std::string& checkpoint_note,
                                         const std::string& directory,
                                         const ExportOptions& options = {});

}  // namespace tally::ledger
