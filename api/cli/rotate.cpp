#include "api/cli/rotate.h"

#include <memory>
#include <ostream>

#include <CLI/CLI.hpp>

#include "api/rotation.h"
#include "core/bytes.h"
#include "core/json.h"
#include "space/signing.h"

namespace tally::api {
namespace {

using core::Json;

constexpr const char* footer =
    "First without --retire, then start the server: from there on both keys are valid, and the\n"
    "new one can be given to whoever checks. Later with --retire, and start the server again: the\n"
    "old key is retired by an entry, and its file is overwritten and removed. See docs/keys.md.\n"
    "Exit codes: 0 planned; 1 refused; 2 could not.";

struct Options {
  std::string directory;
  bool retire = false;
  bool json = false;
};

int report_refusal(const core::Error& error, Terminal& terminal) {
  bool is_refused = error.code.starts_with("rotate.");
  return report(terminal, "rotate", error, is_refused ? exit_refused : exit_could_not);
}

void print_json(const Options& options,
                const std::string& now,
                const std::string& next,
                Terminal& terminal) {
  terminal.out << core::canonical(
                      Json::object({{"key", now}, {"next_key", next}, {"retires", options.retire}}))
               << "\n";
}

int rotate_log(const Options& options, Terminal& terminal) {
  DataDir dir(options.directory);
  auto planned = options.retire ? plan_log_retirement(dir) : plan_log_key(dir);
  if (!planned) return report_refusal(planned.error(), terminal);
  std::string now = ledger::format_vkey(planned->now);
  std::string next = ledger::format_vkey(planned->next);
  if (options.json) {
    print_json(options, now, next, terminal);
  } else if (options.retire) {
    terminal.out << "At the next start of the server this key is retired, and its file removed:\n  "
                 << now << "\nFrom then on checkpoints are signed by this one alone:\n  " << next
                 << "\nKeep the old public key: what it signed verifies with it alone.\n";
  } else {
    terminal.out << "From the next start of the server on, checkpoints are signed by\n  " << now
                 << "\n  " << next << "\nGive the second one to auditors and witnesses ("
                 << dir.log_vkey()
                 << " holds both).\nStart the server, and later run this again with --retire.\n";
  }
  return exit_done;
}

std::string with_id(const core::Hash& public_key) {
  return space::KeyId::of(public_key).text() + "  " + core::to_hex(public_key);
}

int rotate_operator(const Options& options, Terminal& terminal) {
  DataDir dir(options.directory);
  auto planned = options.retire ? plan_operator_retirement(dir) : plan_operator_key(dir);
  if (!planned) return report_refusal(planned.error(), terminal);
  if (options.json) {
    print_json(options, core::to_hex(planned->now), core::to_hex(planned->next), terminal);
  } else if (options.retire) {
    terminal.out << "At the next start of the server this key is retired, and its file removed:\n  "
                 << with_id(planned->now) << "\nFrom then on grants are signed by\n  "
                 << with_id(planned->next) << "\n";
  } else {
    terminal.out
        << "At the next start of the server this becomes a key of the operator:\n  "
        << with_id(planned->next) << "\nGrants are signed by the old one still:\n  "
        << with_id(planned->now)
        << "\nGive the new one to whoever checks grants. Start the server, make a backup that "
           "knows the new key, and later run this again with --retire.\n";
  }
  return exit_done;
}

}  // namespace

void add_rotate_command(CLI::App& program, Chosen& chosen) {
  auto options = std::make_shared<Options>();
  auto* command = program.add_subcommand("rotate", "exchange a key of the server for another one");
  command->require_subcommand(1);
  auto add = [&](const char* name, const char* words, int (*run)(const Options&, Terminal&)) {
    auto* key = command->add_subcommand(name, words);
    key->add_option("DIR", options->directory, "the data directory")->required();
    key->add_flag("--retire", options->retire, "the second step: the old key goes");
    key->add_flag("--json", options->json, "print one JSON object");
    key->footer(footer);
    key->callback([options, run, &chosen] {
      chosen = [options, run](Terminal& terminal) { return run(*options, terminal); };
    });
  };
  add("log", "the key that signs checkpoints and receipts", rotate_log);
  add("operator", "the key that signs grants of data that lies elsewhere", rotate_operator);
}

}  // namespace tally::api
