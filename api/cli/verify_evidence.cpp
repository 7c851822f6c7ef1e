#include "api/cli/verify_evidence.h"

#include <fstream>
#include <ostream>

#include "core/json.h"
#include "core/time.h"
#include "space/evidence/evidence.h"
#include "space/evidence/evidence_check.h"

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

Result<EvidenceVerdict> check_file(const std::string& path, const ledger::VerifierKey& key) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return Error{Refusal::not_found, "file.unreadable", "Cannot read " + path + "."};
  space::EvidenceCheck check(key);
  while (auto line = read_line(file)) {
    if (auto done = check.take(*line); !done) return done.error();
  }
  return check.finish();
}

void print(const EvidenceVerdict& verdict, std::ostream& out) {
  out << "Proved: these are all " << verdict.uses << " uses under " << verdict.contract
      << " up to the attestation at entry " << verdict.attested_entry << " of "
      << verdict.checkpoint.origin << "\n"
      << "  provider    " << verdict.provider.text() << "\n"
      << "  consumer    " << verdict.consumer.text() << "\n"
      << "  state       " << space::state_name(verdict.state) << ", " << verdict.uses << " of "
      << verdict.limit << " uses, " << verdict.voided << " voided, " << verdict.redelivered
      << " repeated\n"
      << "  entries     " << verdict.entries << " of the contract, none missing\n"
      << "  attested    " << core::format_time(verdict.attested_at) << "\n"
      << "  checkpoint  size " << verdict.checkpoint.head.size << ", root "
      << core::to_hex(verdict.checkpoint.head.root) << "\n";
  if (verdict.asserted > 0) {
    out << "  asserted    " << verdict.asserted
        << " uses rest on a bearer token alone: that the consumer asked for them is\n"
        << "              asserted by the operator\n";
  }
}

Json to_json(const EvidenceVerdict& verdict) {
  return Json::object({{"verify", "proved"},
                       {"origin", verdict.checkpoint.origin},
                       {"contract", verdict.contract},
                       {"provider", verdict.provider.text()},
                       {"consumer", verdict.consumer.text()},
                       {"state", space::state_name(verdict.state)},
                       {"uses", verdict.uses},
                       {"limit", verdict.limit},
                       {"voided", verdict.voided},
                       {"redelivered", verdict.redelivered},
                       {"asserted_by_operator", verdict.asserted},
                       {"entries", verdict.entries},
                       {"attested_entry", verdict.attested_entry},
                       {"attested_at", core::format_time(verdict.attested_at)},
                       {"size", count_json(verdict.checkpoint.head.size)},
                       {"root", core::to_hex(verdict.checkpoint.head.root)}});
}

}  // namespace

bool is_evidence(const std::string& path) {
  constexpr std::string_view begin = "{\"checkpoint\":\"";
  std::ifstream file(path, std::ios::binary);
  std::string bytes(begin.size(), '\0');
  return file.read(bytes.data(), static_cast<std::streamsize>(bytes.size())) && bytes == begin;
}

Result<core::Done> verify_evidence(const std::string& path,
                                   const ledger::VerifierKey& key,
                                   std::uint64_t attested_from,
                                   bool json,
                                   Terminal& terminal) {
  auto verdict = check_file(path, key);
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
  return core::Done{};
}

}  // namespace tally::api
