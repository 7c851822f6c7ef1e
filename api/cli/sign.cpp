#include "api/cli/sign.h"

#include <algorithm>
#include <iostream>
#include <iterator>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "api/cli/party_key.h"
#include "core/assert.h"
#include "core/file.h"
#include "core/hash.h"
#include "core/json.h"
#include "core/mapping.h"
#include "ledger/note.h"
#include "space/continuation/confirmation.h"
#include "space/contracts/contracts.h"
#include "space/contracts/document.h"
#include "space/parties/actor.h"
#include "space/parties/party.h"
#include "space/parties/party_key.h"

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
  bool unchecked = false;
};

Result<std::string> read_document(const std::string& path) {
  if (path != "-") return core::read_file(path, 1U << 20);
  return std::string(std::istreambuf_iterator<char>(std::cin), {});
}

// What the server would refuse is not signed. Whether what a document names is there, the server
// alone knows.
using Check = Result<core::Done> (*)(const Json&);

template <class Document>
Result<core::Done> check_members(const Json& json) {
  auto document = core::decode<Document>(json);
  if (!document) return document.error();
  return core::Done{};
}

Result<core::Done> check_contract(const Json& json) {
  auto document = core::decode<space::ContractDocument>(json);
  if (!document) return document.error();
  auto terms = space::read_terms(*document, "");
  if (!terms) return terms.error();
  return core::Done{};
}

// What can be signed here, and the `format` that the document says it has. `refund` is reserved: no route takes
// it yet.
struct Signable {
  space::SignedVerb verb{};
  std::string format;
  Check check = nullptr;
};

const std::vector<Signable>& signables() {
  using space::SignedVerb;
  static const std::vector<Signable> all = {
      {SignedVerb::offer, std::string(space::contract_format), check_contract},
      {SignedVerb::accept, std::string(space::contract_format), check_contract},
      {SignedVerb::terminate, std::string(space::TerminationDocument::format_name),
       check_members<space::TerminationDocument>},
      {SignedVerb::registration, space::PartyDocument{}.format.text(),
       check_members<space::PartyDocument>},
      {SignedVerb::token, space::TokenRequestDocument{}.format.text(),
       check_members<space::TokenRequestDocument>},
      {SignedVerb::add_key, space::KeyDocument{}.format.text(), check_members<space::KeyDocument>},
      {SignedVerb::retire_key, space::KeyRetirementDocument{}.format.text(),
       check_members<space::KeyRetirementDocument>},
      {SignedVerb::confirm, std::string(space::ConfirmationDocument::format_name),
       check_members<space::ConfirmationDocument>}};
  return all;
}

std::vector<std::string> verb_names() {
  std::vector<std::string> names;
  for (const Signable& each : signables()) names.emplace_back(space::verb_name(each.verb));
  return names;
}

const Signable& find_signable(const std::string& name) {
  auto found = std::ranges::find_if(
      signables(), [&](const Signable& each) { return space::verb_name(each.verb) == name; });
  TALLY_ASSERT(found != signables().end());  // the command line took no other
  return *found;
}

// A signature under one thing that was meant for another says what nobody meant.
Result<core::Done> check_format(const Signable& signable, const Json& document) {
  const Json* format = document.is_object() ? document.find("format") : nullptr;
  if (format != nullptr && format->is_string() && format->as_string() == signable.format)
    return core::Done{};
  std::string what = "`" + std::string(space::verb_name(signable.verb)) +
                     "` signs a document with \"format\":\"" + signable.format + "\"; ";
  what += format == nullptr ? "this one has no member format"
                            : "this one has \"format\":" + core::canonical(*format);
  return core::Error{core::Refusal::invalid, "document.wrong_format", what};
}

int run_sign(const SignOptions& options, Terminal& terminal) {
  auto key = read_party_key(options.key);
  if (!key) return report(terminal, "sign", key.error(), 2);
  auto party = space::PartyId::parse(options.party);
  if (!party) {
    return report(terminal, "sign",
                  {core::Refusal::invalid, "party.malformed", options.party + " is no party id"},
                  2);
  }
  if (!ledger::is_key_name(options.origin)) {
    return report(terminal, "sign",
                  {core::Refusal::invalid, "origin.malformed",
                   "\"" + options.origin + "\" is no origin, such as data.example.org/ledger"},
                  exit_could_not);
  }
  auto text = read_document(options.document);
  if (!text) return report(terminal, "sign", text.error(), 2);
  auto document = core::parse_json(*text);
  if (!document) return report(terminal, "sign", document.error(), 1);

  const Signable& signable = find_signable(options.verb);
  auto fits = check_format(signable, *document);
  if (fits && !options.unchecked) fits = signable.check(*document);
  if (!fits) return report(terminal, "sign", fits.error(), exit_refused);
  space::SignedVerb verb = signable.verb;
  auto digest = core::sha256(core::canonical(*document));
  auto signed_with = [&](const core::SigningKey& signer) {
    auto id = space::KeyId::of(signer.public_key());
    return space::sign({verb, options.origin, *party, id, digest}, signer).text();
  };
  // An acceptance names what was offered by its digest; all else travels with its document.
  Json signed_document = verb == space::SignedVerb::accept ? Json(core::to_hex(digest)) : *document;
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
      ->check(CLI::IsMember(verb_names()));
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
  command->add_flag("--unchecked", options->unchecked,
                    "sign also a document of that format which a server would refuse");
  command->callback([options, &chosen] {
    chosen = [options](Terminal& terminal) { return run_sign(*options, terminal); };
  });
}

}  // namespace tally::api
