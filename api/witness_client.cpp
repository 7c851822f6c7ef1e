#include "api/witness_client.h"

#include <algorithm>
#include <utility>

#include "core/hash.h"

namespace tally::api {
namespace {

using Answer = WitnessClient::Answer;
using Outcome = WitnessClient::Outcome;

constexpr std::size_t shown_note_bytes_max = 64 * 1024;
constexpr std::size_t words_bytes_max = 200;

// A stranger's words, fit for a log line.
std::string printable(std::string_view text) {
  std::string words(text.substr(0, words_bytes_max));
  std::ranges::replace_if(
      words, [](char c) { return c < 0x20 || c > 0x7e; }, ' ');
  while (words.ends_with(' ')) words.pop_back();
  return words;
}

Answer said(Outcome outcome, std::string words) {
  return {.outcome = outcome, .signature = {}, .words = std::move(words)};
}

}  // namespace

WitnessClient::WitnessClient(const ledger::PolicyWitness& witness, std::int64_t timeout_ms)
    : key_(witness.key),
      path_(split_url(witness.url).path),
      client_(split_url(witness.url).base,
              {.deadline_ms = timeout_ms, .answer_bytes_max = shown_note_bytes_max}) {}

Answer WitnessClient::add(const ledger::AddCheckpoint& request, std::string_view text) {
  auto answer = client_.request("POST", path_ + "/add-checkpoint",
                                {{"Content-Type", "text/plain; charset=utf-8"}},
                                ledger::format_add_checkpoint(request));
  if (!answer) return said(Outcome::unreachable, answer.error().message);
  return read(*answer, request, text);
}

Answer WitnessClient::read(const HttpAnswer& answer,
                           const ledger::AddCheckpoint& request,
                           std::string_view text) const {
  std::string words = "status " + std::to_string(answer.status) + ": " + printable(answer.body);
  if (answer.status == 200) {
    if (answer.body.size() > ledger::witness_answer_bytes_max)
      return said(Outcome::wrong, "an answer of more than 16,384 bytes");
    auto signature = ledger::read_cosignature(answer.body, text, key_);
    if (!signature) return said(Outcome::wrong, signature.error().message);
    return {.outcome = Outcome::cosigned, .signature = *std::move(signature), .words = {}};
  }
  if (answer.status == 409) {
    auto type = answer.header("Content-Type").value_or("");
    auto size = ledger::parse_tlog_size(answer.body);
    if (type.substr(0, type.find(';')) != ledger::tlog_size_type || !size)
      return said(Outcome::wrong, "a 409 without a size");
    // An older edition of the protocol says so that it holds this size under another root.
    if (*size == request.old_size)
      return said(Outcome::forked, "it holds another root of size " + std::to_string(*size));
    return {.outcome = Outcome::holds,
            .signature = {},
            .size = *size,
            .words = "it holds size " + std::to_string(*size)};
  }
  if (answer.status == 404) return said(Outcome::unknown_log, "it does not know this log");
  if (answer.status == 422 && request.proof.empty() && request.old_size > 0)
    return said(Outcome::forked, words);
  bool is_passing = answer.status == 429 || answer.status / 100 == 5;
  return said(is_passing ? Outcome::unreachable : Outcome::refused, words);
}

std::optional<std::string> WitnessClient::newest(const std::string& origin) {
  auto answer =
      client_.request("GET", path_ + "/" + core::to_hex(core::sha256(origin)) + "/checkpoint");
  if (!answer || answer->status != 200) return std::nullopt;
  return std::move(answer->body);
}

std::string_view outcome_name(Outcome outcome) {
  switch (outcome) {
    case Outcome::cosigned:
      return "cosigned";
    case Outcome::holds:
      return "holds_other_size";
    case Outcome::unknown_log:
      return "unknown_log";
    case Outcome::refused:
      return "refused";
    case Outcome::forked:
      return "forked";
    case Outcome::wrong:
      return "wrong_answer";
    case Outcome::unreachable:
      return "unreachable";
  }
  return "";
}

}  // namespace tally::api
