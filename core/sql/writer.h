// The group-commit writer: one thread, one connection, one transaction and one fsync per batch.
//
// Callers bring commands; while one batch syncs, the next collects. There is no timer: a lone
// command waits for nobody. Every answer, a refusal too, is given after the commit of its batch,
// since it may rest on a neighbour's change.
//
// A command runs in a savepoint of its own. A refusal or an exception undoes that command alone.
// When the engine has ended the transaction, or the commit fails, nobody knows what is on the disk:
// every waiter of the batch gets `outcome_unknown`, the writer stops for good and calls
// `Options::stop_process`. Start-up then reads the truth from the disk.
//
// Refusals of run() itself: writer.overloaded (queue full), writer.deadline_exceeded,
// writer.stopped - nothing was changed; outcome_unknown - retry with the same key; those of the
// participant.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "core/result.h"
#include "core/sql/session.h"

namespace tally::core::sql {

// What else takes part in a batch: the ledger. Called by the writer's thread only.
class Participant {
 public:
  virtual ~Participant() = default;
  virtual void batch_began(Tx&) = 0;  // inside the transaction; throws when memory and disk differ
  virtual void command_begins() = 0;  // the state to return to
  virtual void command_undone() = 0;  // return to it
  virtual void before_commit(Tx&) = 0;  // store what the batch added
  // Durable now: sign, complete the receipts. An error: what was committed stands, and nobody may be
  // told of it yet, so that it is what everybody in the batch is answered.
  virtual std::optional<Error> after_commit() = 0;
  // Why no command may run now.
  virtual std::optional<Error> closed() const { return std::nullopt; }
  virtual bool has_room() const = 0;      // for another command in this batch
  virtual bool has_leftover() const = 0;  // something that may be stored when there is time
};

enum class Lane : std::uint8_t {
  prompt,  // uses, leases, answers: all that wait, in every batch
  bulk,    // one command per batch; imports, uploads
};

class Writer {
 public:
  struct Options {
    std::size_t queue_max = 4096;
    std::chrono::milliseconds deadline{10'000};
    std::chrono::milliseconds rest_after{50};  // idle time after which leftovers are stored
    std::function<void(const std::string& reason)> stop_process;
  };

  Writer(Connection connection, Participant& participant, Options options);
  ~Writer();  // finishes what is queued
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  // Runs f(Tx&) -> Result<T> in the next batch; returns after the batch is durable. An exception of
  // f is thrown here, after the commit of the others.
  template <class F>
  auto run(F&& f, Lane lane = Lane::prompt) -> std::invoke_result_t<F&, Tx&> {
    std::optional<std::invoke_result_t<F&, Tx&>> outcome;
    auto body = [&f, &outcome](Tx& tx) {
      outcome.emplace(f(tx));
      return static_cast<bool>(*outcome);
    };
    if (auto refused = submit(body, lane)) return *std::move(refused);
    return *std::move(outcome);
  }

  // After the next batch, and again until no reader is in the way, the log is moved into the database
  // and emptied: what was deleted is then in none of its files. Returns at once.
  void empty_log();

  // Commands that are waiting now; batches and commands committed so far.
  struct Counters {
    std::uint64_t waiting = 0;
    std::uint64_t batches = 0;
    std::uint64_t commands = 0;
  };
  Counters counters() const;

 private:
  struct Ticket;
  struct Command;

  std::optional<Error> submit(const std::function<bool(Tx&)>& body, Lane lane);
  void loop();
  std::vector<Command*> next_batch(std::shared_ptr<Ticket>& ticket);
  std::optional<std::string> run_all(std::span<Command* const> waiting);  // why it failed
  void run_batch(std::span<Command* const>& waiting);
  void run_command(Command& command);
  std::optional<std::string> move_log();  // why it failed
  void undo();
  void stop_for_good(const std::string& reason);

  Connection connection_;
  Tx tx_;
  Participant& participant_;
  Options options_;

  struct Statements {
    Connection& db;
    Statement begin{db, "begin immediate"};
    Statement commit{db, "commit"};
    Statement rollback{db, "rollback"};
    Statement savepoint{db, "savepoint command"};
    Statement release{db, "release command"};
    Statement undo{db, "rollback to command"};
  };
  Statements sql_;

  mutable std::mutex mutex_;
  std::condition_variable work_;
  // Guarded by mutex_.
  std::vector<Command*> prompt_;
  std::vector<Command*> bulk_;
  std::shared_ptr<Ticket> collecting_;
  bool writer_sleeps_ = false;
  bool stopping_ = false;
  bool broken_ = false;

  std::atomic<bool> log_is_to_be_emptied_{false};
  std::atomic<std::uint64_t> batches_{0};
  std::atomic<std::uint64_t> commands_{0};
  std::jthread thread_;  // last: it starts when all else is ready
};

}  // namespace tally::core::sql
