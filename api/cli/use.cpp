#include "api/cli/use.h"

#include <csignal>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include "api/cli/log_key.h"
#include "api/cli/token_file.h"
#include "api/http_client.h"
#include "core/json.h"
#include "core/named_file.h"
#include "core/random.h"
#include "ledger/proof.h"

namespace tally::api {
namespace {

using core::Existing;
using core::Json;
using core::NamedFile;
using core::Refusal;
using core::Result;

constexpr const char* footer =
    "Exit codes: 0 the answer and its receipt are there; 1 refused, which charges nothing, or the\n"
    "receipt is not what it should be; 2 could not. What may have been charged is told with the "
    "key\n"
    "that asks for it again.";

struct UseOptions {
  std::string contract;
  std::string url = "http://127.0.0.1:8461";
  std::string token_file;
  std::string purpose;
  std::string idempotency_key;
  std::string output;
  std::string receipt;
  std::vector<std::string> log_keys;
  std::int64_t from = -1;
  std::int64_t limit = -1;
};

bool is_refused(const HttpAnswer& answer) { return answer.status >= 400 && answer.status < 500; }

core::Error problem_of(const HttpAnswer& answer) {
  core::Error error{is_refused(answer) ? Refusal::forbidden : Refusal::unavailable,
                    "http." + std::to_string(answer.status),
                    answer.body,
                    {}};
  auto json = core::parse_json(answer.body);
  if (!json) return error;
  if (const Json* code = json->find("code"); code != nullptr && code->is_string())
    error.code = code->as_string();
  if (const Json* words = json->find("detail"); words != nullptr && words->is_string())
    error.message = words->as_string();
  return error;
}

// The receipt of a use as a .tlog-proof file, wherever the answer has it.
Result<std::string> receipt_of(HttpClient& client, const HttpAnswer& answer) {
  auto place = answer.header("Tallystick-Receipt");
  if (!place) return core::Error{Refusal::invalid, "use.no_receipt", "the answer names no receipt"};
  auto file = client.request("GET", *place);
  if (!file) return file.error();
  if (file->status != 200) return problem_of(*file);
  return file->body;
}

struct Prepared {
  std::string token;
  std::optional<ledger::LogKeys> log_keys = {};  // none: the receipt is not checked
  std::string idempotency_key = {};
  std::optional<NamedFile> output = {};  // none: standard output
  std::optional<NamedFile> receipt = {};
};

// What is wrong here is found before the request, as a use is charged whether or not its answer can be
// kept.
Result<core::Done> open_places(const UseOptions& options, Prepared& prepared) {
  if (!options.receipt.empty()) {
    auto receipt = NamedFile::open(options.receipt, Existing::kept);
    if (!receipt && receipt.error().kind == Refusal::conflict) {
      return core::Error{Refusal::conflict, "receipt.exists",
                         options.receipt + " exists; a receipt is never overwritten"};
    }
    if (!receipt) return receipt.error();
    prepared.receipt.emplace(*std::move(receipt));
  }
  if (!options.output.empty()) {
    auto output = NamedFile::open(options.output, Existing::replaced);
    if (!output) return output.error();
    prepared.output.emplace(*std::move(output));
  }
  if (prepared.output && prepared.receipt &&
      prepared.output->place() == prepared.receipt->place()) {
    return core::Error{Refusal::conflict, "receipt.exists",
                       options.receipt + " cannot hold both the answer and its receipt"};
  }
  return core::Done{};
}

Result<core::Done> hand_out(const std::string& body, const Prepared& prepared, std::ostream& out) {
  if (prepared.output) return prepared.output->write(body);
  if (out << body << "\n" << std::flush) return core::Done{};
  return core::Error{Refusal::invalid, "file.unwritable", "standard output: cannot be written"};
}

Result<Prepared> prepare(const UseOptions& options) {
  auto token = read_token_file(options.token_file);
  if (!token) return token.error();
  Prepared prepared{.token = *token, .idempotency_key = options.idempotency_key};
  if (!options.log_keys.empty()) {
    auto keys = read_log_keys(options.log_keys);
    if (!keys) return keys.error();
    prepared.log_keys = *std::move(keys);
  }
  if (auto opened = open_places(options, prepared); !opened) return opened.error();
  if (prepared.idempotency_key.empty()) prepared.idempotency_key = core::system_random().salt();
  return prepared;
}

int exit_of(const core::Error& error) {
  return error.kind == Refusal::unavailable ? exit_could_not : exit_refused;
}

// After the request: the same key gives the answer and its receipt again.
int fail(const core::Error& error, const std::string& key, int code, Terminal& terminal) {
  terminal.err << "retry with --idempotency-key " << key
               << ": the same key is never charged twice\n";
  return report(terminal, "use", error, code);
}

// The answer first: what was charged is handed out whatever becomes of its receipt.
int keep(const HttpAnswer& answer,
         const Prepared& prepared,
         HttpClient& client,
         Terminal& terminal) {
  const std::string& key = prepared.idempotency_key;
  bool is_delivered = answer.header("Tallystick-Delivered") != "false";
  if (is_delivered) {
    if (auto written = hand_out(answer.body, prepared, terminal.out); !written)
      return fail(written.error(), key, exit_could_not, terminal);
  }
  auto receipt = receipt_of(client, answer);
  if (!receipt) return fail(receipt.error(), key, exit_of(receipt.error()), terminal);
  if (prepared.receipt) {
    if (auto written = prepared.receipt->write(*receipt); !written)
      return fail(written.error(), key, exit_could_not, terminal);
  }
  std::string state = "not checked (no --log-key)";
  if (prepared.log_keys) {
    auto checked = ledger::verify_receipt(*receipt, *prepared.log_keys);
    if (!checked) return fail(checked.error(), key, exit_refused, terminal);
    state = "verified: entry " + std::to_string(checked->index) + " of " +
            std::to_string(checked->checkpoint.head.size);
  }
  if (!is_delivered) {
    return report(
        terminal, "use",
        {Refusal::forbidden, "use.not_delivered_again",
         "this key was delivered often enough, or too long ago: only its receipt is left"},
        exit_refused);
  }
  terminal.err << "receipt " << state << "; key " << key << "\n";
  return exit_done;
}

int run_use(const UseOptions& options, Terminal& terminal) {
  std::signal(SIGPIPE, SIG_IGN);  // a reader that went is an error of the write, told with the key
  auto prepared = prepare(options);
  if (!prepared) return report(terminal, "use", prepared.error());
  const std::string& key = prepared->idempotency_key;
  HttpClient client(options.url, {.bearer_token = prepared->token});
  Json body = Json::object({{"purpose", options.purpose}});
  if (options.from >= 0) body.add("from", options.from);
  if (options.limit >= 0) body.add("limit", options.limit);
  auto answer = client.request("POST", "/v1/contracts/" + options.contract + "/uses",
                               {{"Idempotency-Key", key}}, core::canonical(body));
  if (!answer) {
    if (answer.error().code == "http.bad_url") return report(terminal, "use", answer.error());
    return fail(answer.error(), key, exit_could_not, terminal);
  }
  if (is_refused(*answer)) return report(terminal, "use", problem_of(*answer), exit_refused);
  if (answer->status != 200) return fail(problem_of(*answer), key, exit_could_not, terminal);
  return keep(*answer, *prepared, client, terminal);
}

}  // namespace

void add_use_command(CLI::App& program, Chosen& chosen) {
  auto options = std::make_shared<UseOptions>();
  auto* command =
      program.add_subcommand("use", "make one metered use under a contract and keep its receipt");
  command->add_option("CONTRACT", options->contract, "the contract's id")->required();
  command
      ->add_option("--purpose", options->purpose,
                   "a code at or below one that the contract permits")
      ->required();
  command->add_option("--token-file", options->token_file, "file with the consumer's token")
      ->required();
  command->add_option("--url", options->url, "the server");
  command->add_option("--from", options->from, "first record of the page")
      ->check(CLI::NonNegativeNumber);
  command->add_option("--limit", options->limit, "records of the page, at most 1000")
      ->check(CLI::Range(1, 1000));
  command->add_option("--idempotency-key", options->idempotency_key,
                      "the same key is never charged twice (default: a fresh one)");
  command->add_option("--output", options->output,
                      "where the answer goes (default: standard output)");
  command->add_option("--receipt", options->receipt,
                      "where the receipt goes, a .tlog-proof file; must not exist");
  command
      ->add_option(
          "--log-key", options->log_keys,
          "the ledger's public key, a vkey or @FILE: checks the receipt; again for each key "
          "that it had")
      ->allow_extra_args(false);
  command->footer(footer);
  command->callback([options, &chosen] {
    chosen = [options](Terminal& terminal) { return run_use(*options, terminal); };
  });
}

}  // namespace tally::api
