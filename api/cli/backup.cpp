#include "api/cli/backup.h"

#include <filesystem>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "api/backup.h"
#include "api/cli/log_key.h"

namespace tally::api {
namespace {

constexpr const char* footer =
    "A server may run meanwhile; its log grows until the copy is made. FILE and "
    "FILE.manifest.json\n"
    "appear once the copy is durable and has passed the audit, of structure and of conduct. Keys "
    "are not\n"
    "in it: copy keys/subjects.db after each (docs/durability.md). Exit codes: 0 done; 1 refused; "
    "2 could not.";

struct Options {
  std::string from;
  std::string file;
  std::vector<std::string> keys;
  bool structural = false;
  bool json = false;
};

// What was audited, as the last line of a report.
std::string audit_words(const Options& options, const AuditedBackup& made) {
  std::string audit = options.structural ? "the structural audit alone" : "the audit";
  if (made.not_checkable == 0) return "It is durable and has passed " + audit + ".";
  return "It is durable; " + audit + " found nothing wrong, and could not check " +
         std::to_string(made.not_checkable) + " (`tallystick audit` tells what).";
}

int run_backup(const Options& options, Terminal& terminal) {
  namespace fs = std::filesystem;
  if (!fs::exists(options.from)) {
    return report(terminal, "backup",
                  {core::Refusal::not_found, "backup.no_database", "there is no " + options.from});
  }
  bool is_directory = fs::is_directory(options.from);
  DataDir dir(options.from);
  // The operator's own directory names its key; a bare file does not.
  auto key_options = options.keys;
  if (key_options.empty() && is_directory) key_options.push_back("@" + dir.log_vkey());
  auto keys = read_log_keys(key_options);
  if (!keys) return report(terminal, "backup", keys.error());
  auto made = make_backup(is_directory ? dir.database() : options.from, options.file, *keys,
                          options.structural ? AuditDepth::structure : AuditDepth::conduct);
  if (!made) return report(terminal, "backup", made.error(), exit_refused);
  if (options.json) {
    terminal.out << core::canonical(made->manifest) << "\n";
    return exit_done;
  }
  const BackupManifest& manifest = made->manifest;
  terminal.out << "Backed up " << manifest.origin << " into " << options.file << "\n"
               << "  ledger  " << manifest.size << " entries, root " << core::to_hex(manifest.root)
               << "\n"
               << "  file    " << manifest.bytes << " bytes, SHA-256 "
               << core::to_hex(manifest.digest) << "\n"
               << audit_words(options, *made) << " Keys are not in it.\n";
  return exit_done;
}

}  // namespace

void add_backup_command(CLI::App& app, Chosen& chosen) {
  auto options = std::make_shared<Options>();
  auto* command =
      app.add_subcommand("backup", "Copy the database of a space, beside the server that runs");
  command->add_option("SPACE", options->from, "A data directory or a database file")->required();
  command->add_option("FILE", options->file, "The backup; must not be there")->required();
  add_log_keys_option(*command, options->keys, " (default: DIR/log.vkey)");
  command->add_flag("--structural", options->structural,
                    "Leave the conduct audit out: for a ledger with findings, or a long one");
  command->add_flag("--json", options->json, "Print the manifest");
  command->footer(footer);
  command->callback([options, &chosen] {
    chosen = [options](Terminal& terminal) { return run_backup(*options, terminal); };
  });
}

}  // namespace tally::api
