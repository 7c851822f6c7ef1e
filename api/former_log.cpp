#include "api/former_log.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <utility>

#include "api/source_url.h"
#include "core/file.h"
#include "core/hash.h"
#include "core/json.h"
#include "ledger/auditor.h"
#include "ledger/checkpoint.h"
#include "ledger/conduct.h"
#include "ledger/envelope.h"
#include "ledger/tile.h"

namespace tally::api {
namespace {

namespace fs = std::filesystem;
using core::Done;
using core::Error;
using core::Refusal;
using core::Result;

Error failed(const std::string& place, const std::string& why) {
  return {Refusal::invalid, "continue.source_failed", place + ": " + why};
}

Error forked(const std::string& place, std::uint64_t size) {
  return {Refusal::conflict, "restore.forked",
          place + " is of another history than the rest, at size " + std::to_string(size) +
              "; keep all of it, it is evidence"};
}

// A receipt is a small file that begins as C2SP tlog-proof says.
std::optional<std::string> read_receipt(const std::string& place) {
  if (is_url(place) || !fs::is_regular_file(place) || fs::file_size(place) > 64 * 1024)
    return std::nullopt;
  auto bytes = core::read_file(place, 64 * 1024);
  if (!bytes || !ledger::parse_proof(*bytes)) return std::nullopt;
  return *std::move(bytes);
}

}  // namespace

Result<FormerLog> FormerLog::gather(const std::string& database,
                                    const std::vector<std::string>& from,
                                    const std::optional<std::string>& newest_checkpoint,
                                    const ledger::LogKeys& log_keys) {
  FormerLog log(log_keys);
  if (auto added = log.add_source(database); !added) return added.error();
  for (const std::string& place : from) {
    auto receipt = read_receipt(place);
    auto added = receipt ? log.add_receipt(place, *receipt) : log.add_source(place);
    if (!added) return added.error();
  }
  if (auto compared = log.compare(); !compared) return compared.error();
  if (auto read = log.read_keys(); !read) return read.error();
  if (newest_checkpoint) {
    if (auto seen = log.see_newest(*newest_checkpoint); !seen) return seen.error();
  }
  if (auto sorted = log.sort_receipts(); !sorted) return sorted.error();
  return log;
}

Result<Done> FormerLog::add_source(const std::string& place) {
  try {
    auto opened = open_ledger({.from = place});
    if (!opened) return failed(place, opened.error().message);
    auto report = ledger::audit(*opened->source, log_keys_);
    if (!report.passed()) {
      const auto& finding = report.findings.front();
      return failed(place, "the audit found " + finding.code + " at " + finding.place.text() +
                               ": " + finding.words);
    }
    sources_.push_back({place, *std::move(opened), report.head});
    return Done{};
  } catch (const core::Broken& broken) {
    return failed(place, broken.what());
  }
}

Result<Done> FormerLog::add_receipt(const std::string& place, const std::string& bytes) {
  auto receipt = ledger::verify_receipt(bytes, log_keys_);
  if (!receipt) return failed(place, receipt.error().message);
  proved_.emplace_back(*std::move(receipt), bytes);
  return Done{};
}

// The longest is carried; all others are an earlier state of it.
Result<Done> FormerLog::compare() {
  for (std::size_t i = 1; i < sources_.size(); ++i) {
    if (sources_[i].head.size > sources_[longest_].head.size) longest_ = i;
  }
  carried_ = sources_[longest_].head;
  last_ = carried_;
  for (const Source& source : sources_) {
    if (source.head.size > 0 && root_at(source.head.size) != source.head.root)
      return forked(source.place, source.head.size);
  }
  return Done{};
}

// What the entries that are carried say of the log's keys.
Result<Done> FormerLog::read_keys() {
  const std::string& origin = log_keys_.origin();
  visit_entries([&](std::string_view entry) {
    bool may_name_one = named_.is_empty() || entry.find("\"log.key_") != std::string_view::npos;
    auto envelope = may_name_one ? ledger::read_envelope(entry) : std::nullopt;
    auto body = envelope ? core::parse_json(envelope->body) : Result<core::Json>(Error{});
    if (body) named_.take(origin, envelope->kind, *body);
    return true;
  });
  for (const auto& key : log_keys_.all()) {
    if (!log_key_ && named_.is_in_force(ledger::format_vkey(key))) log_key_ = key;
  }
  if (log_key_) return Done{};
  return Error{Refusal::invalid, "continue.no_key_in_force",
               "no key that was given is one of " + origin + " behind entry " +
                   std::to_string(carried_.size - 1) + ", where what is left ends"};
}

// Behind what is carried a key that was retired there says nothing more.
Result<Done> FormerLog::see_newest(const std::string& note) {
  auto newest = ledger::open_checkpoint(note, log_keys_.origin(), log_keys_);
  if (!newest) return newest.error();
  std::vector<ledger::VerifierKey> retired;
  for (const auto& key : log_keys_.all()) {
    std::string vkey = ledger::format_vkey(key);
    if (named_.knows(vkey) && !named_.is_in_force(vkey)) retired.push_back(key);
  }
  auto left = log_keys_.without(retired);
  if (newest->head.size > carried_.size &&
      (!left || !ledger::open_checkpoint(note, left->origin(), *left)))
    return failed("the newest checkpoint", "it is signed by a key that was retired before");
  return see(newest->head, "the newest checkpoint");
}

ledger::Hash FormerLog::root_at(std::uint64_t size) {
  if (size == carried_.size) return carried_.root;
  ledger::TileSubtrees tiles([this](unsigned level, std::uint64_t tile) {
    std::string bytes;
    sources_[longest_].opened.source->visit_tile(level, tile,
                                                 [&](std::string_view found) { bytes = found; });
    return bytes;
  });
  return ledger::root_of(tiles, size);
}

// A head that the log signed.
Result<Done> FormerLog::see(const ledger::TreeHead& head, const std::string& place) {
  if (head.size > 0 && head.size <= carried_.size && root_at(head.size) != head.root)
    return forked(place, head.size);
  if (head.size == last_.size && head.root != last_.root) return forked(place, head.size);
  if (head.size > last_.size) last_ = head;
  return Done{};
}

Result<Done> FormerLog::sort_receipts() {
  std::map<std::uint64_t, std::pair<ledger::VerifiedReceipt, std::string>> by_index;
  for (auto& [receipt, bytes] : proved_) {
    std::string place = "the receipt of entry " + std::to_string(receipt.index);
    if (auto seen = see(receipt.checkpoint.head, place); !seen) return seen;
    if (receipt.index < carried_.size) continue;
    auto [known, is_new] = by_index.try_emplace(receipt.index, receipt, bytes);
    if (!is_new && known->second.first.leaf != receipt.leaf) return forked(place, receipt.index);
  }
  for (const auto& [index, known] : by_index) {
    if (auto kept = keep_receipt(known.first, known.second); !kept) return kept;
  }
  return Done{};
}

// As the audit of the new log will judge it: signed by a key that was in force, as far as entries say.
Result<Done> FormerLog::keep_receipt(const ledger::VerifiedReceipt& receipt,
                                     const std::string& bytes) {
  auto keys = named_.in_force(log_keys_.origin());
  if (!keys || !ledger::verify_receipt(bytes, *keys)) {
    return failed("the receipt of entry " + std::to_string(receipt.index),
                  "it is signed by a key that was retired before, or that no entry names that is "
                  "left");
  }
  auto envelope = ledger::read_envelope(receipt.entry);
  auto body = envelope ? core::parse_json(envelope->body) : Result<core::Json>(Error{});
  if (body) named_.take(log_keys_.origin(), envelope->kind, *body);
  receipts_.push_back(bytes);
  return Done{};
}

void FormerLog::visit_entries(const std::function<bool(std::string_view entry)>& visit) {
  ledger::visit_entries(*sources_[longest_].opened.source, 0, visit);
}

std::optional<std::string> FormerLog::find_document(const core::Hash& digest) {
  for (Source& source : sources_) {
    auto bytes = source.opened.documents->find(digest);
    if (bytes && core::sha256(*bytes) == digest) return bytes;
  }
  return std::nullopt;
}

}  // namespace tally::api
