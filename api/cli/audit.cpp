#include "api/cli/audit.h"

#include <chrono>
#include <memory>
#include <ostream>

#include <CLI/CLI.hpp>

#include "api/cli/ledger_source.h"
#include "api/cli/log_key.h"
#include "core/json.h"
#include "ledger/auditor.h"

namespace tally::api {
namespace {

using core::Error;
using core::Json;
using core::Refusal;
using ledger::AuditReport;

constexpr const char* footer =
    "LEDGER is a database file, a data directory, an exported directory with entries, or the URL\n"
    "of a server. It is only read; a server may run meanwhile. The key is never taken from what "
    "is\n"
    "checked.\n"
    "Exit codes: 0 all is right; 1 findings; 2 could not check (no key, nothing to read).";

struct Options {
  std::string ledger;
  std::string key;
  std::string token_file;
  unsigned threads = 1;
  bool json = false;
  bool quiet = false;
};

struct Outcome {
  AuditReport report;
  double seconds = 0;
};

Outcome run_audit(const Options& options,
                  ledger::LedgerSource& source,
                  const ledger::VerifierKey& key,
                  Terminal& terminal) {
  auto start = std::chrono::steady_clock::now();
  auto elapsed = [&] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
  double told = 0;
  auto progress = [&](std::uint64_t entries) {
    if (options.quiet || options.json || elapsed() < told + 1) return;
    told = elapsed();
    terminal.err << entries << " entries read\n";
  };
  auto report = ledger::audit(source, key, {.threads = options.threads, .progress = progress});
  return {std::move(report), elapsed()};
}

Json head_json(const ledger::TreeHead& head) {
  return Json::object({{"root", core::to_hex(head.root)}, {"size", count_json(head.size)}});
}

Json to_json(const Outcome& outcome, const std::string& origin) {
  const AuditReport& report = outcome.report;
  Json findings = Json::array({});
  for (const ledger::Finding& finding : report.findings) {
    findings.append(Json::object({{"code", finding.code},
                                  {"expected", finding.expected},
                                  {"found", finding.found},
                                  {"place", finding.place.text()},
                                  {"words", finding.words}}));
  }
  Json json = Json::object({{"audit", report.passed() ? "passed" : "failed"},
                            {"origin", origin},
                            {"entries", report.entries},
                            {"entry_bytes", report.entry_bytes},
                            {"duration_ms", static_cast<std::int64_t>(outcome.seconds * 1000)},
                            {"findings", std::move(findings)},
                            {"unsigned_entries", count_json(report.unsigned_entries)}});
  if (report.passed()) json.add("head", head_json(report.head));
  if (report.checkpoint) json.add("checkpoint", head_json(report.checkpoint->head));
  return json;
}

void print_findings(const AuditReport& report, std::ostream& out) {
  for (const ledger::Finding& finding : report.findings) {
    out << "WRONG at " << finding.place.text() << ": " << finding.words << " (" << finding.code
        << ")\n";
    if (finding.expected.empty() && finding.found.empty()) continue;
    out << "  expected    " << finding.expected << "\n  found       " << finding.found << "\n";
  }
}

void print(const Outcome& outcome,
           const Options& options,
           const std::string& origin,
           std::ostream& out) {
  const AuditReport& report = outcome.report;
  if (options.quiet) return print_findings(report, out);
  out << "Audit of " << options.ledger << " with the key of " << origin << "\n";
  out << "  entries     " << report.entries << " right, " << report.entry_bytes << " bytes, in "
      << static_cast<std::int64_t>(outcome.seconds * 1000) << " ms\n";
  if (report.passed()) {
    out << "  tree        size " << report.head.size << ", root " << core::to_hex(report.head.root)
        << "\n";
  }
  if (report.checkpoint) {
    out << "  checkpoint  size " << report.checkpoint->head.size << ", signed by the key\n";
  }
  if (report.unsigned_entries > 0) {
    out << "  unsigned    " << report.unsigned_entries
        << " entries after the stored checkpoint; they agree with each other, but nobody has\n"
        << "              signed for them yet\n";
  }
  print_findings(report, out);
  out << (report.passed() ? "All is right.\n" : "The ledger is not what the log signed.\n");
}

// With --json, what could not be checked is an object too.
int could_not(const Options& options, const Error& error, Terminal& terminal) {
  if (options.json) {
    terminal.out << core::canonical(Json::object(
                        {{"audit", "not_checked"}, {"code", error.code}, {"words", error.message}}))
                 << "\n";
  }
  return report(terminal, "audit", error);
}

int audit_command(const Options& options, Terminal& terminal) {
  auto key = read_log_key(options.key);
  if (!key) return could_not(options, key.error(), terminal);
  try {
    auto opened = open_ledger({.from = options.ledger, .token_file = options.token_file});
    if (!opened) return could_not(options, opened.error(), terminal);
    Outcome outcome = run_audit(options, *opened->source, *key, terminal);
    if (options.json) {
      terminal.out << core::canonical(to_json(outcome, key->name)) << "\n";
    } else {
      print(outcome, options, key->name, terminal.out);
    }
    return outcome.report.passed() ? exit_done : exit_refused;
  } catch (const core::Broken& broken) {
    return could_not(options, {Refusal::unavailable, "audit.unreadable", broken.what()}, terminal);
  }
}

}  // namespace

void add_audit_command(CLI::App& app, Chosen& chosen) {
  auto options = std::make_shared<Options>();
  CLI::App* audit = app.add_subcommand(
      "audit", "Read a whole ledger again and report the first thing that is wrong");
  audit
      ->add_option("LEDGER", options->ledger,
                   "Database file, data directory, exported directory or URL")
      ->required();
  audit->add_option("--key", options->key, "The log's public key: a vkey, or @FILE");
  audit->add_option("--token-file", options->token_file, "For a URL: the auditor's token");
  audit->add_option("--threads", options->threads, "Threads that hash")->check(CLI::Range(1, 256));
  audit->add_flag("--json", options->json, "One JSON object");
  audit->add_flag("--quiet", options->quiet, "Only what is wrong");
  audit->footer(footer);
  audit->callback([options, &chosen] {
    chosen = [options](Terminal& terminal) { return audit_command(*options, terminal); };
  });
}

}  // namespace tally::api
