#include "api/cli/verify.h"

#include <memory>
#include <ostream>

#include <CLI/CLI.hpp>

#include "api/cli/log_key.h"
#include "core/file.h"
#include "core/json.h"
#include "core/time.h"
#include "ledger/cose.h"
#include "ledger/envelope.h"
#include "ledger/proof.h"

namespace tally::api {
namespace {

using core::Error;
using core::Json;
using core::Refusal;
using core::Result;
using ledger::VerifiedReceipt;

constexpr const char* footer =
    "RECEIPT is a .tlog-proof file (C2SP) or a .cose file (RFC 9942). Nothing else is needed, and\n"
    "nothing is asked of a server.\n"
    "Exit codes: 0 the entry is in the log; 1 it is not proved; 2 could not check.";

struct Options {
  std::string receipt;
  std::string key;
  bool json = false;
};

// What a proved entry says.
struct Claim {
  VerifiedReceipt receipt;
  Json entry;
};

Result<Claim> read_claim(const std::string& bytes, const ledger::VerifierKey& key) {
  auto receipt = ledger::is_cose_receipt(bytes) ? ledger::verify_cose_receipt(bytes, key)
                                                : ledger::verify_receipt(bytes, key);
  if (!receipt) return receipt.error();
  auto envelope = ledger::read_envelope(receipt->entry);
  auto entry = core::parse_json(receipt->entry);
  if (!envelope || !entry) {
    return Error{Refusal::malformed, "receipt.not_an_entry",
                 "What the receipt proves is not an entry of a ledger."};
  }
  if (envelope->seq != receipt->index) {
    return Error{Refusal::invalid, "receipt.wrong_seq",
                 "The entry calls itself " + std::to_string(envelope->seq) + " and stands at " +
                     std::to_string(receipt->index) + "."};
  }
  return Claim{*std::move(receipt), *std::move(entry)};
}

std::string in_line(const Json& value) {
  return value.is_string() ? value.as_string() : core::canonical(value);
}

std::string time_of(const Claim& claim) {
  return core::format_time({claim.entry.find("at")->as_integer()});
}

void print(const Claim& claim, std::ostream& out) {
  const ledger::Checkpoint& checkpoint = claim.receipt.checkpoint;
  out << "Proved: entry " << claim.receipt.index << " of " << checkpoint.origin << "\n";
  out << "  kind        " << in_line(*claim.entry.find("kind")) << "\n";
  out << "  at          " << time_of(claim) << "\n";
  out << "  by          " << in_line(*claim.entry.find("by")) << "\n";
  out << "  checkpoint  size " << checkpoint.head.size << ", root "
      << core::to_hex(checkpoint.head.root) << "\n";
  for (const auto& [name, value] : claim.entry.find("body")->as_object()) {
    out << "    " << name << ": " << in_line(value) << "\n";
  }
}

Json to_json(const Claim& claim) {
  const ledger::Checkpoint& checkpoint = claim.receipt.checkpoint;
  return Json::object({{"verify", "proved"},
                       {"origin", checkpoint.origin},
                       {"index", count_json(claim.receipt.index)},
                       {"size", count_json(checkpoint.head.size)},
                       {"root", core::to_hex(checkpoint.head.root)},
                       {"time", time_of(claim)},
                       {"entry", claim.entry}});
}

int refused(
    const Options& options, const char* verdict, const Error& error, int code, Terminal& terminal) {
  if (options.json) {
    terminal.out << core::canonical(Json::object(
                        {{"verify", verdict}, {"code", error.code}, {"words", error.message}}))
                 << "\n";
  }
  return report(terminal, "verify", error, code);
}

int verify_command(const Options& options, Terminal& terminal) {
  auto key = read_log_key(options.key);
  if (!key) return refused(options, "not_checked", key.error(), exit_could_not, terminal);
  auto bytes = core::read_file(options.receipt, ledger::note_bytes_max + 1);
  if (!bytes) return refused(options, "not_checked", bytes.error(), exit_could_not, terminal);
  auto claim = read_claim(*bytes, *key);
  if (!claim) return refused(options, "not_proved", claim.error(), exit_refused, terminal);
  if (options.json) {
    terminal.out << core::canonical(to_json(*claim)) << "\n";
  } else {
    print(*claim, terminal.out);
  }
  return exit_done;
}

}  // namespace

void add_verify_command(CLI::App& app, Chosen& chosen) {
  auto options = std::make_shared<Options>();
  CLI::App* verify =
      app.add_subcommand("verify", "Check a receipt offline and print what its entry says");
  verify->add_option("RECEIPT", options->receipt, "The .tlog-proof or .cose file")->required();
  verify->add_option("--key", options->key, "The log's public key: a vkey, or @FILE");
  verify->add_flag("--json", options->json, "One JSON object");
  verify->footer(footer);
  verify->callback([options, &chosen] {
    chosen = [options](Terminal& terminal) { return verify_command(*options, terminal); };
  });
}

}  // namespace tally::api
