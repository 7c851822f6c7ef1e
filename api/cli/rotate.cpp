#include "api/cli/rotate.h"

#include <memory>
#include <ostream>

#include <CLI/CLI.hpp>

#include "api/rotation.h"
#include "core/json.h"

namespace tally::api {
namespace {

using core::Json;

constexpr const char* footer =
    "First without --retire, then start the server: from there on both keys sign, and whoever "
    "follows\n"
    "the log can be given the new one. Later with --retire, and start the server again: the old "
    "key is\n"
    "retired by an entry, and its file is overwritten and removed. See docs/keys.md.\n"
    "Exit codes: 0 planned; 1 refused; 2 could not.";

struct Options {
  std::string directory;
  bool retire = false;
  bool json = false;
};

int run_rotate(const Options& options, Terminal& terminal) {
  DataDir dir(options.directory);
  auto planned = options.retire ? plan_log_retirement(dir) : plan_log_key(dir);
  if (!planned) {
    bool is_refused = planned.error().code.starts_with("rotate.");
    return report(terminal, "rotate", planned.error(), is_refused ? exit_refused : exit_could_not);
  }
  std::string now = ledger::format_vkey(planned->now);
  std::string next = ledger::format_vkey(planned->next);
  if (options.json) {
    terminal.out << core::canonical(Json::object(
                        {{"key", now}, {"next_key", next}, {"retires", options.retire}}))
                 << "\n";
    return exit_done;
  }
  if (options.retire) {
    terminal.out << "At the next start of the server this key is retired, and its file removed:\n  "
                 << now << "\nFrom then on checkpoints are signed by this one alone:\n  " << next
                 << "\nKeep the old public key: what it signed verifies with it alone.\n";
  } else {
    terminal.out << "From the next start of the server on, checkpoints are signed by\n  " << now
                 << "\n  " << next << "\nGive the second one to auditors and witnesses ("
                 << dir.log_vkey() << " holds both), then run this again with --retire.\n";
  }
  return exit_done;
}

}  // namespace

void add_rotate_command(CLI::App& program, Chosen& chosen) {
  auto options = std::make_shared<Options>();
  auto* command = program.add_subcommand("rotate", "exchange a key of the server for another one");
  command->require_subcommand(1);
  auto* log = command->add_subcommand("log", "the key that signs checkpoints and receipts");
  log->add_option("DIR", options->directory, "the data directory")->required();
  log->add_flag("--retire", options->retire, "the second step: the old key goes");
  log->add_flag("--json", options->json, "print one JSON object");
  log->footer(footer);
  log->callback([options, &chosen] {
    chosen = [options](Terminal& terminal) { return run_rotate(*options, terminal); };
  });
}

}  // namespace tally::api
