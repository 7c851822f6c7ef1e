#include "witness/log_stage.h"

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <thread>

#include "core/file.h"
#include "core/hash.h"
#include "core/json.h"

namespace tally::witness_test {
namespace {

using core::Json;
namespace fs = std::filesystem;

std::string without_newline(std::string text) {
  while (text.ends_with('\n')) text.pop_back();
  return text;
}

std::string made_log(const std::string& directory) {
  live::run_program({program, "init", directory, "--origin", "log.example/ledger"});
  return without_newline(*core::read_file(directory + "/log.vkey"));
}

bool comes_true(const std::function<bool()>& condition) {
  for (int i = 0; i < 500; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return false;
}

}  // namespace

Setting::Setting(const std::string& name, const std::string& value) : name_("TALLYSTICK_" + name) {
  ::setenv(name_.c_str(), value.c_str(), 1);
}
Setting::~Setting() { ::unsetenv(name_.c_str()); }

LogProcess::LogProcess()
    : vkey_(made_log(directory())),
      token_(without_newline(*core::read_file(directory() + "/operator.token"))),
      interval_("WITNESSES_INTERVAL_MS", "50"),
      alone_(program, directory()),
      witnessed_(program, directory(), {"--witness-policy", policy_file()}) {}

void LogProcess::use_policy(const std::string& lines) {
  if (!core::write_file(policy_file(), "log " + vkey_ + "\n" + lines))
    throw std::runtime_error("no policy file");
  with_policy_ = true;
}

void LogProcess::use_no_policy() { with_policy_ = false; }

int LogProcess::exit_code_of_start() {
  try {
    process().start();
  } catch (const std::runtime_error&) {
    return process().last_exit_code();
  }
  process().stop();
  return 0;
}

std::string LogProcess::words_of_failed_start() const {
  const std::string words = file("words");
  live::exit_code_of({"/bin/sh", "-c", "exec \"$@\" 2>\"$0\"", words, "timeout", "20", program,
                      "serve", directory(), "--port", "0", "--witness-policy", policy_file()});
  return *core::read_file(words);
}

void LogProcess::stop() {
  if (process().stop() != 0) throw std::runtime_error("the server did not stop cleanly");
}

std::uint64_t LogProcess::append() {
  static int number = 0;
  api::HttpClient client(process().url(), {.bearer_token = token_});
  auto answer = client.request("POST", "/v1/actors",
                               {{"Idempotency-Key", "actor-" + std::to_string(++number)}},
                               R"({"expires_in_seconds":600,"name":"a","scopes":["ledger:read"]})");
  if (!answer || answer->status != 201)
    throw std::runtime_error(answer ? answer->body : answer.error().message);
  auto seq = core::parse_json(answer->body)->find("receipt")->find("seq")->as_integer();
  return static_cast<std::uint64_t>(seq);
}

api::HttpAnswer LogProcess::get(const std::string& target) const {
  auto answer = api::HttpClient(process().url(), {.bearer_token = token_}).request("GET", target);
  if (!answer) throw std::runtime_error(answer.error().message);
  return *std::move(answer);
}

std::uint64_t LogProcess::published_size() const {
  auto answer = get("/ledger/checkpoint");
  if (answer.status == 503) return 0;
  auto note = ledger::parse_note(answer.body);
  auto checkpoint = note ? ledger::parse_checkpoint(note->text) : note.error();
  if (!checkpoint) throw std::runtime_error("no checkpoint: " + answer.body);
  return checkpoint->head.size;
}

bool LogProcess::publishes(std::uint64_t size) const {
  return comes_true([&] { return published_size() >= size; });
}

std::int64_t LogProcess::metric(const std::string& sample) const {
  std::string text = "\n" + get("/metrics").body;
  std::size_t at = text.find("\n" + sample + " ");
  if (at == std::string::npos) return -1;
  return std::stoll(text.substr(at + sample.size() + 2));
}

bool LogProcess::reaches(const std::string& sample, std::int64_t value) const {
  return comes_true([&] { return metric(sample) >= value; });
}

void LogProcess::back_up(const std::string& name) const {
  fs::remove_all(file(name));
  fs::copy(directory(), file(name), fs::copy_options::recursive);
}

void LogProcess::restore(const std::string& name) const {
  fs::remove_all(directory());
  fs::copy(file(name), directory(), fs::copy_options::recursive);
}

FalseWitness::FalseWitness(Answer answer, const std::string& name)
    : signer_(name,
              core::SigningKey::from_seed(core::sha256(name)),
              ledger::SignatureType::cosignature),
      router_([](const api::Request&, const std::string&) -> core::Result<api::Principal> {
        return core::Error{core::Refusal::forbidden, "scope.missing", ""};
      }),
      server_((router_.add("POST",
                           "/add-checkpoint",
                           {.body = api::BodyKind::json},
                           [answer = std::move(answer)](
                               const api::Request& request) -> core::Result<api::Reply> {
                             return answer(std::string(request.body_text));
                           }),
               router_)) {}

std::string FalseWitness::policy_line(const std::string& name) const {
  return "witness " + name + " " + ledger::format_vkey(signer_.verifier()) + " " + server_.url() +
         "\n";
}

}  // namespace tally::witness_test
