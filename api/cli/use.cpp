#include "api/cli/use.h"

#include <filesystem>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "api/cli/log_key.h"
#include "api/cli/token_file.h"
#include "api/http_client.h"
#include "core/file.h"
#include "core/json.h"
#include "core/random.h"
#include "ledger/proof.h"

namespace tally::api {
namespace {

using core::Json;
using core::Result;

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

core::Error problem_of(const HttpAnswer& answer) {
  core::Error error{
      core::Refusal::forbidden, "http." + std::to_string(answer.status), answer.body, {}};
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
  if (!place)
    return core::Error{core::Refusal::invalid, "use.no_receipt", "the answer names no receipt"};
  auto file = client.request("GET", *place);
  if (!file) return file.error();
  if (file->status != 200) return problem_of(*file);
  return file->body;
}

// What is wrong here is found before the request, as a use is charged whether or not its answer can be
// kept.
Result<core::Done> check_places(const UseOptions& options) {
  if (!options.receipt.empty()) {
    std::error_code failure;
    if (std::filesystem::exists(options.receipt, failure)) {
      return core::Error{core::Refusal::conflict, "receipt.exists",
                         options.receipt + " exists; a receipt is never overwritten"};
    }
    if (options.receipt == options.output) {
      return core::Error{core::Refusal::conflict, "receipt.exists",
                         options.receipt + " cannot hold both the answer and its receipt"};
    }
  }
  for (const std::string& path : {options.output, options.receipt}) {
    if (path.empty()) continue;
    if (auto checked = core::check_writable(path); !checked) return checked;
  }
  return core::Done{};
}

Result<core::Done> hand_out(const std::string& body, const UseOptions& options, std::ostream& out) {
  if (!options.output.empty()) return core::write_file(options.output, body);
  if (out << body << "\n" << std::flush) return core::Done{};
  return core::Error{core::Refusal::invalid, "file.unwritable",
                     "standard output: cannot be written"};
}

struct Prepared {
  std::string token;
  std::optional<ledger::LogKeys> log_keys;  // none: the receipt is not checked
  std::string idempotency_key;
};

Result<Prepared> prepare(const UseOptions& options) {
  auto token = read_token_file(options.token_file);
  if (!token) return token.error();
  Prepared prepared{*token, {}, options.idempotency_key};
  if (!options.log_keys.empty()) {
    auto keys = read_log_keys(options.log_keys);
    if (!keys) return keys.error();
    prepared.log_keys = *std::move(keys);
  }
  if (auto checked = check_places(options); !checked) return checked.error();
  if (prepared.idempotency_key.empty()) prepared.idempotency_key = core::system_random().salt();
  return prepared;
}

// After the request: the same key gives the answer and its receipt again.
int fail(const core::Error& error, const std::string& key, int code, Terminal& terminal) {
  terminal.err << "retry with --idempotency-key " << key
               << ": the same key is never charged twice\n";
  return report(terminal, "use", error, code);
}

// The answer first: what was charged is handed out whatever becomes of its receipt.
int keep(const HttpAnswer& answer,
         const UseOptions& options,
         const Prepared& prepared,
         HttpClient& client,
         Terminal& terminal) {
  const std::string& key = prepared.idempotency_key;
  bool is_delivered = answer.header("Tallystick-Delivered") != "false";
  if (is_delivered) {
    if (auto written = hand_out(answer.body, options, terminal.out); !written)
      return fail(written.error(), key, 2, terminal);
  }
  auto receipt = receipt_of(client, answer);
  if (!receipt) return fail(receipt.error(), key, 1, terminal);
  if (!options.receipt.empty()) {
    if (auto written = core::write_file(options.receipt, *receipt); !written)
      return fail(written.error(), key, 2, terminal);
  }
  std::string state = "not checked (no --log-key)";
  if (prepared.log_keys) {
    auto checked = ledger::verify_receipt(*receipt, *prepared.log_keys);
    if (!checked) return fail(checked.error(), key, 1, terminal);
    state = "verified: entry " + std::to_string(checked->index) + " of " +
            std::to_string(checked->checkpoint.head.size);
  }
  if (!is_delivered) {
    return report(
        terminal, "use",
        {core::Refusal::forbidden, "use.not_delivered_again",
         "this key was delivered often enough, or too long ago: only its receipt is left"},
        1);
  }
  terminal.err << "receipt " << state << "; key " << key << "\n";
  return 0;
}

int run_use(const UseOptions& options, Terminal& terminal) {
  auto prepared = prepare(options);
  if (!prepared) return report(terminal, "use", prepared.error(), 2);
  const std::string& key = prepared->idempotency_key;
  HttpClient client(options.url, {.bearer_token = prepared->token});
  Json body = Json::object({{"purpose", options.purpose}});
  if (options.from >= 0) body.add("from", options.from);
  if (options.limit >= 0) body.add("limit", options.limit);
  auto answer = client.request("POST", "/v1/contracts/" + options.contract + "/uses",
                               {{"Idempotency-Key", key}}, core::canonical(body));
  if (!answer) {
    if (answer.error().code == "http.bad_url") return report(terminal, "use", answer.error(), 2);
    return fail(answer.error(), key, 2, terminal);
  }
  bool is_refused = answer->status >= 400 && answer->status < 500;  // which charges nothing
  if (is_refused) return report(terminal, "use", problem_of(*answer), 1);
  if (answer->status != 200) return fail(problem_of(*answer), key, 1, terminal);
  return keep(*answer, options, *prepared, client, terminal);
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
  command->callback([options, &chosen] {
    chosen = [options](Terminal& terminal) { return run_use(*options, terminal); };
  });
}

}  // namespace tally::api
