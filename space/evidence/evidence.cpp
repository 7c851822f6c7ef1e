#include "space/evidence/evidence.h"

#include <algorithm>
#include <utility>

#include "core/json.h"
#include "ledger/envelope.h"
#include "ledger/merkle_tree.h"
#include "ledger/store.h"
#include "ledger/tile.h"
#include "space/documents.h"
#include "space/erasure/erasure.h"
#include "space/evidence/attestation.h"
#include "space/parties/key_tables.h"
#include "space/parties/party_tables.h"

namespace tally::space {
namespace {

using core::Error;
using core::Refusal;
using core::Result;
using core::sql::Session;

// Rows of earlier versions may be a little earlier or later than their entries.
constexpr std::int64_t time_slack_ms = 2'000;

struct Statements {
  core::sql::Connection& db;
  core::sql::Statement size{db, "select size from ledger_head"};
};

std::uint64_t ledger_size(Session& session) {
  auto row = session.use<Statements>().size();
  return row.next() ? row.natural(0) : 0;
}

// A bundle, or what stands after the last complete one.
std::string read_entries(Session& session, std::uint64_t bundle) {
  std::uint64_t size = ledger_size(session);
  if (bundle < size / ledger::tile_width_max) {
    auto bytes = ledger::read_bundle(session, bundle);
    if (!bytes) throw core::Broken("the ledger lacks a bundle; run `tallystick audit`");
    return *std::move(bytes);
  }
  return ledger::read_tail(session, size);
}

std::vector<std::string_view> entries_of(const std::string& bundle) {
  auto entries = ledger::parse_bundle(bundle);
  if (!entries) throw core::Broken("the ledger holds a malformed bundle; run `tallystick audit`");
  return *std::move(entries);
}

// The last bundle that begins before that time; entries from it on may be of it.
std::uint64_t find_bundle(Session& session, core::Instant at) {
  std::uint64_t low = 0;
  std::uint64_t high = ledger_size(session) / ledger::tile_width_max;
  while (low < high) {
    std::uint64_t middle = low + (high - low + 1) / 2;
    std::string bundle = read_entries(session, middle);
    auto entries = entries_of(bundle);
    auto first = entries.empty() ? std::nullopt : ledger::read_envelope(entries[0]);
    if (first && first->at < at.unix_ms - time_slack_ms) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return low;
}

ledger::TileSubtrees subtrees_of(Session& session) {
  return ledger::TileSubtrees([&session](unsigned level, std::uint64_t tile) {
    return ledger::read_tile(session, level, tile).value_or("");
  });
}

struct FoundEntry {
  std::uint64_t seq = 0;
  std::string bytes;
};

// Whether an entry is about the contract, in its own chain.
bool continues(std::string_view entry, const std::string& contract) {
  if (entry.find("\"contract\":\"" + contract + "\"") == std::string_view::npos) return false;
  auto envelope = ledger::read_envelope(entry);
  auto body = envelope ? core::parse_json(envelope->body) : Result<core::Json>(Error{});
  if (!body) return false;
  const core::Json* id = body->find("contract");
  return id != nullptr && id->is_string() && id->as_string() == contract &&
         body->find("contract_seq") != nullptr;
}

std::optional<std::uint64_t> find_attestation(Session& session,
                                              const ContractRow& contract,
                                              std::uint64_t size) {
  std::uint64_t first = find_bundle(session, contract.offered_at);
  const std::string kind = "\"kind\":\"" + std::string(ContractAttested::kind) + "\"";
  for (std::uint64_t n = size / ledger::tile_width_max + 1; n-- > first;) {
    std::string bundle = read_entries(session, n);
    auto entries = entries_of(bundle);
    for (std::size_t i = entries.size(); i-- > 0;) {
      std::uint64_t seq = n * ledger::tile_width_max + i;
      if (seq >= size || entries[i].find(kind) == std::string_view::npos) continue;
      if (continues(entries[i], contract.id.text())) return seq;
    }
  }
  return std::nullopt;
}

FoundEntry find_registration(Session& session, const PartyId& id) {
  auto party = find_party(session, id);
  if (!party) throw core::Broken("the party of a contract vanished");
  const std::string member = "\"party\":\"" + id.text() + "\"";
  const std::string kind = "\"kind\":\"" + std::string(PartyRegistered::kind) + "\"";
  std::uint64_t end = ledger_size(session) / ledger::tile_width_max;
  for (std::uint64_t n = find_bundle(session, party->registered_at); n <= end; ++n) {
    std::string bundle = read_entries(session, n);
    auto entries = entries_of(bundle);
    for (std::size_t i = 0; i < entries.size(); ++i) {
      if (entries[i].find(kind) == std::string_view::npos) continue;
      if (entries[i].find(member) == std::string_view::npos) continue;
      return {n * ledger::tile_width_max + i, std::string(entries[i])};
    }
  }
  throw core::Broken("the ledger lacks the registration of " + id.text());
}

// Then its entries, or the keys of its parties, stand in entries that carry them.
bool began_in_another_log(Session& session, const ContractRow& contract) {
  auto opening = ledger::read_entry(session, 0);
  auto envelope = opening ? ledger::read_envelope(*opening) : std::nullopt;
  if (!envelope || envelope->kind != ledger::ledger_reopened_kind) return false;
  core::Instant began{envelope->at};
  for (const PartyId& id : {contract.provider, contract.consumer}) {
    auto party = find_party(session, id);
    if (!party || party->registered_at < began) return true;
  }
  return contract.offered_at < began;
}

}  // namespace

Result<EvidenceWriter> EvidenceWriter::open(Session& session,
                                            const Principal& caller,
                                            const ContractId& id,
                                            std::string checkpoint_note) {
  auto contract = find_visible(session, id, caller.party);
  if (!contract) return contract_not_found();
  if (auto erased = find_erasure(session, document_subject(contract->document)))
    return document_erased(id, erased->seq);
  auto note = ledger::parse_note(checkpoint_note);
  auto checkpoint =
      note ? ledger::parse_checkpoint(note->text) : Result<ledger::Checkpoint>(note.error());
  if (!checkpoint) throw core::Broken("the server's own checkpoint cannot be read");
  if (began_in_another_log(session, *contract)) {
    return Error{
        Refusal::conflict, "contract.carried",
        "the contract, or one of its parties, began in the ledger that this one continues; an "
        "audit of the whole ledger judges it"};
  }
  EvidenceWriter writer;
  writer.contract_ = *contract;
  writer.size_ = checkpoint->head.size;
  writer.note_ = std::move(checkpoint_note);
  auto attestation = find_attestation(session, *contract, writer.size_);
  if (!attestation) {
    return Error{Refusal::conflict, "contract.not_attested",
                 "no attestation closes the contract's entries yet; POST one to its attestations"};
  }
  writer.last_ = *attestation;
  writer.bundle_ = find_bundle(session, contract->offered_at);
  writer.key_entries_ =
      list_key_entries(session, contract->provider, contract->consumer, writer.last_);
  return writer;
}

std::string EvidenceWriter::entry_line(const ledger::TileSubtrees& subtrees,
                                       std::string_view entry,
                                       std::uint64_t seq) const {
  auto proof = ledger::prove_inclusion(subtrees, seq, size_);
  std::string line = "{\"entry\":" + std::string(entry) + ",\"path\":[";
  for (std::size_t i = 0; i < proof.path.size(); ++i) {
    line += (i > 0 ? ",\"" : "\"") + core::to_hex(proof.path[i]) + "\"";
  }
  return line + "]}\n";
}

std::string EvidenceWriter::head_lines(Session& session) {
  auto agreement = FiledDocuments(session).find(contract_.document);
  if (!agreement) throw core::Broken("the document of " + contract_.id.text() + " is not filed");
  std::string lines = core::canonical(core::Json::object(
      {{"checkpoint", note_}, {"contract", contract_.id.text()}, {"format", evidence_format}}));
  lines += "\n{\"document\":" + *agreement + "}\n";
  auto subtrees = subtrees_of(session);
  for (const PartyId& party : {contract_.provider, contract_.consumer}) {
    auto found = find_registration(session, party);
    lines += entry_line(subtrees, found.bytes, found.seq);
  }
  for (std::uint64_t seq : key_entries_) {
    if (seq >= bundle_ * ledger::tile_width_max) break;
    auto entry = ledger::read_entry(session, seq);
    if (!entry) throw core::Broken("the ledger lacks entry " + std::to_string(seq));
    lines += entry_line(subtrees, *entry, seq);
  }
  return lines;
}

void EvidenceWriter::add_entries(Session& session, std::uint64_t n, std::string& lines) {
  std::string bundle = read_entries(session, n);
  auto entries = entries_of(bundle);
  auto subtrees = subtrees_of(session);
  for (std::size_t i = 0; i < entries.size(); ++i) {
    std::uint64_t seq = n * ledger::tile_width_max + i;
    if (std::ranges::binary_search(key_entries_, seq)) {
      lines += entry_line(subtrees, entries[i], seq);
      continue;
    }
    if (seq > last_ || !continues(entries[i], contract_.id.text())) continue;
    auto envelope = ledger::read_envelope(entries[i]);
    auto filed = filed_document(envelope->kind, *core::parse_json(envelope->body));
    if (filed && *filed != contract_.document) {
      auto bytes = FiledDocuments(session).find(*filed);
      if (bytes) lines += "{\"document\":" + *bytes + "}\n";
    }
    lines += entry_line(subtrees, entries[i], seq);
  }
}

bool EvidenceWriter::next(Session& session, std::string& lines) {
  lines.clear();
  if (!std::exchange(has_begun_, true)) {
    lines = head_lines(session);
    return true;
  }
  while (lines.empty() && bundle_ <= last_ / ledger::tile_width_max) {
    add_entries(session, bundle_++, lines);
  }
  return !lines.empty();
}

}  // namespace tally::space
