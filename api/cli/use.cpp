#include "api/cli/use.h"

#include <ostream>

#include <CLI/CLI.hpp>

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
  std::string log_key;
  std::int64_t from = -1;
  std::int64_t limit = -1;
};

Result<std::string> read_line(const std::string& path) {
  auto text = core::read_file(path, 4096);
  if (text && text->ends_with('\n')) text->pop_back();
  return text;
}

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

Result<ledger::VerifiedReceipt> verified(const std::string& receipt, const std::string& log_key) {
  auto key = ledger::parse_vkey(log_key);
  if (!key) return key.error();
  return ledger::verify_receipt(receipt, *key);
}

int run_use(const UseOptions& options, Terminal& terminal) {
  auto token = read_line(options.token_file);
  if (!token) return report(terminal, "use", token.error(), 2);
  HttpClient client(options.url, {.bearer_token = *token});
  Json body = Json::object({{"purpose", options.purpose}});
  if (options.from >= 0) body.add("from", options.from);
  if (options.limit >= 0) body.add("limit", options.limit);
  std::string key =
      options.idempotency_key.empty() ? core::system_random().salt() : options.idempotency_key;
  auto answer = client.request("POST", "/v1/contracts/" + options.contract + "/uses",
                               {{"Idempotency-Key", key}}, core::canonical(body));
  if (!answer) {
    terminal.err << "retry with --idempotency-key " << key
                 << ": the same key is never charged twice\n";
    return report(terminal, "use", answer.error(), 2);
  }
  if (answer->status != 200) return report(terminal, "use", problem_of(*answer), 1);
  auto receipt = receipt_of(client, *answer);
  if (!receipt) return report(terminal, "use", receipt.error(), 1);
  if (!options.receipt.empty()) {
    if (auto written = core::write_file(options.receipt, *receipt); !written)
      return report(terminal, "use", written.error(), 2);
  }
  std::string state = "not checked (no --log-key)";
  if (!options.log_key.empty()) {
    auto checked = verified(*receipt, options.log_key);
    if (!checked) return report(terminal, "use", checked.error(), 1);
    state = "verified: entry " + std::to_string(checked->index) + " of " +
            std::to_string(checked->checkpoint.head.size);
  }
  if (answer->header("Tallystick-Delivered") == "false") {
    return report(
        terminal, "use",
        {core::Refusal::forbidden, "use.not_delivered_again",
         "this key was delivered often enough, or too long ago: only its receipt is left"},
        1);
  }
  if (options.output.empty()) {
    terminal.out << answer->body << "\n";
  } else if (auto written = core::write_file(options.output, answer->body); !written) {
    return report(terminal, "use", written.error(), 2);
  }
  terminal.err << "receipt " << state << "; key " << key << "\n";
  return 0;
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
  command->add_option("--receipt", options->receipt, "where the receipt goes, a .tlog-proof file");
  command->add_option("--log-key", options->log_key, "the ledger's public key: checks the receipt");
  command->callback([options, &chosen] {
    chosen = [options](Terminal& terminal) { return run_use(*options, terminal); };
  });
}

}  // namespace tally::api
