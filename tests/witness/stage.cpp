#define DOCTEST_CONFIG_IMPLEMENT
#include "witness/stage.h"

#include <stdexcept>

#include <doctest/doctest.h>

#include "core/file.h"
#include "core/hash.h"
#include "core/json.h"

namespace tally::witness_test {

std::string program;
std::string die_at_sync_library;

namespace {

using core::Hash;

std::string made_witness(const std::string& directory, const std::string& name) {
  auto made = core::parse_json(
      live::run_program({program, "witness", "init", directory, "--name", name, "--json"}));
  return made->find("vkey")->as_string();
}

}  // namespace

SampleLog::SampleLog(std::string origin, unsigned seed, std::uint64_t fork_at)
    : signer_(std::move(origin),
              core::SigningKey::from_seed(core::sha256("log " + std::to_string(seed)))) {
  for (std::uint64_t i = 0; i < 60; ++i)
    tree_.append(ledger::hash_leaf((i < fork_at ? "" : "fork ") + std::to_string(i)));
}

std::string SampleLog::note_of(const ledger::TreeHead& head) const {
  return ledger::sign_checkpoint({origin(), head, {}}, signer_);
}
std::string SampleLog::note(std::uint64_t size) const { return note_of({size, tree_.root(size)}); }
std::string SampleLog::text(std::uint64_t size) const {
  return ledger::format_checkpoint({origin(), {size, tree_.root(size)}, {}});
}
std::string SampleLog::body(std::uint64_t old_size, std::uint64_t size) const {
  bool has_proof = old_size > 0 && old_size <= size;
  return ledger::format_add_checkpoint(
      {old_size, has_proof ? tree_.proof(old_size, size) : std::vector<Hash>{}, note(size)});
}

WitnessProcess::WitnessProcess(const std::vector<std::string>& log_vkeys, const std::string& name)
    : directory_(temp_.path() + "/w"),
      key_(*ledger::parse_vkey(made_witness(directory_, name))),
      process_(program, directory_, {"--prefix", "/w"}, {"witness", "serve"}) {
  trust(log_vkeys);
}

void WitnessProcess::trust(const std::vector<std::string>& log_vkeys) {
  std::string text;
  for (const std::string& vkey : log_vkeys) text += "log " + vkey + "\n";
  if (!core::write_file(logs_file(), text + "quorum none\n")) throw std::runtime_error("no file");
}

api::HttpAnswer WitnessProcess::add(const std::string& body) const {
  auto answer = api::HttpClient(url()).request("POST", "/w/add-checkpoint", {}, body);
  if (!answer) throw std::runtime_error(answer.error().message);
  return *std::move(answer);
}

std::string WitnessProcess::policy_line(const std::string& name) const {
  return "witness " + name + " " + ledger::format_vkey(key_) + " " + url() + "/w\n";
}

std::string WitnessProcess::held_file(const std::string& origin) const {
  return directory_ + "/held/" + core::to_hex(core::sha256(origin)) + ".checkpoint";
}

std::string WitnessProcess::held(const std::string& origin) const {
  return ledger::parse_note(*core::read_file(held_file(origin)))->text;
}

int WitnessProcess::exit_code_of_start(const std::vector<std::string>& flags) const {
  live::ServerProcess other(program, directory_, flags, {"witness", "serve"});
  try {
    other.start();
  } catch (const std::runtime_error&) {
    return other.last_exit_code();
  }
  return other.stop();
}

}  // namespace tally::witness_test

// witnesses TALLYSTICK DIE_AT_SYNC_LIBRARY [doctest's options]
int main(int argc, char** argv) {
  if (argc < 3) return 2;
  tally::witness_test::program = argv[1];
  tally::witness_test::die_at_sync_library = argv[2];
  doctest::Context context(argc - 2, argv + 2);
  return context.run();
}
