#include "api/cli/verify.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <CLI/CLI.hpp>

#include "api/cli/cosigned.h"
#include "api/cli/log_key.h"
#include "api/cli/verify_evidence.h"
#include "api/witness_dir.h"
#include "core/file.h"
#include "core/json.h"
#include "core/time.h"
#include "ledger/cose.h"
#include "ledger/envelope.h"
#include "ledger/policy.h"
#include "ledger/proof.h"
#include "space/evidence/evidence_check.h"

namespace tally::api {
namespace {

using core::Error;
using core::Json;
using core::Refusal;
using core::Result;
using ledger::VerifiedReceipt;

constexpr const char* footer =
    "FILE is a receipt, a .tlog-proof file (C2SP) or a .cose file (RFC 9942), or the evidence of "
    "a\n"
    "contract (GET /v1/contracts/{id}/evidence). Nothing else is needed, and nothing is asked of "
    "a\n"
    "server.\n"
    "Exit codes: 0 what it claims is in the log; 1 it is not proved; 2 could not check; 3 "
    "evidence\n"
    "with entries of a kind that this program does not know: proved in part.";

struct Options {
  std::string receipt;
  std::vector<std::string> keys;
  std::string policy;
  std::optional<std::uint64_t> attested_from;
  std::vector<std::string> party_keys;
  bool json = false;
};

// What a proved entry says.
struct Claim {
  VerifiedReceipt receipt;
  Json entry;
  std::vector<ledger::VerifiedSignature> cosignatures;
};

// By whom a receipt may be signed: a log's key, or a policy.
using Believed = std::variant<ledger::LogKeys, ledger::Policy>;

Result<Believed> read_believed(const Options& options) {
  if (options.policy.empty()) {
    auto keys = read_log_keys(options.keys);
    if (!keys) return keys.error();
    return Believed(*std::move(keys));
  }
  if (!options.keys.empty())
    return Error{Refusal::invalid, "key.ambiguous", "Give --key or --policy, not both."};
  auto policy = read_policy_file(options.policy);
  if (!policy) return policy.error();
  return Believed(*std::move(policy));
}

// Of a policy, the log that a COSE receipt names; it bears no cosignatures.
Result<VerifiedReceipt> verify_cose(const std::string& bytes, const ledger::Policy& policy) {
  Error error{Refusal::not_found, "policy.unknown_log", "The policy knows no log of this receipt."};
  for (const ledger::PolicyLog& log : policy.logs) {
    auto receipt = ledger::verify_cose_receipt(bytes, log.key);
    if (receipt && policy.needs_witnesses()) {
      return Error{Refusal::invalid, "policy.quorum_missed",
                   "A COSE receipt bears no cosignatures; the policy asks for a quorum. Take the "
                   "entry's .tlog-proof with ?cosigned=true."};
    }
    if (receipt) return receipt;
    if (receipt.error().code != "cose.wrong_key") error = receipt.error();
  }
  return error;
}

Result<ledger::WitnessedReceipt> verify(const std::string& bytes, const Believed& believed) {
  bool is_cose = ledger::is_cose_receipt(bytes);
  if (const auto* policy = std::get_if<ledger::Policy>(&believed)) {
    if (!is_cose) return ledger::verify_witnessed_receipt(bytes, *policy);
    auto receipt = verify_cose(bytes, *policy);
    if (!receipt) return receipt.error();
    return ledger::WitnessedReceipt{*std::move(receipt), {}};
  }
  const auto& keys = std::get<ledger::LogKeys>(believed);
  auto receipt =
      is_cose ? ledger::verify_cose_receipt(bytes, keys) : ledger::verify_receipt(bytes, keys);
  if (!receipt) return receipt.error();
  return ledger::WitnessedReceipt{*std::move(receipt), {}};
}

Result<Claim> read_claim(const std::string& bytes, const Believed& believed) {
  auto verified = verify(bytes, believed);
  if (!verified) return verified.error();
  VerifiedReceipt* receipt = &verified->receipt;
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
  return Claim{std::move(*receipt), *std::move(entry), std::move(verified->cosignatures)};
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
  print_cosigned(claim.cosignatures, out);
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
                       {"cosignatures", cosigned_json(claim.cosignatures)},
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

Result<std::vector<space::PartyPin>> read_pins(const std::vector<std::string>& texts) {
  std::vector<space::PartyPin> pins;
  for (const std::string& text : texts) {
    auto pin = space::PartyPin::parse(text);
    if (!pin) {
      return Error{Refusal::invalid, "party_key.malformed",
                   text + " is not PARTY=KEY, where KEY is 64 hex digits or a key id."};
    }
    pins.push_back(*pin);
  }
  return pins;
}

int verify_as_evidence(const Options& options, const Believed& believed, Terminal& terminal) {
  auto pins = read_pins(options.party_keys);
  if (!pins) return refused(options, "not_checked", pins.error(), exit_could_not, terminal);
  auto check = std::visit(
      [&](const auto& by) { return space::EvidenceCheck(by, *std::move(pins)); }, believed);
  auto done = verify_evidence(options.receipt, check, options.attested_from.value_or(0),
                              options.json, terminal);
  return done ? *done : refused(options, "not_proved", done.error(), exit_refused, terminal);
}

int verify_as_receipt(const Options& options, const Believed& believed, Terminal& terminal) {
  auto bytes = core::read_file(options.receipt, ledger::note_bytes_max + 1);
  if (!bytes) return refused(options, "not_checked", bytes.error(), exit_could_not, terminal);
  if (options.attested_from || !options.party_keys.empty()) {
    Error error{Refusal::invalid, "option.not_applicable",
                std::string(options.attested_from ? "--attested-from" : "--party-key") +
                    " is for evidence, and " + options.receipt + " is none."};
    return refused(options, "not_checked", error, exit_could_not, terminal);
  }
  auto claim = read_claim(*bytes, believed);
  if (!claim) return refused(options, "not_proved", claim.error(), exit_refused, terminal);
  if (options.json) {
    terminal.out << core::canonical(to_json(*claim)) << "\n";
  } else {
    print(*claim, terminal.out);
  }
  return exit_done;
}

int verify_command(const Options& options, Terminal& terminal) {
  auto believed = read_believed(options);
  if (!believed) return refused(options, "not_checked", believed.error(), exit_could_not, terminal);
  if (is_evidence(options.receipt)) return verify_as_evidence(options, *believed, terminal);
  return verify_as_receipt(options, *believed, terminal);
}

}  // namespace

void add_verify_command(CLI::App& app, Chosen& chosen) {
  auto options = std::make_shared<Options>();
  CLI::App* verify =
      app.add_subcommand("verify", "Check a receipt or evidence offline and print what it proves");
  verify->add_option("FILE", options->receipt, "The .tlog-proof, .cose or evidence file")
      ->required();
  add_log_keys_option(*verify, options->keys);
  verify->add_option("--policy", options->policy,
                     "Instead: a file that names logs, witnesses and a quorum (tlog-policy)");
  verify->add_option("--attested-from", options->attested_from,
                     "Evidence: refuse an attestation that stands before this entry");
  verify
      ->add_option(
          "--party-key", options->party_keys,
          "Evidence: PARTY=KEY, what is known of a party's key, its public key in hex or its "
          "id;\nagain for each party; another key is refused")
      ->allow_extra_args(false);
  verify->add_flag("--json", options->json, "One JSON object");
  verify->footer(footer);
  verify->callback([options, &chosen] {
    chosen = [options](Terminal& terminal) { return verify_command(*options, terminal); };
  });
}

}  // namespace tally::api
