#include "api/witness_start.h"

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include "api/witness_client.h"
#include "api/witness_dir.h"
#include "core/time.h"
#include "ledger/checkpoint.h"

namespace tally::api {
namespace {

using core::Done;
using core::Error;
using core::Hash;
using core::Refusal;
using core::Result;
using ledger::PolicyWitness;
using Outcome = WitnessClient::Outcome;

struct Heard {
  WitnessClient::Answer answer;
  std::optional<std::string> shown;  // its newest note of the log
};

// With the old size that the witness is said to hold, and the proof from there.
Heard ask(const PolicyWitness& witness,
          const ledger::SignedHead& head,
          const std::string& origin,
          std::uint64_t old_size,
          std::vector<Hash> proof,
          std::int64_t timeout_ms) {
  WitnessClient client(witness, timeout_ms);
  std::string text = ledger::parse_note(*head.note)->text;
  Heard heard{
      client.add({.old_size = old_size, .proof = std::move(proof), .note = *head.note}, text), {}};
  bool holds_other = heard.answer.outcome == Outcome::holds && heard.answer.size > 0;
  bool says_no =
      heard.answer.outcome == Outcome::forked || heard.answer.outcome == Outcome::refused;
  if (holds_other || says_no) heard.shown = client.newest(origin);
  return heard;
}

WitnessStanding standing_of(const Heard& heard,
                            std::size_t witness,
                            const ledger::LogKeys& log_keys,
                            const ledger::TreeHead& head,
                            const ledger::SubtreeReader& tiles) {
  WitnessStanding standing{.witness = witness, .size = heard.answer.size, .words = {}};
  if (heard.answer.outcome == Outcome::cosigned) {
    standing.size = head.size;
    standing.standing = Standing::agrees;
  } else if (heard.answer.outcome == Outcome::holds) {
    if (heard.answer.size > head.size) standing.standing = Standing::ahead;
    standing.words = "it says that it holds size " + std::to_string(heard.answer.size) +
                     " and does not cosign this ledger's head";
  } else if (heard.answer.outcome == Outcome::forked) {
    standing.size = head.size;
    standing.standing = Standing::forked;
  } else {
    standing.words = heard.answer.words;
  }
  if (!heard.shown) return standing;
  auto shown = ledger::open_checkpoint(*heard.shown, log_keys.origin(), log_keys);
  if (!shown) return standing;  // not the log's word
  bool is_ahead = shown->head.size > head.size;
  if (!is_ahead && ledger::root_of(tiles, shown->head.size) == shown->head.root) return standing;
  standing.standing = is_ahead ? Standing::ahead : Standing::forked;
  standing.size = shown->head.size;
  standing.is_proved = true;
  return standing;
}

std::string holds_words(const PolicyWitness& witness, const WitnessStanding& standing) {
  return "witness " + witness.name + (standing.is_proved ? " shows" : " says that it holds") +
         " a checkpoint of size " + std::to_string(standing.size) +
         (standing.is_proved ? " that this log's key signed" : "");
}

}  // namespace

Result<ledger::Policy> read_server_policy(const std::string& path,
                                          const ledger::LogKeys& log_keys) {
  auto policy = read_policy_file(path);
  if (!policy) return policy;
  auto named = policy->log_keys(log_keys.origin());
  if (std::ranges::none_of(named, [&](const auto& key) { return log_keys.holds(key); })) {
    return Error{Refusal::invalid, "witness.policy_without_log",
                 path + " does not name this log; add the line: log " +
                     ledger::format_vkey(log_keys.all().back())};
  }
  std::vector<Hash> reachable;
  for (const PolicyWitness& witness : policy->witnesses) {
    if (!witness.url.empty()) reachable.push_back(witness.key.public_key);
  }
  if (!makes_quorum(*policy, reachable)) {
    return Error{Refusal::invalid, "witness.unreachable_quorum",
                 path + ": the witnesses that have a URL do not make the quorum"};
  }
  return policy;
}

std::optional<WitnessesAtStart> parse_witnesses_at_start(std::string_view text) {
  if (text == "quorum") return WitnessesAtStart::quorum;
  if (text == "any") return WitnessesAtStart::any;
  if (text == "none") return WitnessesAtStart::none;
  return std::nullopt;
}

std::vector<WitnessStanding> ask_witnesses(const ledger::Policy& policy,
                                           const ledger::LogKeys& log_keys,
                                           const ledger::SignedHead& head,
                                           const ledger::SubtreeReader& tiles,
                                           std::int64_t timeout_ms) {
  std::vector<std::optional<Heard>> heard(policy.witnesses.size());
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < heard.size(); ++i) {
      if (policy.witnesses[i].url.empty()) continue;
      threads.emplace_back([&, i] {
        heard[i] =
            ask(policy.witnesses[i], head, log_keys.origin(), head.head.size, {}, timeout_ms);
      });
    }
  }
  {
    // Who says that it holds less says nothing yet, for that is no signature: it is brought this head.
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < heard.size(); ++i) {
      if (!heard[i] || heard[i]->answer.outcome != Outcome::holds) continue;
      std::uint64_t held = heard[i]->answer.size;
      if (held >= head.head.size) continue;
      std::vector<Hash> proof;
      if (held > 0) proof = ledger::prove_consistency(tiles, held, head.head.size).path;
      threads.emplace_back([&, i, held, proof = std::move(proof)]() mutable {
        Heard again =
            ask(policy.witnesses[i], head, log_keys.origin(), held, std::move(proof), timeout_ms);
        // It says again that it holds what it was asked to go on from, and does not: no fork, no consent.
        if (again.answer.outcome == Outcome::forked && !again.shown) {
          again.answer = {.outcome = Outcome::wrong,
                          .signature = {},
                          .size = held,
                          .words = "it says that it holds size " + std::to_string(held) +
                                   " and does not go on from there"};
        }
        // What it showed before stays proof, whatever it answered now.
        if (!again.shown) again.shown = std::move(heard[i]->shown);
        heard[i] = std::move(again);
      });
    }
  }
  std::vector<WitnessStanding> standings;
  for (std::size_t i = 0; i < heard.size(); ++i) {
    if (heard[i]) standings.push_back(standing_of(*heard[i], i, log_keys, head.head, tiles));
  }
  return standings;
}

Result<Done> judge_standings(const ledger::Policy& policy,
                             const std::vector<WitnessStanding>& standings,
                             std::uint64_t size,
                             WitnessesAtStart needed) {
  for (Standing bad : {Standing::forked, Standing::ahead}) {
    for (const WitnessStanding& standing : standings) {
      if (standing.standing != bad) continue;
      std::string words = holds_words(policy.witnesses[standing.witness], standing);
      if (bad == Standing::forked) {
        return Error{Refusal::conflict, "witness.ledger_forked",
                     words +
                         ", with another root than this ledger has: it is not the one that was "
                         "witnessed. Nothing was signed or served. See docs/witnesses.md."};
      }
      return Error{Refusal::conflict, "witness.ledger_behind",
                   words + ", but this ledger ends at " + std::to_string(size) +
                       ": it is an older copy. Nothing was signed or served. Bring back the newest "
                       "one, or see docs/witnesses.md."};
    }
  }
  std::vector<Hash> agreeing;
  std::string silent;
  for (const WitnessStanding& standing : standings) {
    const PolicyWitness& witness = policy.witnesses[standing.witness];
    if (standing.standing == Standing::agrees) {
      agreeing.push_back(witness.key.public_key);
    } else {
      silent += (silent.empty() ? "" : "; ") + witness.name + ": " + standing.words;
    }
  }
  bool is_enough = needed == WitnessesAtStart::none ||
                   (needed == WitnessesAtStart::any && !agreeing.empty()) ||
                   (needed == WitnessesAtStart::quorum && makes_quorum(policy, agreeing));
  if (is_enough) return Done{};
  return Error{Refusal::unavailable, "witness.too_few_answers",
               "too few witnesses say that this is the newest copy of the ledger (" + silent +
                   "). The setting witnesses.require_at_start says how many are needed."};
}

Result<Done> check_witnesses(const ledger::Policy& policy,
                             const ledger::LogKeys& log_keys,
                             const ledger::SignedHead& head,
                             const ledger::SubtreeReader& tiles,
                             WitnessesAtStart needed,
                             std::int64_t timeout_ms,
                             std::int64_t wait_s) {
  const core::Clock& clock = core::system_clock();
  const std::int64_t end_ms = clock.monotonic_ms() + wait_s * 1000;
  while (true) {
    auto standings = ask_witnesses(policy, log_keys, head, tiles, timeout_ms);
    auto judged = judge_standings(policy, standings, head.head.size, needed);
    if (judged || judged.error().kind != Refusal::unavailable) return judged;
    if (clock.monotonic_ms() >= end_ms) return judged;
    std::this_thread::sleep_for(std::chrono::seconds(1));
  }
}

}  // namespace tally::api
