
#include "api/cli/keygen.h"

#include <ostream>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "api/cli/party_key.h"
#include "core/json.h"
#include "core/time.h"
#include "space/ids.h"

namespace tally::api {
namespace {

struct KeygenOptions {
  std::string file;
  bool json = false;
};

int run_keygen(const KeygenOptions& options, Terminal& terminal) {
  auto key = core::SigningKey::generate();
  auto written = write_party_key(options.file, key);
  if (!written) {
    bool is_there = written.error().kind == core::Refusal::conflict;
    return report(terminal, "keygen", written.error(), is_there ? exit_refused : exit_could_not);
  }
  auto id = space::KeyId::of(key.public_key());
  auto party = space::PartyId::make(core::system_clock().now(), core::system_random());
  if (options.json) {
    auto json = core::Json::object({{"file", options.file},
                                    {"key", id.text()},
                                    {"party", party.text()},
                                    {"public_key", core::to_hex(key.public_key())}});
    terminal.out << core::canonical(json) << "\n";
    return 0;
  }
  terminal.out << fmt::format(
      "A party's key is in {} (keep it; it never leaves you).\n\n"
      "  key         {}\n"
      "  public key  {}\n"
      "  party id    {}   (free to take for a registration)\n",
      options.file, id.text(), core::to_hex(key.public_key()), party.text());
  return 0;
}

}  // namespace

void add_keygen_command(CLI::App& program, Chosen& chosen) {
  auto options = std::make_shared<KeygenOptions>();
  auto* command = program.add_subcommand("keygen", "make a party's Ed25519 key");
  command->add_option("FILE", options->file, "where the private key goes; must not exist")
      ->required();
  command->add_flag("--json", options->json, "print one JSON object");
  command->callback([options, &chosen] {
    chosen = [options](Terminal& terminal) { return run_keygen(*options, terminal); };
  });
}

}  // namespace tally::api
