#include "api/cli/witness.h"

#include <csignal>
#include <memory>
#include <ostream>
#include <thread>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include "api/cli/signals.h"
#include "api/config.h"
#include "api/data_dir.h"
#include "api/witness_app.h"
#include "api/witness_dir.h"
#include "core/json.h"

namespace tally::api {
namespace {

constexpr const char* footer =
    "A witness cosigns the checkpoints of other people's logs, as long as each extends the one\n"
    "before: `init` makes its key, a line `log <vkey>` in DIR/logs.policy names each log, `serve`\n"
    "answers. A log's operator needs DIR/witness.vkey and the URL. See docs/witnesses.md.";

struct InitOptions {
  std::string directory;
  std::string name;
  bool json = false;
};

struct ServeOptions {
  std::string directory;
  std::string prefix;
  std::string log_level = "info";
  Config config;
};

int run_init(const InitOptions& options, Terminal& terminal) {
  WitnessDir dir(options.directory);
  auto key = make_witness(dir, options.name);
  if (!key) return report(terminal, "witness init", key.error(), exit_refused);
  std::string vkey = ledger::format_vkey(key->verifier());
  if (options.json) {
    terminal.out << core::canonical(core::Json::object({{"directory", options.directory},
                                                        {"logs_file", dir.logs()},
                                                        {"name", options.name},
                                                        {"vkey", vkey}}))
                 << "\n";
    return exit_done;
  }
  terminal.out << fmt::format(
      "A witness is made in {}.\n\n"
      "  public key  {}\n"
      "              (for the policies of the logs; also in {})\n"
      "  private key {} (it never leaves you; used for nothing else)\n"
      "  logs        {}: add a line `log <vkey>` for each\n\n"
      "Start it with:  tallystick witness serve {}\n",
      options.directory, vkey, dir.vkey(), dir.key(), dir.logs(), options.directory);
  return exit_done;
}

core::Result<core::Done> check(ServeOptions& options) {
  while (options.prefix.ends_with('/')) options.prefix.pop_back();
  if (!options.prefix.empty() && !options.prefix.starts_with('/')) options.prefix.insert(0, 1, '/');
  if (options.prefix.find_first_of("{}%?# ") != std::string::npos ||
      options.prefix.find("//") != std::string::npos) {
    return core::Error{core::Refusal::invalid, "witness.malformed_prefix",
                       "a prefix is a path such as /witness"};
  }
  return check_config(options.config);
}

int run_serve(ServeOptions options, Terminal& terminal) {
  constexpr const char* command = "witness serve";
  if (auto checked = check(options); !checked) return report(terminal, command, checked.error());
  WitnessDir dir(options.directory);
  auto key = read_witness_key(dir);
  if (!key) return report(terminal, command, key.error());
  auto logs = read_policy_file(dir.logs());
  if (!logs) return report(terminal, command, logs.error());
  auto lock = ProcessLock::take_file(dir.lock(), options.directory);
  if (!lock) return report(terminal, command, lock.error());
  spdlog::set_default_logger(spdlog::stderr_color_mt("tallystick"));
  spdlog::set_level(spdlog::level::from_str(options.log_level));
  if (logs->logs.empty()) spdlog::warn("{} names no log; nothing will be cosigned", dir.logs());

  StopSignals signals;
  WitnessApp app(dir, *key, *std::move(logs), options.config, options.prefix);
  int port = app.bind();
  const char* scheme = options.config.tls_certificate.empty() ? "http" : "https";
  terminal.out << "listening on " << scheme << "://" << options.config.host << ":" << port
               << options.prefix << std::endl;
  std::jthread serving([&app] { app.serve(); });
  int signal = signals.wait();
  spdlog::info("stopping on signal {}", signal);
  app.stop();
  serving.join();
  return exit_done;
}

void add_init(CLI::App& witness, Chosen& chosen) {
  auto options = std::make_shared<InitOptions>();
  CLI::App* command = witness.add_subcommand("init", "make a witness: its directory and key");
  command->add_option("DIR", options->directory, "must be new or empty")->required();
  command->add_option("--name", options->name, "its name for ever, such as witness.example.org/w1")
      ->required();
  command->add_flag("--json", options->json, "print one JSON object");
  command->callback([options, &chosen] {
    chosen = [options](Terminal& terminal) { return run_init(*options, terminal); };
  });
}

void add_serve(CLI::App& witness, Chosen& chosen) {
  auto options = std::make_shared<ServeOptions>();
  Config& config = options->config;
  config.port = 8462;
  config.workers = 16;
  CLI::App* command =
      witness.add_subcommand("serve", "answer logs over HTTP until SIGTERM or Ctrl-C");
  command->add_option("DIR", options->directory, "what `witness init` made")->required();
  command->add_option("--host", config.host, "address to listen on (default 127.0.0.1)");
  command
      ->add_option("--port", config.port, "port; 0 takes a free one and says which (default 8462)")
      ->check(CLI::Range(0, 65535));
  command->add_option("--prefix", options->prefix,
                      "the path under which it answers (default none)");
  command->add_option("--workers", config.workers, "requests served at once (default 16)")
      ->check(CLI::Range(1, 1024));
  command->add_option("--tls-certificate", config.tls_certificate, "PEM file; with --tls-key");
  command->add_option("--tls-key", config.tls_key, "PEM file");
  command->add_option("--log-level", options->log_level, "trace, debug, info, warn or error");
  command->add_flag("--insecure", config.insecure,
                    "allow another address than loopback without TLS");
  command->callback([options, &chosen] {
    chosen = [options](Terminal& terminal) { return run_serve(*options, terminal); };
  });
}

}  // namespace

void add_witness_command(CLI::App& app, Chosen& chosen) {
  CLI::App* witness = app.add_subcommand("witness", "cosign other people's logs");
  witness->require_subcommand(1);
  witness->footer(footer);
  add_init(*witness, chosen);
  add_serve(*witness, chosen);
}

}  // namespace tally::api
