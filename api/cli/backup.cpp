#include "api/cli/backup.h"

#include <filesystem>
#include <memory>
#include <ostream>

#include <CLI/CLI.hpp>

#include "api/backup.h"
#include "api/cli/log_key.h"

namespace tally::api {
namespace {

constexpr const char* footer =
    "A server may run meanwhile; its log grows until the copy is made. FILE and "
    "FILE.manifest.json\n"
    "appear once the copy is durable and has passed the audit. Keys are not in it: keep DIR/keys\n"
    "elsewhere, once. Exit codes: 0 done; 1 refused; 2 could not.";

struct Options {
  std::string from;
  std::string file;
  std::string key;
  bool json = false;
};

int run_backup(const Options& options, Terminal& terminal) {
  namespace fs = std::filesystem;
  bool is_directory = fs::is_directory(options.from);
  DataDir dir(options.from);
  // The operator's own directory names its key; a bare file does not.
  std::string key_option = options.key.empty() && is_directory ? "@" + dir.log_vkey() : options.key;
  auto key = read_log_key(key_option);
  if (!key) return report(terminal, "backup", key.error());
  auto made = make_backup(is_directory ? dir.database() : options.from, options.file, *key);
  if (!made) return report(terminal, "backup", made.error(), exit_refused);
  if (options.json) {
    terminal.out << core::canonical(*made) << "\n";
    return exit_done;
  }
  terminal.out << "Backed up " << made->origin << " into " << options.file << "\n"
               << "  ledger  " << made->size << " entries, root " << core::to_hex(made->root)
               << "\n"
               << "  file    " << made->bytes << " bytes, SHA-256 " << core::to_hex(made->digest)
               << "\n"
               << "It is durable and has passed the audit. Keys are not in it.\n";
  return exit_done;
}

}  // namespace

void add_backup_command(CLI::App& app, Chosen& chosen) {
  auto options = std::make_shared<Options>();
  auto* command =
      app.add_subcommand("backup", "Copy the database of a space, beside the server that runs");
  command->add_option("SPACE", options->from, "A data directory or a database file")->required();
  command->add_option("FILE", options->file, "The backup; must not be there")->required();
  command->add_option("--key", options->key,
                      "The log's public key: a vkey, or @FILE (default: DIR/log.vkey)");
  command->add_flag("--json", options->json, "Print the manifest");
  command->footer(footer);
  command->callback([options, &chosen] {
    chosen = [options](Terminal& terminal) { return run_backup(*options, terminal); };
  });
}

}  // namespace tally::api
