#include "api/cli/restore.h"

#include <filesystem>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "api/backup.h"
#include "api/cli/log_key.h"
#include "api/continuation.h"
#include "core/file.h"

namespace tally::api {
namespace {

constexpr const char* footer =
    "The backup is compared with its manifest and audited under the key before anything is put in\n"
    "place; DIR may hold keys and a configuration, but no database. A log that has signed more "
    "than\n"
    "the backup holds must not go on under its origin: give the newest checkpoint that anybody "
    "has\n"
    "seen (of a witness, a receipt, /ledger/checkpoint), or say that there is no later one.\n"
    "--continue goes on under another origin: with what the backup, replicas and receipts "
    "(--from)\n"
    "hold together, a new log key, and every contract closed until both its parties have "
    "confirmed\n"
    "how often it was used. DIR/keys must hold the copies of the server's other keys.\n"
    "Exit codes: 0 done; 1 refused; 2 could not.";

struct Options {
  std::string backup;
  std::string directory;
  std::vector<std::string> keys;
  std::string newest;
  std::string origin;
  std::vector<std::string> from;
  bool continues = false;
  bool none_is_later = false;
  bool structural = false;
  bool json = false;
};

int run_continue(const Options& options,
                 const ledger::LogKeys& keys,
                 const std::optional<std::string>& newest,
                 Terminal& terminal) {
  DataDir dir(options.directory);
  auto done = continue_ledger({.backup = options.backup,
                               .log_keys = keys,
                               .origin = options.origin,
                               .from = options.from,
                               .newest_checkpoint = newest},
                              dir);
  if (!done) return report(terminal, "restore --continue", done.error(), exit_refused);
  if (options.json) {
    terminal.out << core::canonical(*done) << "\n";
    return exit_done;
  }
  terminal.out << keys.origin() << " goes on as " << done->origin << " in " << options.directory
               << "\n"
               << "  carried    " << done->carried << " of " << done->last_size
               << " entries that anybody saw signed\n"
               << "  recovered  " << done->recovered << " more, by their receipts\n"
               << "  lost       " << done->lost() << "\n"
               << "  held       " << done->contracts
               << " contracts, until both parties of each have confirmed its count\n"
               << "  new key    " << done->log_vkey << "\n"
               << "Audited, and put in place. Hand out the new key; old receipts stay good under "
                  "the old one.\n";
  return exit_done;
}

int run_restore(const Options& options, Terminal& terminal) {
  auto keys = read_log_keys(options.keys);
  if (!keys) return report(terminal, "restore", keys.error());
  std::optional<std::string> newest;
  if (!options.newest.empty()) {
    auto text = core::read_file(options.newest, 64 * 1024);
    if (!text) return report(terminal, "restore", text.error());
    newest = *text;
  } else if (!options.none_is_later) {
    return report(terminal, "restore",
                  {core::Refusal::invalid, "restore.newest_missing",
                   "give --newest CHECKPOINT, or --none-is-later if nobody can have seen a later "
                   "one"});
  }
  if (options.continues) {
    try {
      return run_continue(options, *keys, newest, terminal);
    } catch (const core::Broken& broken) {
      return report(terminal, "restore --continue",
                    {core::Refusal::unavailable, "continue.broken", broken.what()});
    }
  }
  if (!options.from.empty() || !options.origin.empty()) {
    return report(terminal, "restore",
                  {core::Refusal::invalid, "restore.only_with_continue",
                   "--from and --origin go with --continue"});
  }
  auto restored = restore_backup(options.backup, DataDir(options.directory), *keys, newest,
                                 options.structural ? AuditDepth::structure : AuditDepth::conduct);
  if (!restored) return report(terminal, "restore", restored.error(), exit_refused);
  if (options.json) {
    terminal.out << core::canonical(restored->manifest) << "\n";
    return exit_done;
  }
  const BackupManifest& manifest = restored->manifest;
  DataDir dir(options.directory);
  terminal.out << "Restored " << manifest.origin << " into " << options.directory << "\n"
               << "  ledger  " << manifest.size << " entries, root " << core::to_hex(manifest.root)
               << ", as of " << manifest.made_at << "\n";
  if (restored->not_checkable > 0) {
    terminal.out << "  audit   nothing wrong, " << restored->not_checkable
                 << " not checkable (`tallystick audit` tells what)\n";
  }
  std::vector<std::string> needed{dir.config()};
  for (const char* name : {"log.key", "operator.key", "master.key", "secret.key", "subjects.db"})
    needed.push_back(dir.key(name));
  for (const std::string& path : needed)
    if (!std::filesystem::exists(path)) terminal.out << "  missing " << path << "\n";
  return exit_done;
}

}  // namespace

void add_restore_command(CLI::App& app, Chosen& chosen) {
  auto options = std::make_shared<Options>();
  auto* command =
      app.add_subcommand("restore", "Put a backup into a data directory, verified first");
  command->add_option("BACKUP", options->backup, "The file that `backup` wrote")->required();
  command->add_option("DIR", options->directory, "The data directory")->required();
  add_log_keys_option(*command, options->keys);
  auto* newest = command->add_option("--newest", options->newest,
                                     "A file with the newest checkpoint that the log has signed");
  command
      ->add_flag("--none-is-later", options->none_is_later,
                 "Nobody can have seen a later checkpoint than the backup's")
      ->excludes(newest);
  auto* goes_on = command->add_flag("--continue", options->continues,
                                    "Go on under another origin, after a loss");
  command->add_option("--origin", options->origin, "With --continue: the new ledger's name")
      ->needs(goes_on);
  command
      ->add_option("--from", options->from,
                   "With --continue: a replica, export, database, URL or receipt; repeatable")
      ->needs(goes_on);
  command->add_flag("--structural", options->structural, "Leave the conduct audit out");
  command->add_flag("--json", options->json, "Print the manifest");
  command->footer(footer);
  command->callback([options, &chosen] {
    chosen = [options](Terminal& terminal) { return run_restore(*options, terminal); };
  });
}

}  // namespace tally::api
