#include "api/cli/verify_evidence.h"

#include <fstream>
#include <optional>
#include <ostream>
#include <vector>

#include "api/cli/cosigned.h"
#include "core/json.h"
#include "core/time.h"
#include "space/evidence/evidence.h"

namespace tally::api {
namespace {

using core::Error;
using core::Json;
using core::Refusal;
using core::Result;
using space::EvidenceVerdict;

// The next line, without its end; nothing at the end of the file.
std::optional<std::string> read_line(std::istream& in) {
  std::string line;
  for (char c = 0; in.get(c);) {
    if (c == '\n') return line;
    line += c;
    if (line.size() > space::evidence_line_bytes_max) return line;  // too long to be one
  }
  if (line.empty()) return std::nullopt;
  return line;
}

Result<EvidenceVerdict> check_file(const std::string& path, space::EvidenceCheck& check) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return Error{Refusal::not_found, "file.unreadable", "Cannot read " + path + "."};
  while (auto line = read_line(file)) {
    if (auto done = check.take(*line); !done) return done.error();
  }
  return check.finish();
}

// What no part of a ledger can show, in a line.
constexpr const char* not_shown =
    "that there is no second chain of this contract and no second registration of a party:\n"
    "              `tallystick audit` of the ledger, or the other party's evidence or receipts";

void print_keys(const char* role,
                const space::PartyId& party,
                const std::vector<space::ShownKey>& keys,
                std::ostream& out) {
  out << "  " << role << party.text() << "\n";
  for (const space::ShownKey& key : keys) {
    out << "    key       " << key.id.text() << ", of entry " << key.entry;
    if (key.retired) out << ", retired at entry " << *key.retired;
    if (key.has_signed) out << ", signed";
    out << (key.is_pinned ? ", as given\n" : ", not compared with --party-key\n");
  }
}

void print_asserted(const space::Asserted& asserted, std::ostream& out) {
  out << "  asserted    " << asserted.uses << " uses, " << asserted.redeliveries
      << " repetitions and " << asserted.voids << " voids by the operator alone: no party signed\n"
      << "              for them\n";
}

void print_unknown(const EvidenceVerdict& verdict, std::ostream& out) {
  for (const space::UnknownEntry& entry : verdict.unknown)
    out << "  unknown     entry " << entry.seq << ", " << entry.kind << "\n";
  std::uint64_t more = verdict.unknown_count - verdict.unknown.size();
  if (more > 0) out << "  unknown     and " << more << " more\n";
}

void print(const EvidenceVerdict& verdict, std::ostream& out) {
  bool is_whole = verdict.unknown_count == 0;
  out << (is_whole ? "Proved: these are all " : "Partly proved: ") << verdict.uses
      << " uses in this chain of " << verdict.contract << " up to the attestation at entry "
      << verdict.attested_entry << " of " << verdict.checkpoint.origin
      << (is_whole ? "\n" : ", beside entries of kinds that this program does not know\n");
  print_unknown(verdict, out);
  print_keys("provider    ", verdict.provider, verdict.provider_keys, out);
  print_keys("consumer    ", verdict.consumer, verdict.consumer_keys, out);
  out << "  state       " << space::state_name(verdict.state) << ", " << verdict.uses << " of "
      << verdict.limit << " uses, " << verdict.voided << " voided, " << verdict.redelivered
      << " repeated\n"
      << "  entries     " << verdict.entries << " of the contract, in one chain without a gap\n"
      << "  attested    " << core::format_time(verdict.attested_at) << "\n"
      << "  checkpoint  size " << verdict.checkpoint.head.size << ", root "
      << core::to_hex(verdict.checkpoint.head.root) << "\n";
  print_cosigned(verdict.cosignatures, out);
  print_asserted(verdict.asserted, out);
  out << "  not shown   " << not_shown << "\n";
}

Json keys_json(const std::vector<space::ShownKey>& keys) {
  Json::Array list;
  for (const space::ShownKey& key : keys) {
    Json one = Json::object({{"entry", key.entry},
                             {"key", key.id.text()},
                             {"pinned", key.is_pinned},
                             {"public_key", core::to_hex(key.public_key)},
                             {"signed", key.has_signed}});
    if (key.retired) one.add("retired_entry", *key.retired);
    list.push_back(std::move(one));
  }
  return Json(std::move(list));
}

Json unknown_json(const EvidenceVerdict& verdict) {
  Json::Array list;
  for (const space::UnknownEntry& entry : verdict.unknown)
    list.push_back(Json::object({{"entry", entry.seq}, {"kind", entry.kind}}));
  return Json(std::move(list));
}

Json to_json(const EvidenceVerdict& verdict) {
  const space::Asserted& asserted = verdict.asserted;
  return Json::object(
      {{"verify", verdict.unknown_count == 0 ? "proved" : "partly"},
       {"origin", verdict.checkpoint.origin},
       {"contract", verdict.contract},
       {"provider", verdict.provider.text()},
       {"provider_keys", keys_json(verdict.provider_keys)},
       {"consumer", verdict.consumer.text()},
       {"consumer_keys", keys_json(verdict.consumer_keys)},
       {"state", space::state_name(verdict.state)},
       {"uses", verdict.uses},
       {"limit", verdict.limit},
       {"voided", verdict.voided},
       {"redelivered", verdict.redelivered},
       {"asserted_by_operator", Json::object({{"others", asserted.others},
                                              {"redeliveries", asserted.redeliveries},
                                              {"uses", asserted.uses},
                                              {"voids", asserted.voids}})},
       {"unknown", verdict.unknown_count},
       {"unknown_entries", unknown_json(verdict)},
       {"not_shown", Json::array({"one_chain", "one_registration"})},
       {"entries", verdict.entries},
       {"attested_entry", verdict.attested_entry},
       {"attested_at", core::format_time(verdict.attested_at)},
       {"cosignatures", cosigned_json(verdict.cosignatures)},
       {"size", count_json(verdict.checkpoint.head.size)},
       {"root", core::to_hex(verdict.checkpoint.head.root)}});
}

}  // namespace

bool is_evidence(const std::string& path) {
  return std::ifstream(path, std::ios::binary).peek() == '{';
}

Result<int> verify_evidence(const std::string& path,
                            space::EvidenceCheck& check,
                            std::uint64_t attested_from,
                            bool json,
                            Terminal& terminal) {
  auto verdict = check_file(path, check);
  if (!verdict) return verdict.error();
  if (verdict->attested_entry < attested_from) {
    return Error{Refusal::invalid, "evidence.stale_attestation",
                 "The attestation stands at entry " + std::to_string(verdict->attested_entry) +
                     ", before " + std::to_string(attested_from) + "."};
  }
  if (json) {
    terminal.out << core::canonical(to_json(*verdict)) << "\n";
  } else {
    print(*verdict, terminal.out);
  }
  return verdict->unknown_count == 0 ? exit_done : exit_partly;
}

}  // namespace tally::api
