#include "api/cli/schemas.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>

#include <CLI/CLI.hpp>

#include "api/messages/contracts.h"
#include "api/messages/datasets.h"
#include "api/messages/parties.h"
#include "api/messages/projects.h"
#include "api/messages/shared.h"
#include "api/messages/tasks.h"
#include "core/file.h"
#include "core/mapping.h"
#include "labeling/intake/intake.h"
#include "labeling/items/items.h"
#include "labeling/queue/queue.h"
#include "labeling/release/releases.h"
#include "space/clock.h"
#include "space/continuation/confirmation.h"
#include "space/erasure/erasures.h"
#include "space/evidence/attestation.h"
#include "space/parties/actors.h"
#include "space/parties/keys.h"

namespace tally::api {
namespace {

namespace fs = std::filesystem;
using core::Json;

struct Message {
  std::string_view name;
  std::string_view title;
  Json (*schema)();
};

// The answer of a change has a receipt behind its own members.
template <class T>
Json with_receipt() {
  Json::Object members = core::schema_of<T>().as_object();
  for (auto& member : members) {
    if (member.name == "properties") member.value.add("receipt", core::schema_of<ReceiptBody>());
  }
  return members;
}

// Every message, in the order of schemas/http/README.md.
constexpr std::array messages{
    Message{"problem", "A refusal (RFC 9457)", core::schema_of<ProblemBody>},

    Message{"register_party", "A party registers itself", core::schema_of<RegisterPartyBody>},
    Message{"party_document", "What a party says of itself; signed",
            core::schema_of<space::PartyDocument>},
    Message{"approve_party", "The operator lets a party in", core::schema_of<ApprovePartyBody>},
    Message{"party_answer", "A party", with_receipt<PartyBody>},
    Message{"party_list_answer", "Parties", core::schema_of<PartyListBody>},
    Message{"request_token", "A party asks for a token", core::schema_of<RequestTokenBody>},
    Message{"token_request_document", "What a party asks of a token; signed",
            core::schema_of<space::TokenRequestDocument>},
    Message{"token_answer", "An actor and its token, which is said once",
            with_receipt<GrantedTokenBody>},
    Message{"add_actor", "A party adds an actor", core::schema_of<AddActorBody>},
    Message{"actor_answer", "An actor", with_receipt<space::ActorAnswer>},
    Message{"actor_list_answer", "Actors", core::schema_of<ActorListBody>},

    Message{"add_key", "A party adds a key", core::schema_of<AddKeyBody>},
    Message{"key_document", "Which key a party adds; signed by two",
            core::schema_of<space::KeyDocument>},
    Message{"retire_key", "A party retires a key", core::schema_of<RetireKeyBody>},
    Message{"key_retirement_document", "Which key a party retires; signed",
            core::schema_of<space::KeyRetirementDocument>},
    Message{"key_answer", "A key of a party", with_receipt<space::KeyAnswer>},
    Message{"key_list_answer", "Keys of a party", core::schema_of<space::KeyList>},

    Message{"erasure_answer", "What was erased, and when", with_receipt<space::ErasureAnswer>},

    Message{"register_dataset", "A provider registers a dataset",
            core::schema_of<RegisterDatasetBody>},
    Message{"dataset_answer", "A dataset", with_receipt<DatasetBody>},
    Message{"dataset_list_answer", "Datasets", core::schema_of<DatasetListBody>},
    Message{"register_version", "A provider registers a version of a dataset",
            core::schema_of<RegisterVersionBody>},
    Message{"version_answer", "A version of a dataset", with_receipt<VersionBody>},
    Message{"version_list_answer", "Versions of a dataset", core::schema_of<VersionListBody>},

    Message{"offer_contract", "A provider offers a contract", core::schema_of<OfferBody>},
    Message{"contract_document", "What both parties of a contract sign",
            core::schema_of<space::ContractDocument>},
    Message{"accept_contract", "A consumer accepts a contract", core::schema_of<AcceptBody>},
    Message{"terminate_contract", "A party ends a contract", core::schema_of<TerminateBody>},
    Message{"termination_document", "Why a party ends a contract; signed",
            core::schema_of<space::TerminationDocument>},
    Message{"confirm_contract", "A party confirms how often a contract was used",
            core::schema_of<ConfirmBody>},
    Message{"confirmation_document", "How often a contract was used; signed",
            core::schema_of<space::ConfirmationDocument>},
    Message{"contract_answer", "A contract", with_receipt<space::ContractAnswer>},
    Message{"contract_list_answer", "Contracts", core::schema_of<ContractListBody>},
    Message{"attestation_answer", "What an attestation closes",
            with_receipt<space::AttestationAnswer>},
    Message{"use_contract", "A consumer asks for data", core::schema_of<space::UseCommand>},
    Message{"use_answer", "What a use is answered with", core::schema_of<UseAnswerBody>},
    Message{"grant", "The operator's word to whoever holds the data; signed",
            core::schema_of<space::SignedGrant>},
    Message{"decision_answer", "Every check of a decision", core::schema_of<DecisionBody>},
    Message{"recorded_use_answer", "A use that was recorded", core::schema_of<RecordedUseBody>},

    Message{"open_project", "A labeling team opens a project",
            core::schema_of<labeling::OpenProject>},
    Message{"project_answer", "A project", with_receipt<ProjectAnswer>},
    Message{"project_list_answer", "Projects", core::schema_of<labeling::ProjectListing>},
    Message{"project_status_answer", "A project with its counts",
            core::schema_of<labeling::ProjectStatus>},
    Message{"prediction", "A line of an import", core::schema_of<labeling::Prediction>},
    Message{"import_answer", "What became of the predictions",
            with_receipt<labeling::ImportAnswer>},
    Message{"send_to_check", "A labeling team asks people about accepted items",
            core::schema_of<labeling::CheckCommand>},
    Message{"checks_answer", "How many items are in check now", with_receipt<ChecksAnswer>},
    Message{"item_answer", "How an item stands; a line of an export",
            core::schema_of<labeling::ItemView>},
    Message{"item_proof_answer", "The lines about an item, proved",
            core::schema_of<labeling::ItemProof>},
    Message{"lease_tasks", "An annotator asks for tasks", core::schema_of<labeling::LeaseCommand>},
    Message{"leases_answer", "Seats of tasks, each for a time", core::schema_of<LeasesAnswer>},
    Message{"answer_task", "An annotator answers a task", core::schema_of<labeling::AnswerCommand>},
    Message{"answer_answer", "An answer", with_receipt<AnswerAnswer>},
    Message{"answer_tasks", "An annotator answers several tasks", core::schema_of<AnswersBody>},
    Message{"answers_answer", "Answers", with_receipt<AnswersAnswer>},
    Message{"release_project", "A provider releases what a project decided",
            core::schema_of<labeling::ReleaseCommand>},
    Message{"release_answer", "The version that was released",
            with_receipt<labeling::ReleaseAnswer>},

    Message{"acknowledge_answer", "The time that entries carry from here on",
            with_receipt<space::ClockAnswer>},
    Message{"health_answer", "The server answers", core::schema_of<HealthBody>},
};

struct Options {
  std::string directory = "schemas/http";
  bool check = false;
};

std::string file_name(const Message& message) { return std::string(message.name) + ".schema.json"; }

std::string text_of(const Message& message) {
  Json json = Json::object({{"$schema", "https://json-schema.org/draft/2020-12/schema"},
                            {"$id", "urn:tallystick:schema:" + std::string(message.name)},
                            {"title", message.title}});
  Json schema = message.schema();
  for (const auto& member : schema.as_object()) json.add(member.name, member.value);
  return core::indented(json);
}

bool is_known(const std::string& name) {
  return std::any_of(messages.begin(), messages.end(),
                     [&](const Message& message) { return file_name(message) == name; });
}

int check(const fs::path& directory, Terminal& terminal) {
  constexpr std::size_t schema_bytes_max = 1U << 20;
  int code = exit_done;
  for (const Message& message : messages) {
    auto path = directory / file_name(message);
    auto text = core::read_file(path.string(), schema_bytes_max);
    if (text && *text == text_of(message)) continue;
    terminal.err << path.string() << (text ? " differs" : " is missing") << "\n";
    code = exit_refused;
  }
  std::error_code failure;
  for (const auto& entry : fs::directory_iterator(directory, failure)) {
    std::string name = entry.path().filename().string();
    if (!name.ends_with(".schema.json") || is_known(name)) continue;
    terminal.err << entry.path().string() << " describes no message\n";
    code = exit_refused;
  }
  if (code != exit_done) terminal.err << "`tallystick schemas` writes them\n";
  return code;
}

int write(const fs::path& directory, Terminal& terminal) {
  std::error_code failure;
  fs::create_directories(directory, failure);
  for (const Message& message : messages) {
    auto written = core::write_file((directory / file_name(message)).string(), text_of(message));
    if (!written) return report(terminal, "schemas", written.error());
  }
  terminal.out << messages.size() << " schemas in " << directory.string() << "\n";
  return exit_done;
}

}  // namespace

void add_schemas_command(CLI::App& app, Chosen& chosen) {
  auto options = std::make_shared<Options>();
  auto* command = app.add_subcommand("schemas", "write the JSON Schema of each message of the API");
  command->add_option("DIR", options->directory, "where they go (default schemas/http)");
  command->add_flag("--check", options->check, "write nothing; exit 1 and name those that differ");
  command->callback([options, &chosen] {
    chosen = [options](Terminal& terminal) {
      return options->check ? check(options->directory, terminal)
                            : write(options->directory, terminal);
    };
  });
}

}  // namespace tally::api
