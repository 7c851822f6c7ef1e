#include "api/cli/serve.h"

#include <filesystem>
#include <optional>
#include <ostream>
#include <thread>

#include <CLI/CLI.hpp>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include "api/app.h"
#include "api/cli/signals.h"

namespace tally::api {
namespace {

struct ServeOptions {
  std::string directory;
  std::string host;
  std::int64_t port = -1;
  std::int64_t workers = 0;
  std::string log_level;
  std::string witness_policy;
  std::string replica;
  bool insecure = false;
  bool retire_missing_keys = false;
  bool shred_missing_keys = false;
};

void take_flags(Config& config, const ServeOptions& options) {
  if (!options.host.empty()) config.host = options.host;
  if (options.port >= 0) config.port = options.port;
  if (options.workers > 0) config.workers = options.workers;
  if (!options.log_level.empty()) config.log_level = options.log_level;
  if (options.insecure) config.insecure = true;
  config.retire_missing_keys = options.retire_missing_keys;
  config.shred_missing_keys = options.shred_missing_keys;
  if (!options.witness_policy.empty())  // from where the command was given, not from DIR
    config.witness_policy = std::filesystem::absolute(options.witness_policy).string();
  if (!options.replica.empty())
    config.replica_directory = std::filesystem::absolute(options.replica).string();
}

int run_serve(const ServeOptions& options, Terminal& terminal) {
  DataDir dir(options.directory);
  auto keys = read_keys(dir);
  if (!keys) return report(terminal, "serve", keys.error(), 2);
  auto config = read_config(dir.config());
  if (!config) return report(terminal, "serve", config.error(), 2);
  take_flags(*config, options);
  if (auto checked = check_config(*config); !checked)
    return report(terminal, "serve", checked.error(), 2);
  // Standard output carries one line, for whoever started us; the log goes to standard error.
  spdlog::set_default_logger(spdlog::stderr_color_mt("tallystick"));
  spdlog::set_level(spdlog::level::from_str(config->log_level));
  auto lock = ProcessLock::take(dir);
  if (!lock) return report(terminal, "serve", lock.error(), 2);

  StopSignals signals;
  std::optional<App> made;
  try {
    made.emplace(dir, *keys, *config);
  } catch (const StartRefused& refused) {
    return report(terminal, "serve", refused.error, exit_refused);
  }
  App& app = *made;
  int port = app.bind();
  const char* scheme = config->tls_certificate.empty() ? "http" : "https";
  terminal.out << "listening on " << scheme << "://" << config->host << ":" << port << std::endl;
  spdlog::info("serving {} on {}://{}:{}", options.directory, scheme, config->host, port);
  std::jthread serving([&app] { app.serve(); });
  int signal = signals.wait();
  spdlog::info("stopping on signal {}", signal);
  app.stop();
  serving.join();
  return 0;
}

}  // namespace

void add_serve_command(CLI::App& program, Chosen& chosen) {
  auto options = std::make_shared<ServeOptions>();
  auto* command =
      program.add_subcommand("serve", "serve a space over HTTP until SIGTERM or Ctrl-C");
  command->add_option("DIR", options->directory, "the data directory that `init` made")->required();
  command->add_option("--host", options->host, "address to listen on (default 127.0.0.1)");
  command
      ->add_option("--port", options->port,
                   "port; 0 takes a free one and says which (default 8461)")
      ->check(CLI::Range(0, 65535));
  command->add_option("--workers", options->workers, "requests served at once")
      ->check(CLI::Range(1, 1024));
  command->add_option("--log-level", options->log_level, "trace, debug, info, warn or error");
  command->add_option("--witness-policy", options->witness_policy,
                      "file that names the witnesses of this ledger (tlog-policy)");
  command->add_option(
      "--replica", options->replica,
      "directory on another disk that holds every entry before its answer goes out");
  command->add_flag("--insecure", options->insecure,
                    "allow another address than loopback without TLS");
  command->add_flag(
      "--retire-missing-keys", options->retire_missing_keys,
      "retire the keys of the log and the operator that are in force and not in DIR/keys");
  command->add_flag(
      "--shred-missing-keys", options->shred_missing_keys,
      "start without keys that DIR/keys/subjects.db lacks: what they seal is given up");
  command->footer(
      "Settings come from DIR/tallystick.toml, then TALLYSTICK_* in the environment, then flags.");
  command->callback([options, &chosen] {
    chosen = [options](Terminal& terminal) { return run_serve(*options, terminal); };
  });
}

}  // namespace tally::api
