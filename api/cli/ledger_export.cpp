#include "api/cli/ledger_export.h"

#include <chrono>
#include <memory>
#include <ostream>

#include <CLI/CLI.hpp>

#include "api/cli/ledger_source.h"
#include "api/cli/log_key.h"
#include "core/json.h"
#include "ledger/exporter.h"
#include "space/documents.h"

namespace tally::api {
namespace {

using core::Error;
using core::Json;
using core::Refusal;

constexpr const char* footer =
    "Makes DIR what C2SP tlog-tiles describes: any web server or object store can host it. Hash\n"
    "tiles and checkpoint are public; entries (--entries) are for auditors. All is checked "
    "against\n"
    "the checkpoint's root while it is copied. Broken off, it is taken up again; run again, DIR\n"
    "grows; it never shows two histories.\n"
    "Exit codes: 0 DIR is complete; 1 refused, DIR's checkpoint is as before; 2 could not.";

struct Options {
  std::string directory;
  LedgerPlace place = {.from = "", .token_file = "", .with_entries = false};
  std::vector<std::string> keys;
  bool json = false;
  bool quiet = false;
};

// With --json, what was not done is an object too.
int not_done(const Options& options, const Error& error, int code, Terminal& terminal) {
  if (options.json) {
    terminal.out << core::canonical(
                        Json::object({{"export", code == exit_refused ? "refused" : "not_done"},
                                      {"code", error.code},
                                      {"words", error.message}}))
                 << "\n";
  }
  return report(terminal, "ledger export", error, code);
}

Json to_json(const Options& options, const ledger::ExportReport& done) {
  const ledger::Checkpoint& checkpoint = done.checkpoint;
  return Json::object({{"export", "done"},
                       {"origin", checkpoint.origin},
                       {"size", count_json(checkpoint.head.size)},
                       {"root", core::to_hex(checkpoint.head.root)},
                       {"entries", options.place.with_entries},
                       {"signature", options.keys.empty() ? "not_checked" : "checked"},
                       {"files_written", done.files_written},
                       {"files_kept", done.files_kept},
                       {"bytes_written", done.bytes_written}});
}

void print(const Options& options, const ledger::ExportReport& done, std::ostream& out) {
  if (options.quiet) return;
  const ledger::Checkpoint& checkpoint = done.checkpoint;
  out << "Exported " << checkpoint.origin << " to " << options.directory << "\n"
      << "  size        " << checkpoint.head.size << ", root " << core::to_hex(checkpoint.head.root)
      << "\n"
      << "  signature   " << (options.keys.empty() ? "not checked: give --key" : "by the key")
      << "\n"
      << "  files       " << done.files_written << " written, " << done.bytes_written << " bytes; "
      << done.files_kept << " were there and right\n";
}

int export_command(const Options& options, Terminal& terminal) {
  ledger::ExportOptions how{.with_entries = options.place.with_entries};
  if (!options.keys.empty()) {
    auto keys = read_log_keys(options.keys);
    if (!keys) return not_done(options, keys.error(), exit_could_not, terminal);
    how.log_keys = *std::move(keys);
  }
  auto told = std::chrono::steady_clock::now();
  how.progress = [&](std::uint64_t entries) {
    auto now = std::chrono::steady_clock::now();
    if (options.quiet || options.json || now < told + std::chrono::seconds(1)) return;
    told = now;
    terminal.err << entries << " entries done\n";
  };
  try {
    auto opened = open_ledger(options.place);
    if (!opened) return not_done(options, opened.error(), exit_could_not, terminal);
    if (!opened->checkpoint) throw core::Broken("the ledger has published no checkpoint yet");
    how.documents = opened->documents.get();
    how.document_of = space::document_of;
    auto done = ledger::export_ledger(*opened->source, *opened->checkpoint, options.directory, how);
    if (!done) return not_done(options, done.error(), exit_refused, terminal);
    if (options.json) {
      terminal.out << core::canonical(to_json(options, *done)) << "\n";
    } else {
      print(options, *done, terminal.out);
    }
    return exit_done;
  } catch (const core::Broken& broken) {
    Error error{Refusal::unavailable, "export.broken", broken.what()};
    return not_done(options, error, exit_could_not, terminal);
  }
}

}  // namespace

void add_ledger_commands(CLI::App& app, Chosen& chosen) {
  CLI::App* ledger = app.add_subcommand("ledger", "Work with a whole ledger");
  ledger->require_subcommand(1);
  auto options = std::make_shared<Options>();
  CLI::App* command = ledger->add_subcommand("export", "Write a ledger as static files");
  command->add_option("DIR", options->directory, "Where to: a directory, made if it is missing")
      ->required();
  command
      ->add_option("--from", options->place.from,
                   "Database file, data directory, exported directory or URL")
      ->required();
  command->add_flag("--entries", options->place.with_entries, "With the entries, for an auditor");
  add_log_keys_option(*command, options->keys);
  command->add_option("--token-file", options->place.token_file,
                      "For the entries of a URL: the auditor's token");
  command->add_flag("--json", options->json, "One JSON object");
  command->add_flag("--quiet", options->quiet, "Only what is refused");
  command->footer(footer);
  command->callback([options, &chosen] {
    chosen = [options](Terminal& terminal) { return export_command(*options, terminal); };
  });
}

}  // namespace tally::api
