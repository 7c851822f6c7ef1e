#include "api/cli/audit_outside.h"

#include <utility>

#include "core/file.h"
#include "ledger/checkpoint.h"
#include "ledger/cose.h"
#include "ledger/tile.h"

namespace tally::api {
namespace {

using core::Error;
using core::Hash;
using core::Result;
using ledger::LedgerSource;
using ledger::TreeHead;

// The tiles were found right, so they give the root of each size.
ledger::TileSubtrees tiles_of(LedgerSource& source) {
  return ledger::TileSubtrees([&source](unsigned level, std::uint64_t tile) {
    std::string bytes;
    source.visit_tile(level, tile, [&](std::string_view found) { bytes = found; });
    return bytes;
  });
}

Result<ledger::VerifiedReceipt> verify(const std::string& bytes, const ledger::LogKeys& log_keys) {
  return ledger::is_cose_receipt(bytes) ? ledger::verify_cose_receipt(bytes, log_keys)
                                        : ledger::verify_receipt(bytes, log_keys);
}

Result<HeldReceipt> read_receipt(const std::string& file, const ledger::LogKeys& log_keys) {
  auto bytes = core::read_file(file, ledger::note_bytes_max + 1);
  if (!bytes) return bytes.error();
  auto receipt = verify(*bytes, log_keys);
  if (receipt) return HeldReceipt{file, *std::move(bytes), *std::move(receipt)};
  Error error = receipt.error();
  error.message = file + ": " + error.message;
  return error;
}

std::optional<ledger::LogKeys> keys_at(const AuditedLog& log, std::uint64_t size) {
  return ledger::keys_in_force(log.log_keys, log.structure.retired, size);
}

void compare_receipt(const AuditedLog& log, const HeldReceipt& held, OutsideReport& report) {
  const TreeHead& head = log.structure.head;
  const TreeHead& then = held.receipt.checkpoint.head;
  std::string index = std::to_string(held.receipt.index);
  auto add = [&](const char* code, std::string words, std::string expected, std::string found) {
    auto keys = keys_at(log, then.size);
    if (!keys || !verify(held.bytes, *keys)) {
      code = "receipt.key_retired";
      words += " The receipt is signed only by a key that this ledger had retired by then.";
    }
    report.findings.push_back({"receipts", code, "receipt " + held.file, std::move(words),
                               std::move(expected), std::move(found)});
  };
  if (then.size > head.size) {
    return add("receipt.not_in_ledger",
               "The log has signed a longer ledger than the one that is shown.",
               "at least " + std::to_string(then.size) + " entries", std::to_string(head.size));
  }
  auto tiles = tiles_of(log.source);
  Hash root = ledger::root_of(tiles, then.size);
  if (root == then.root) return;  // and the entry with it
  Hash leaf = tiles.subtree(0, held.receipt.index);
  if (leaf != held.receipt.leaf) {
    return add("receipt.not_in_ledger",
               "Another entry stands at " + index + " than the one that the receipt proves.",
               core::to_hex(held.receipt.leaf), core::to_hex(leaf));
  }
  add("ledger.forked",
      "The first " + std::to_string(then.size) +
          " entries are not those that the log signed in the receipt: it has shown two histories.",
      core::to_hex(then.root), core::to_hex(root));
}

}  // namespace

Result<std::vector<HeldReceipt>> read_receipts(const std::vector<std::string>& files,
                                               const ledger::LogKeys& log_keys) {
  std::vector<HeldReceipt> receipts;
  for (const std::string& file : files) {
    auto receipt = read_receipt(file, log_keys);
    if (!receipt) return receipt.error();
    receipts.push_back(*std::move(receipt));
  }
  return receipts;
}

void compare_receipts(const AuditedLog& log,
                      std::span<const HeldReceipt> receipts,
                      OutsideReport& report) {
  for (const HeldReceipt& held : receipts) compare_receipt(log, held, report);
  report.receipts = receipts.size();
}

void judge_quorum(const AuditedLog& log,
                  const std::optional<std::string>& checkpoint,
                  const ledger::Policy& policy,
                  OutsideReport& report) {
  report.has_policy = true;
  auto add = [&](std::string code, std::string words, std::string expected, std::string found) {
    report.findings.push_back({"witnesses", std::move(code), "checkpoint", std::move(words),
                               std::move(expected), std::move(found)});
  };
  if (!checkpoint || checkpoint->empty())
    return add("checkpoint.not_published", "No checkpoint is shown.", "", "");
  auto opened = ledger::open_witnessed(*checkpoint, policy);
  if (!opened) return add(opened.error().code, opened.error().message, "", "");
  const std::string& origin = log.log_keys.origin();
  if (!ledger::open_checkpoint(*checkpoint, origin, log.log_keys)) {
    return add("policy.other_log", "The policy believes another key of this log than the audit.",
               ledger::format_vkey(log.log_keys.all().front()),
               ledger::format_vkey(opened->log.key));
  }
  const TreeHead& shown = opened->checkpoint.head;
  auto keys = keys_at(log, shown.size);
  if (!keys || !ledger::open_checkpoint(*checkpoint, origin, *keys)) {
    return add("checkpoint.key_retired",
               "The checkpoint is signed only by a key that was retired before.", "",
               ledger::format_vkey(opened->log.key));
  }
  const TreeHead& head = log.structure.head;
  Hash root = shown.size > head.size ? Hash{} : ledger::root_of(tiles_of(log.source), shown.size);
  if (root != shown.root) {
    return add("ledger.forked", "The checkpoint that witnesses cosigned is none of this ledger's.",
               core::to_hex(shown.root), core::to_hex(root));
  }
  report.cosignatures = std::move(opened->cosignatures);
}

}  // namespace tally::api
