#include "api/cli/sign.h"

#include <iostream>
#include <iterator>

#include <CLI/CLI.hpp>

#include "api/cli/party_key.h"
#include "core/file.h"
#include "core/hash.h"
#include "core/json.h"

namespace tally::api {
namespace {

using core::Json;
using core::Result;

struct SignOptions {
  std::string verb;
  std::string document;
  std::string key;
  std::string origin;
  std::string party;
  std::string new_key;  // of an addition
};

Result<std::string> read_document(const std::string& path) {
  if (path != "-") return core::read_file(path, 1U << 20);
  return std::string(std::istreambuf_iterator<char>(std::cin), {});
}

std::optional<space::SignedVerb> find_verb(const std::string& name) {
  for (auto verb :
       {space::SignedVerb::offer, space::SignedVerb::accept, space::SignedVerb::terminate,
        space::SignedVerb::refund, space::SignedVerb::registration, space::SignedVerb::token,
        space::SignedVerb::add_key, space::SignedVerb::retire_key, space::SignedVerb::confirm}) {
    if (space::verb_name(verb) == name) return verb;
  }
  return std::nullopt;
}

int run_sign(const SignOptions& options, Terminal& terminal) {
  auto key = read_party_key(options.key);
  if (!key) return report(terminal, "sign", key.error(), 2);
  auto party = space::PartyId::parse(options.party);
  if (!party)
    return report(terminal, "sign",
                  {core::Refusal::invalid, "party.malformed", options.party + " is no party id"},
                  2);
  auto text = read_document(options.document);
  if (!text) return report(terminal, "sign", text.error(), 2);
  auto document = core::parse_json(*text);
  if (!document) return report(terminal, "sign", document.error(), 1);

  auto verb = find_verb(options.verb);
  auto digest = core::sha256(core::canonical(*document));
  auto signed_with = [&](const core::SigningKey& signer) {
    auto id = space::KeyId::of(signer.public_key());
    return space::sign({*verb, options.origin, *party, id, digest}, signer).text();
  };
  // An acceptance names what was offered by its digest; all else travels with its document.
  Json signed_document =
      *verb == space::SignedVerb::accept ? Json(core::to_hex(digest)) : *document;
  auto message = Json::object({{"document", signed_document},
                               {"key", space::KeyId::of(key->public_key()).text()},
                               {"signature", signed_with(*key)}});
  if (!options.new_key.empty()) {
    auto added = read_party_key(options.new_key);
    if (!added) return report(terminal, "sign", added.error(), 2);
    message.add("possession", signed_with(*added));
  }
  terminal.out << core::canonical(message) << "\n";
  return 0;
}

}  // namespace

void add_sign_command(CLI::App& program, Chosen& chosen) {
  auto options = std::make_shared<SignOptions>();
  auto* command = program.add_subcommand(
      "sign", "sign a document as a party, offline; prints the message to send");
  command->add_option("VERB", options->verb, "what the signature says")
      ->required()
      ->check(CLI::IsMember({"offer", "accept", "terminate", "refund", "register", "token",
                             "add-key", "retire-key", "confirm"}));
  command->add_option("DOCUMENT", options->document, "a JSON file, or - for standard input")
      ->required();
  command->add_option("--key", options->key, "the party's private key, made by `keygen`")
      ->required();
  command
      ->add_option("--origin", options->origin,
                   "the ledger's origin: a signature counts there alone")
      ->required();
  command->add_option("--party", options->party, "the party that signs")->required();
  command->add_option("--new-key", options->new_key,
                      "add-key: the private key that is added, which signs too");
  command->callback([options, &chosen] {
    chosen = [options](Terminal& terminal) { return run_sign(*options, terminal); };
  });
}

}  // namespace tally::api
