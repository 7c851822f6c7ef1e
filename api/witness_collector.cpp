#include "api/witness_collector.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "ledger/checkpoint.h"
#include "ledger/store.h"
#include "ledger/tile.h"

namespace tally::api {
namespace {

using ledger::Hash;
using ledger::Published;
using ledger::SignatureLine;
using ledger::SignedHead;
using Outcome = WitnessClient::Outcome;
using Milliseconds = std::chrono::milliseconds;

// What a request may fail by; `holds` when the witness is ahead of what we have.
constexpr std::array failures{Outcome::holds,  Outcome::unknown_log, Outcome::refused,
                              Outcome::forked, Outcome::wrong,       Outcome::unreachable};
constexpr int requests_max = 3;  // of one attempt: the size is asked for, and may move

std::int64_t steady_ms() {
  return std::chrono::duration_cast<Milliseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

// A policy's name as the value of a label.
std::string label_of(const std::string& name) {
  std::string label;
  for (char c : name) {
    if (c == '"' || c == '\\') label += '\\';
    label += c < 0x20 || c > 0x7e ? '?' : c;
  }
  return label;
}

void describe(std::string& out, const char* name, const char* type, const char* help) {
  out += fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
}

}  // namespace

class WitnessCollector::Rounds {
 public:
  Rounds(ledger::Policy policy,
         ledger::Journal& journal,
         ledger::WitnessedPublication& publication,
         Options options);
  ~Rounds() {
    for (auto& thread : threads_) thread.request_stop();
  }
  Rounds(const Rounds&) = delete;
  Rounds& operator=(const Rounds&) = delete;

  std::string metrics() const;

 private:
  // The checkpoint that is being cosigned.
  struct Round {
    std::uint64_t number = 0;
    SignedHead head;
    std::string text;  // of the note
    std::int64_t began_ms = 0;
    std::optional<std::int64_t> quorum_ms;            // when it was there
    std::map<std::size_t, SignatureLine> lines = {};  // by witness
    std::size_t lines_published = 0;
    bool is_published = false;
  };
  struct Peer {
    ledger::PolicyWitness witness;
    std::uint64_t round_done = 0;
    bool is_pausing = false;
    std::uint64_t cosigned_size = 0;
    std::uint64_t cosignatures = 0;
    unsigned failures_in_row = 0;
    std::map<Outcome, std::uint64_t> failures = {};
  };
  struct Attempt {
    Outcome outcome = Outcome::unreachable;
    std::optional<SignatureLine> line;
    std::string words;
  };

  void conduct(const std::stop_token& stop);
  bool publish(Published published);
  void wait(std::unique_lock<std::mutex>& lock, const std::stop_token& stop, std::int64_t ms);
  bool begin_round();
  bool is_due(const SignedHead& head, std::int64_t now_ms) const;
  std::optional<Published> publishable();
  bool has_quorum() const;
  bool all_are_done() const;
  std::int64_t pause_ms() const;

  void attend(const std::stop_token& stop, std::size_t index);
  std::optional<Round> wait_for_round(const std::stop_token& stop, Peer& peer);
  Attempt attempt(WitnessClient& client, const Round& round, std::uint64_t& held);
  std::vector<Hash> prove(std::uint64_t old_size, std::uint64_t size);
  void note(Peer& peer, std::size_t index, const Round& round, Attempt attempt);
  void pause(const std::stop_token& stop, Peer& peer);

  ledger::Policy policy_;
  ledger::Journal& journal_;
  ledger::WitnessedPublication& publication_;
  Options options_;

  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  // Guarded by mutex_.
  std::optional<Round> round_;
  std::vector<Peer> peers_;
  bool has_news_ = false;  // for the conductor

  std::vector<std::jthread> threads_;  // last: they start when all else is ready
};

WitnessCollector::Rounds::Rounds(ledger::Policy policy,
                                 ledger::Journal& journal,
                                 ledger::WitnessedPublication& publication,
                                 Options options)
    : policy_(std::move(policy)), journal_(journal), publication_(publication), options_(options) {
  for (const auto& witness : policy_.witnesses) peers_.push_back({.witness = witness});
  for (std::size_t i = 0; i < peers_.size(); ++i) {
    if (peers_[i].witness.url.empty()) continue;
    threads_.emplace_back([this, i](const std::stop_token& stop) { attend(stop, i); });
  }
  threads_.emplace_back([this](const std::stop_token& stop) { conduct(stop); });
}

// --- the conductor --------------------------------------------------------------------------------

void WitnessCollector::Rounds::conduct(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    has_news_ = false;
    if (auto published = publishable()) {
      lock.unlock();
      std::uint64_t size = published->size;
      bool is_done = publish(*std::move(published));
      lock.lock();
      if (is_done && round_->head.head.size == size) round_->is_published = true;
      if (!is_done) {
        round_->lines_published = 0;
        wait(lock, stop, options_.pause_min_ms);
      }
    }
    if (begin_round()) changed_.notify_all();
    changed_.wait_for(lock, stop, Milliseconds(pause_ms()), [this] { return has_news_; });
  }
}

bool WitnessCollector::Rounds::publish(Published published) {
  std::string why;
  try {
    auto done = publication_.publish(journal_.writer, std::move(published));
    if (done) return true;
    why = done.error().message;
  } catch (const std::exception& broken) {
    why = broken.what();
  }
  spdlog::warn("the cosigned checkpoint is not stored yet: {}", why);
  return false;
}

// Lets go of the lock for that long, unless it is time to stop.
void WitnessCollector::Rounds::wait(std::unique_lock<std::mutex>& lock,
                                    const std::stop_token& stop,
                                    std::int64_t ms) {
  changed_.wait_for(lock, stop, Milliseconds(ms), [&stop] { return stop.stop_requested(); });
}

bool WitnessCollector::Rounds::is_due(const SignedHead& head, std::int64_t now_ms) const {
  if (!round_) return head.head.size > 0;
  std::int64_t age_ms = now_ms - round_->began_ms;
  if (age_ms < options_.interval_ms) return false;
  if (head.head.size == round_->head.head.size) return age_ms >= options_.refresh_ms;
  return round_->is_published || age_ms >= options_.timeout_ms;
}

bool WitnessCollector::Rounds::begin_round() {
  SignedHead head = journal_.ledger.signed_head();
  std::int64_t now_ms = steady_ms();
  if (!is_due(head, now_ms)) return false;
  Round next;
  next.number = round_ ? round_->number + 1 : 1;
  next.text = ledger::parse_note(*head.note)->text;
  next.head = std::move(head);
  next.began_ms = now_ms;
  round_ = std::move(next);
  return true;
}

bool WitnessCollector::Rounds::has_quorum() const {
  std::vector<Hash> keys;
  for (const auto& [index, line] : round_->lines)
    keys.push_back(policy_.witnesses[index].key.public_key);
  return makes_quorum(policy_, keys);
}

bool WitnessCollector::Rounds::all_are_done() const {
  return std::ranges::all_of(peers_, [this](const Peer& peer) {
    return peer.witness.url.empty() || peer.is_pausing || peer.round_done == round_->number;
  });
}

// The round with what came in, when it is time to show that.
std::optional<Published> WitnessCollector::Rounds::publishable() {
  if (!round_ || !has_quorum()) return std::nullopt;
  std::int64_t now_ms = steady_ms();
  if (!round_->quorum_ms) round_->quorum_ms = now_ms;
  bool is_new = !round_->is_published || round_->lines.size() > round_->lines_published;
  bool is_time = all_are_done() || now_ms >= *round_->quorum_ms + options_.grace_ms;
  if (!is_new || !is_time) return std::nullopt;
  round_->lines_published = round_->lines.size();
  Published published{.size = round_->head.head.size, .note = *round_->head.note};
  for (const auto& [index, line] : round_->lines)
    published.note += ledger::format_signature_line(line);
  return published;
}

std::int64_t WitnessCollector::Rounds::pause_ms() const {
  if (!round_) return options_.interval_ms;
  std::int64_t now_ms = steady_ms();
  std::int64_t pause = round_->began_ms + options_.interval_ms - now_ms;
  if (round_->quorum_ms && !round_->is_published)
    pause = std::min(pause, *round_->quorum_ms + options_.grace_ms - now_ms);
  return std::clamp<std::int64_t>(pause, 10, options_.interval_ms);
}

// --- a witness ------------------------------------------------------------------------------------

void WitnessCollector::Rounds::attend(const std::stop_token& stop, std::size_t index) {
  Peer& peer = peers_[index];
  WitnessClient client(peer.witness, options_.timeout_ms);
  std::stop_callback abort(stop, [&client] { client.stop(); });
  std::uint64_t held = 0;  // by the witness, as it said last; it corrects us
  while (auto round = wait_for_round(stop, peer)) {
    Attempt made;
    try {
      made = attempt(client, *round, held);
    } catch (const std::exception& broken) {
      // The ledger's tables cannot be read: that is for those to tell who serve from them.
      made = {Outcome::unreachable, {}, broken.what()};
    }
    if (stop.stop_requested()) return;
    bool is_failure = !made.line && made.outcome != Outcome::cosigned;
    if (is_failure) held = 0;
    note(peer, index, *round, std::move(made));
    if (is_failure) pause(stop, peer);
  }
}

std::optional<WitnessCollector::Rounds::Round> WitnessCollector::Rounds::wait_for_round(
    const std::stop_token& stop, Peer& peer) {
  std::unique_lock lock(mutex_);
  bool is_there =
      changed_.wait(lock, stop, [&] { return round_ && round_->number != peer.round_done; });
  if (!is_there) return std::nullopt;
  return round_;
}

WitnessCollector::Rounds::Attempt WitnessCollector::Rounds::attempt(WitnessClient& client,
                                                                    const Round& round,
                                                                    std::uint64_t& held) {
  const std::uint64_t size = round.head.head.size;
  for (int request = 0; request < requests_max; ++request) {
    auto answer = client.add(
        {.old_size = held, .proof = prove(held, size), .note = *round.head.note}, round.text);
    if (answer.outcome == Outcome::cosigned) {
      held = size;
      return {Outcome::cosigned, std::move(answer.signature->line), {}};
    }
    if (answer.outcome != Outcome::holds) return {answer.outcome, {}, std::move(answer.words)};
    held = answer.size;
    if (held <= size) continue;
    // It was brought something newer meanwhile, or it lies, or this ledger is an older copy.
    if (held <= journal_.ledger.signed_head().head.size) return {Outcome::cosigned, {}, {}};
    return {Outcome::holds, {}, answer.words + ", which this ledger does not have"};
  }
  return {Outcome::wrong, {}, "it names another size each time"};
}

std::vector<Hash> WitnessCollector::Rounds::prove(std::uint64_t old_size, std::uint64_t size) {
  if (old_size == 0 || old_size == size) return {};
  return journal_.readers.read([&](core::sql::Session& session) {
    ledger::TileSubtrees tiles([&session](unsigned level, std::uint64_t index) {
      return ledger::read_tile(session, level, index).value_or("");
    });
    return ledger::prove_consistency(tiles, old_size, size).path;
  });
}

void WitnessCollector::Rounds::note(Peer& peer,
                                    std::size_t index,
                                    const Round& round,
                                    Attempt attempt) {
  std::lock_guard lock(mutex_);
  has_news_ = true;
  changed_.notify_all();
  if (attempt.outcome != Outcome::cosigned) {
    peer.failures[attempt.outcome] += 1;
    if (peer.failures_in_row++ == 0)
      spdlog::warn("witness {}: {}", peer.witness.name, attempt.words);
    bool is_grave = attempt.outcome == Outcome::forked || attempt.outcome == Outcome::holds;
    if (is_grave) {
      spdlog::error("witness {} holds another ledger than this one: {}", peer.witness.name,
                    attempt.words);
    }
    return;
  }
  peer.round_done = round.number;
  if (!attempt.line) return;
  if (peer.failures_in_row > 0) spdlog::info("witness {} cosigns again", peer.witness.name);
  peer.failures_in_row = 0;
  peer.cosignatures += 1;
  peer.cosigned_size = round.head.head.size;
  if (round_->number == round.number)
    round_->lines.insert_or_assign(index, *std::move(attempt.line));
}

void WitnessCollector::Rounds::pause(const std::stop_token& stop, Peer& peer) {
  std::unique_lock lock(mutex_);
  unsigned doublings = std::min(peer.failures_in_row, 16U) - 1;
  std::int64_t pause = std::min(options_.pause_min_ms << doublings, options_.pause_max_ms);
  // Between half of it and all, so that many logs do not come back at once.
  auto random = static_cast<unsigned char>(journal_.random.bytes(1)[0]);
  pause = pause / 2 + pause / 2 * random / 255;
  peer.is_pausing = true;
  wait(lock, stop, pause);
  peer.is_pausing = false;
}

// --- what the operator watches --------------------------------------------------------------------

std::string WitnessCollector::Rounds::metrics() const {
  std::string out;
  std::uint64_t witnessed = publication_.newest().size;
  std::uint64_t signed_size = journal_.ledger.signed_head().head.size;
  describe(out, "tallystick_witnessed_entries", "gauge",
           "Entries under the newest checkpoint with a quorum of cosignatures.");
  out += fmt::format("tallystick_witnessed_entries {}\n", witnessed);
  describe(out, "tallystick_witness_lag_entries", "gauge", "Entries that wait for a quorum.");
  out += fmt::format("tallystick_witness_lag_entries {}\n",
                     signed_size > witnessed ? signed_size - witnessed : 0);
  std::lock_guard lock(mutex_);
  describe(out, "tallystick_witness_cosigned_entries", "gauge",
           "Entries under the checkpoint that this witness cosigned last.");
  for (const Peer& peer : peers_) {
    out += fmt::format("tallystick_witness_cosigned_entries{{witness=\"{}\"}} {}\n",
                       label_of(peer.witness.name), peer.cosigned_size);
  }
  describe(out, "tallystick_witness_cosignatures_total", "counter",
           "Cosignatures that verified, by witness.");
  for (const Peer& peer : peers_) {
    out += fmt::format("tallystick_witness_cosignatures_total{{witness=\"{}\"}} {}\n",
                       label_of(peer.witness.name), peer.cosignatures);
  }
  describe(out, "tallystick_witness_failures_total", "counter",
           "Attempts without a cosignature, by witness and reason.");
  for (const Peer& peer : peers_) {
    for (Outcome reason : failures) {
      auto found = peer.failures.find(reason);
      out += fmt::format("tallystick_witness_failures_total{{witness=\"{}\",reason=\"{}\"}} {}\n",
                         label_of(peer.witness.name), outcome_name(reason),
                         found == peer.failures.end() ? 0 : found->second);
    }
  }
  return out;
}

WitnessCollector::WitnessCollector(ledger::Policy policy,
                                   ledger::Journal& journal,
                                   ledger::WitnessedPublication& publication,
                                   Options options)
    : rounds_(std::make_unique<Rounds>(std::move(policy), journal, publication, options)) {}
WitnessCollector::~WitnessCollector() = default;
std::string WitnessCollector::metrics() const { return rounds_->metrics(); }

}  // namespace tally::api
