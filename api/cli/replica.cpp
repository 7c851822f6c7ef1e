#include "api/cli/replica.h"

#include <cstdint>
#include <memory>
#include <ostream>

#include <CLI/CLI.hpp>

#include "api/cli/ledger_source.h"
#include "api/cli/log_key.h"
#include "api/cli/signals.h"
#include "ledger/exporter.h"
#include "space/documents.h"

namespace tally::api {
namespace {

using core::Error;
using core::Refusal;
using core::Result;

constexpr const char* footer =
    "Copies entries, tiles and contract documents as `ledger export --entries` does, again and "
    "again, after the "
    "answers\n"
    "went out: what the log signed since the last round is lost with its disk "
    "(docs/durability.md).\n"
    "A ledger that is out of reach is tried again. One that went back, or shows another history "
    "or\n"
    "another log, is not followed: DIR stays as evidence, and the exit code is 1. So it is when "
    "no\n"
    "--key signed what it shows, five rounds on end: the log's key was exchanged, say\n"
    "(docs/keys.md).\n"
    "Exit codes: 0 stopped by a signal, or one round with --once; 1 not followed; 2 could not.";

// What a cache or a file that is half copied shows may pass; a key that is not given does not.
constexpr int rounds_of_strangers_max = 5;

struct Options {
  LedgerPlace place;
  std::string directory;
  std::vector<std::string> keys;
  std::int64_t every_ms = 1'000;
  bool once = false;
  bool quiet = false;
};

// What no later round can mend.
bool is_final(const Error& error) {
  for (const char* code : {"export.other_log", "export.behind", "export.forked",
                           "export.no_checkpoint", "checkpoint.wrong_origin"}) {
    if (error.code == code) return true;
  }
  return false;
}

constexpr const char* signed_by_strangers = "note.unknown_signers";

Error in_other_words(Error error, const ledger::LogKeys& keys) {
  if (error.code == signed_by_strangers) {
    error.message =
        "No key that was given signed the checkpoint that is shown. Either it is not of " +
        keys.origin() +
        ",\nor that log's key was exchanged: give --key once for each key that it had "
        "(docs/keys.md).";
  }
  return error;
}

Result<ledger::ExportReport> copy_once(const Options& options, const ledger::LogKeys& keys) {
  try {
    auto opened = open_ledger(options.place);
    if (!opened) return opened.error();
    if (!opened->checkpoint) {
      return Error{Refusal::unavailable, "replica.nothing_published",
                   "the ledger has published no checkpoint yet"};
    }
    auto copied = ledger::export_ledger(*opened->source, *opened->checkpoint, options.directory,
                                        {.with_entries = true,
                                         .documents = opened->documents.get(),
                                         .document_of = space::document_of,
                                         .log_keys = keys});
    if (!copied) return in_other_words(copied.error(), keys);
    return copied;
  } catch (const core::Broken& broken) {
    return Error{Refusal::unavailable, "replica.unreachable", broken.what()};
  }
}

int run_replica(const Options& options, Terminal& terminal) {
  auto keys = read_log_keys(options.keys);
  if (!keys) return report(terminal, "replica", keys.error());
  StopSignals signals;
  std::uint64_t size = 0;
  bool was_reached = true;
  int rounds_of_strangers = 0;
  do {
    auto copied = copy_once(options, *keys);
    bool is_by_strangers = !copied && copied.error().code == signed_by_strangers;
    if (is_by_strangers) rounds_of_strangers += 1;
    bool are_enough = rounds_of_strangers == rounds_of_strangers_max;
    if (!copied && (is_final(copied.error()) || are_enough || (is_by_strangers && options.once)))
      return report(terminal, "replica", copied.error(), exit_refused);
    if (!copied && options.once) return report(terminal, "replica", copied.error());
    if (!copied && was_reached) report(terminal, "replica", copied.error());  // once, not each time
    was_reached = static_cast<bool>(copied);
    if (copied) rounds_of_strangers = 0;
    if (copied && copied->checkpoint.head.size != size) {
      size = copied->checkpoint.head.size;
      if (!options.quiet) terminal.out << "holds " << size << " entries" << std::endl;
    }
  } while (!options.once && !signals.came_within(options.every_ms));
  return exit_done;
}

}  // namespace

void add_replica_command(CLI::App& app, Chosen& chosen) {
  auto options = std::make_shared<Options>();
  auto* command = app.add_subcommand("replica", "Follow a ledger with a copy of its own");
  command
      ->add_option("LEDGER", options->place.from,
                   "The URL of a server, a data directory or a database file")
      ->required();
  command->add_option("DIR", options->directory, "The copy; made if it is missing")->required();
  add_log_keys_option(*command, options->keys);
  command->add_option("--token-file", options->place.token_file, "For a URL: the auditor's token");
  command->add_option("--every-ms", options->every_ms, "Rest between two rounds (default 1000)")
      ->check(CLI::Range(10, 86'400'000));
  command->add_flag("--once", options->once, "One round");
  command->add_flag("--quiet", options->quiet, "Only what is wrong");
  command->footer(footer);
  command->callback([options, &chosen] {
    chosen = [options](Terminal& terminal) { return run_replica(*options, terminal); };
  });
}

}  // namespace tally::api
