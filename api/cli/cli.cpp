#include "api/cli/cli.h"

#include <exception>
#include <ostream>
#include <string_view>

#include <CLI/CLI.hpp>

#include "api/cli/audit.h"
#include "api/cli/backup.h"
#include "api/cli/init.h"
#include "api/cli/keygen.h"
#include "api/cli/ledger_export.h"
#include "api/cli/replica.h"
#include "api/cli/restore.h"
#include "api/cli/rotate.h"
#include "api/cli/schemas.h"
#include "api/cli/serve.h"
#include "api/cli/sign.h"
#include "api/cli/use.h"
#include "api/cli/verify.h"
#include "api/cli/witness.h"
#include "core/file.h"

namespace tally::api {
namespace {

constexpr const char* footer =
    "Exit codes: 0 done; 1 refused, or findings; 2 could not; 3 partly.\n"
    "`tallystick COMMAND --help` tells more.";

void add_commands(CLI::App& app, Chosen& chosen) {
  add_init_command(app, chosen);
  add_serve_command(app, chosen);
  add_audit_command(app, chosen);
  add_verify_command(app, chosen);
  add_ledger_commands(app, chosen);
  add_witness_command(app, chosen);
  add_backup_command(app, chosen);
  add_restore_command(app, chosen);
  add_rotate_command(app, chosen);
  add_replica_command(app, chosen);
  add_keygen_command(app, chosen);
  add_sign_command(app, chosen);
  add_use_command(app, chosen);
  add_schemas_command(app, chosen);
}

// CLI11 says of a name that it does not know only that a command is missing.
bool names_no_command(const CLI::App& app, int argc, const char* const* argv) {
  if (argc < 2 || std::string_view(argv[1]).starts_with('-')) return false;
  auto named =
      app.get_subcommands([&](const CLI::App* command) { return command->check_name(argv[1]); });
  return named.empty();
}

int run_chosen(const Command& command, Terminal& terminal) {
  try {
    return command(terminal);
  } catch (const std::exception& broken) {
    terminal.err << "tallystick: " << broken.what() << "\n";
    return exit_could_not;
  }
}

}  // namespace

int run_command_line(int argc, const char* const* argv, Terminal& terminal) {
  CLI::App app(
      "A trusted data space: contracts with purpose and count, and a ledger that proves it.",
      "tallystick");
  app.require_subcommand(1);
  app.set_version_flag("--version", std::string(TALLY_VERSION));
  app.footer(footer);
  Chosen chosen;
  add_commands(app, chosen);
  if (names_no_command(app, argc, argv)) {
    terminal.err << "tallystick: there is no command " << argv[1]
                 << "; `tallystick --help` lists them\n";
    return exit_could_not;
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    bool is_answer = app.exit(error, terminal.out, terminal.err) == 0;  // --help, --version
    return is_answer ? exit_done : exit_could_not;
  }
  return run_chosen(chosen, terminal);
}

int report(Terminal& terminal, const std::string& command, const core::Error& error, int code) {
  terminal.err << "tallystick " << command << ": " << error.message << " (" << error.code << ")\n";
  for (const core::Detail& detail : error.details) {
    terminal.err << "  " << detail.pointer << ": " << detail.detail << " (" << detail.code << ")\n";
  }
  return code;
}

core::Result<std::string> text_or_file(const std::string& value) {
  if (!value.starts_with('@')) return value;
  auto text = core::read_file(value.substr(1), 64 * 1024);
  if (!text) return text.error();
  while (text->ends_with('\n') || text->ends_with('\r')) text->pop_back();
  return text;
}

core::Json count_json(std::uint64_t count) {
  if (count > std::uint64_t{core::json_integer_max}) return std::to_string(count);
  return count;
}

}  // namespace tally::api
