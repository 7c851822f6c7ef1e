
#include "api/cli/init.h"

#include <ostream>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "api/config.h"
#include "api/store.h"
#include "core/file.h"
#include "core/json.h"
#include "space/opening.h"

namespace tally::api {
namespace {

struct InitOptions {
  std::string directory;
  std::string origin;
  std::string name = "operator";
  std::int64_t token_days = 365;
  bool json = false;
};

int run_init(const InitOptions& options, Terminal& terminal) {
  DataDir dir(options.directory);
  auto keys = make_keys(dir, options.origin);
  if (!keys) return report(terminal, "init", keys.error(), 1);
  auto lock = ProcessLock::take(dir);
  if (!lock) return report(terminal, "init", lock.error(), 2);
  Store store(dir, *keys, {});
  auto opened = space::open_space(store.journal(), keys->operator_key, options.name,
                                  options.token_days * 86'400);
  if (!opened) return report(terminal, "init", opened.error(), 1);
  for (const auto& written :
       {core::write_file(dir.operator_token(), opened->token + "\n", core::FileMode::secret),
        core::write_file(dir.config(), config_template())}) {
    if (!written) return report(terminal, "init", written.error(), 2);
  }
  if (options.json) {
    auto json = core::Json::object({{"directory", options.directory},
                                    {"log_vkey", store.ledger().log_vkey()},
                                    {"operator_party", opened->principal.party.text()},
                                    {"origin", options.origin},
                                    {"token_file", dir.operator_token()}});
    terminal.out << core::canonical(json) << "\n";
    return 0;
  }
  terminal.out << fmt::format(
      "A space is made in {}.\n\n"
      "  ledger      {}\n"
      "  public key  {}   (auditors need it; also in {})\n"
      "  operator    {}; its token lies in {}: take it out and delete the file\n"
      "  keys        {}: back them up apart from the database\n\n"
      "Start it with:  tallystick serve {}\n",
      options.directory, options.origin, store.ledger().log_vkey(), dir.log_vkey(),
      opened->principal.party.text(), dir.operator_token(), dir.key(""), options.directory);
  return 0;
}

}  // namespace

void add_init_command(CLI::App& program, Chosen& chosen) {
  auto options = std::make_shared<InitOptions>();
  auto* command = program.add_subcommand(
      "init", "make a space: data directory, keys, ledger, the first operator");
  command->add_option("DIR", options->directory, "the data directory; must be new or empty")
      ->required();
  command
      ->add_option("--origin", options->origin,
                   "the ledger's name for ever, such as data.example.org/ledger")
      ->required();
  command->add_option("--name", options->name, "the operator's name (private, not in the ledger)");
  command->add_option("--token-days", options->token_days, "how long the first token is good")
      ->check(CLI::Range(1, 3650));
  command->add_flag("--json", options->json, "print one JSON object");
  command->callback([options, &chosen] {
    chosen = [options](Terminal& terminal) { return run_init(*options, terminal); };
  });
}

}  // namespace tally::api
