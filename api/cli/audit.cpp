#include "api/cli/audit.h"

#include <chrono>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include "api/cli/audit_report.h"
#include "api/cli/ledger_source.h"
#include "api/cli/log_key.h"
#include "api/witness_dir.h"
#include "core/json.h"
#include "ledger/auditor.h"
#include "ledger/policy.h"

namespace tally::api {
namespace {

using core::Error;
using core::Json;
using core::Refusal;

constexpr const char* footer =
    "LEDGER is a database file, a data directory, an exported directory with entries, or the URL\n"
    "of a server. It is only read; a server may run meanwhile. The key is never taken from what "
    "is\n"
    "checked. Two audits: of structure (entries, tree, checkpoint), and of conduct (what the "
    "entries\n"
    "say: signatures, purpose, time, count, leases; and that the database's tables follow from "
    "them).\n"
    "With --receipt and --policy also: that this is the ledger which others were shown.\n"
    "Exit codes: 0 all is right; 1 findings; 2 could not check (no key, nothing to read); 3 "
    "nothing\n"
    "wrong, but not all could be checked (an erased document, a kind of entry from a newer "
    "version).";

struct Options {
  std::string ledger;
  std::vector<std::string> keys;
  std::string token_file;
  std::vector<std::string> receipts;
  std::string policy;
  unsigned threads = 1;
  bool structural = false;
  bool json = false;
  bool quiet = false;
};

// Tells how far it is, once a second.
class Progress {
 public:
  Progress(const Options& options, Terminal& terminal)
      : is_told_(!options.quiet && !options.json), terminal_(terminal) {}

  void operator()(std::uint64_t entries, const char* done) {
    auto now = Clock::now();
    if (!is_told_ || now < told_ + std::chrono::seconds(1)) return;
    told_ = now;
    terminal_.err << entries << " entries " << done << "\n";
  }

 private:
  using Clock = std::chrono::steady_clock;
  bool is_told_;
  Terminal& terminal_;
  Clock::time_point told_ = Clock::now();
};

template <class Work>
double timed(Work work) {
  auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// What the ledger is held against, beside itself.
struct Outside {
  std::vector<HeldReceipt> receipts;
  std::optional<ledger::Policy> policy;
};

core::Result<Outside> read_outside(const Options& options, const ledger::LogKeys& keys) {
  Outside outside;
  auto receipts = read_receipts(options.receipts, keys);
  if (!receipts) return receipts.error();
  outside.receipts = *std::move(receipts);
  if (options.policy.empty()) return outside;
  auto policy = read_policy_file(options.policy);
  if (!policy) return policy.error();
  outside.policy = *std::move(policy);
  return outside;
}

AuditOutcome run_audits(const Options& options,
                        OpenedLedger& opened,
                        const ledger::LogKeys& keys,
                        const Outside& outside,
                        Terminal& terminal) {
  Progress progress(options, terminal);
  AuditOutcome outcome;
  outcome.ledger = options.ledger;
  outcome.origin = keys.origin();
  outcome.structure_seconds = timed([&] {
    ledger::AuditOptions how{.threads = options.threads,
                             .progress = [&](std::uint64_t entries) { progress(entries, "read"); }};
    outcome.structure = ledger::audit(*opened.source, keys, how);
  });
  if (!outcome.structure.passed()) return outcome;
  const AuditedLog log{*opened.source, outcome.structure, keys};
  compare_receipts(log, outside.receipts, outcome.outside);
  if (outside.policy) judge_quorum(log, opened.checkpoint, *outside.policy, outcome.outside);
  if (options.structural) return outcome;
  outcome.conduct_seconds = timed([&] {
    auto tell = [&](std::uint64_t entries) { progress(entries, "replayed"); };
    outcome.conduct = std::make_unique<ConductAudit>(keys);
    if (opened.database.empty()) {
      outcome.conduct->run(*opened.source, *opened.documents, tell);
    } else {
      opened.source.reset();  // it holds a snapshot that the writer waits for
      outcome.conduct->run(opened.database, tell);
    }
  });
  return outcome;
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
  auto keys = read_log_keys(options.keys);
  if (!keys) return could_not(options, keys.error(), terminal);
  auto outside = read_outside(options, *keys);
  if (!outside) return could_not(options, outside.error(), terminal);
  try {
    auto opened = open_ledger({.from = options.ledger, .token_file = options.token_file});
    if (!opened) return could_not(options, opened.error(), terminal);
    AuditOutcome outcome = run_audits(options, *opened, *keys, *outside, terminal);
    if (options.json) {
      print_audit_json(outcome, terminal.out);
    } else {
      print_audit(outcome, options.quiet, terminal.out);
    }
    return outcome.exit_code();
  } catch (const core::Broken& broken) {
    return could_not(options, {Refusal::unavailable, "audit.unreadable", broken.what()}, terminal);
  }
}

}  // namespace

void add_audit_command(CLI::App& app, Chosen& chosen) {
  auto options = std::make_shared<Options>();
  CLI::App* audit = app.add_subcommand(
      "audit", "Read a whole ledger again and report what is wrong, in form and in conduct");
  audit
      ->add_option("LEDGER", options->ledger,
                   "Database file, data directory, exported directory or URL")
      ->required();
  add_log_keys_option(*audit, options->keys);
  audit->add_option("--token-file", options->token_file, "For a URL: the auditor's token");
  audit
      ->add_option("--receipt", options->receipts,
                   "A receipt that you hold, .tlog-proof or .cose: the ledger must extend it. "
                   "Repeatable")
      ->allow_extra_args(false);
  audit->add_option("--policy", options->policy,
                    "A file that names logs, witnesses and a quorum (tlog-policy), which the "
                    "checkpoint that is shown must have");
  audit->add_option("--threads", options->threads, "Threads that hash")->check(CLI::Range(1, 256));
  audit->add_flag("--structural", options->structural, "Not the conduct");
  audit->add_flag("--json", options->json, "One JSON object");
  audit->add_flag("--quiet", options->quiet, "Only what is wrong");
  audit->footer(footer);
  audit->callback([options, &chosen] {
    chosen = [options](Terminal& terminal) { return audit_command(*options, terminal); };
  });
}

}  // namespace tally::api
