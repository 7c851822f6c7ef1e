#include "core/sql/writer.h"

#include <limits>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace tally::core::sql {

// One per batch: a single wake reaches every waiter of the batch. A futex and not atomic::wait, whose
// spinning with sched_yield costs more than the sleep when 64 threads wait on two cores.
struct Writer::Ticket {
  std::atomic<std::uint32_t> done{0};

  void settle() {
    done.store(1, std::memory_order_release);
    ::syscall(SYS_futex, &done, FUTEX_WAKE_PRIVATE, std::numeric_limits<int>::max(), nullptr,
              nullptr, 0);
  }
  void wait() {
    while (done.load(std::memory_order_acquire) == 0) {
      ::syscall(SYS_futex, &done, FUTEX_WAIT_PRIVATE, 0, nullptr, nullptr, 0);
    }
  }
};

struct Writer::Command {
  const std::function<bool(Tx&)>& body;
  std::chrono::steady_clock::time_point deadline;
  std::shared_ptr<Ticket> ticket = nullptr;
  std::optional<Error> refused = std::nullopt;
  std::exception_ptr thrown = nullptr;
};

namespace {

Error overloaded() {
  return {Refusal::unavailable, "writer.overloaded",
          "too many changes are waiting; nothing was changed, try again shortly"};
}
Error late() {
  return {Refusal::unavailable, "writer.deadline_exceeded",
          "the change waited too long and was dropped; nothing was changed, try again"};
}
Error stopped() {
  return {Refusal::unavailable, "writer.stopped",
          "the server is stopping; nothing was changed, try again"};
}
Error unknown() {
  return {Refusal::unavailable, "outcome_unknown",
          "the disk failed while this change was being stored; retry with the same key"};
}

}  // namespace

Writer::Writer(Connection connection, Participant& participant, Options options)
    : connection_(std::move(connection)),
      tx_(connection_),
      participant_(participant),
      options_(std::move(options)),
      sql_{connection_},
      collecting_(std::make_shared<Ticket>()),
      thread_([this] { loop(); }) {}

Writer::~Writer() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  work_.notify_one();
  thread_.join();
}

std::optional<Error> Writer::submit(const std::function<bool(Tx&)>& body, Lane lane) {
  Command command{body, std::chrono::steady_clock::now() + options_.deadline};
  bool wake = false;
  {
    std::lock_guard lock(mutex_);
    if (stopping_ || broken_) return stopped();
    if (prompt_.size() + bulk_.size() >= options_.queue_max) return overloaded();
    command.ticket = lane == Lane::prompt ? collecting_ : std::make_shared<Ticket>();
    (lane == Lane::prompt ? prompt_ : bulk_).push_back(&command);
    wake = writer_sleeps_;
  }
  if (wake) work_.notify_one();
  // A copy: the command's own ticket dies with this frame while the writer still notifies.
  auto ticket = command.ticket;
  ticket->wait();
  if (command.thrown) std::rethrow_exception(command.thrown);
  return command.refused;
}

std::vector<Writer::Command*> Writer::next_batch(std::shared_ptr<Ticket>& ticket) {
  std::unique_lock lock(mutex_);
  auto has_work = [this] { return stopping_ || !prompt_.empty() || !bulk_.empty(); };
  writer_sleeps_ = true;
  if (participant_.has_leftover() || log_is_to_be_emptied_.load()) {
    work_.wait_for(lock, options_.rest_after, has_work);
  } else {
    work_.wait(lock, [&] { return has_work() || log_is_to_be_emptied_.load(); });
  }
  writer_sleeps_ = false;
  std::vector<Command*> batch;
  batch.swap(prompt_);
  ticket = std::exchange(collecting_, std::make_shared<Ticket>());
  if (!bulk_.empty()) {
    batch.push_back(bulk_.front());
    bulk_.erase(bulk_.begin());
  }
  return batch;
}

void Writer::loop() {
  while (true) {
    std::shared_ptr<Ticket> ticket;
    auto batch = next_batch(ticket);
    if (batch.empty() && !participant_.has_leftover()) {
      if (auto failure = move_log()) {
        stop_for_good(*failure);
        return;
      }
      std::lock_guard lock(mutex_);
      if (stopping_ && prompt_.empty() && bulk_.empty()) return;
      continue;
    }
    auto bulk_ticket =
        !batch.empty() && batch.back()->ticket != ticket ? batch.back()->ticket : nullptr;
    auto failure = run_all(batch);
    ticket->settle();
    if (bulk_ticket) bulk_ticket->settle();
    if (!failure) failure = move_log();
    if (failure) {
      stop_for_good(*failure);
      return;
    }
    // Those just woken come back with their next command; let them, so that the next batch is worth
    // its fsync. When nobody else wants to run this costs a system call and no time.
    std::this_thread::yield();
  }
}

// As many batches as it takes: one, unless the commands fill it. This is where a broken machine is
// noticed: the one place below the server that catches.
std::optional<std::string> Writer::run_all(std::span<Command* const> waiting) {
  do {
    auto left = waiting;
    try {
      run_batch(left);
    } catch (const std::exception& error) {
      for (Command* command : waiting) {
        command->thrown = nullptr;
        command->refused = unknown();
      }
      return error.what();
    }
    waiting = left;
  } while (!waiting.empty());
  return std::nullopt;
}

// Takes from the front of `waiting` what it runs.
void Writer::run_batch(std::span<Command* const>& waiting) {
  const auto all = waiting;
  auto closed = participant_.closed();
  sql_.begin().run();
  participant_.batch_began(tx_);
  while (!waiting.empty() && participant_.has_room()) {
    Command& command = *waiting.front();
    waiting = waiting.subspan(1);
    if (closed) {
      command.refused = closed;
    } else {
      run_command(command);
    }
  }
  participant_.before_commit(tx_);
  sql_.commit().run();
  const auto run = all.first(all.size() - waiting.size());
  if (auto withheld = participant_.after_commit(); withheld && !closed) {
    for (Command* command : run) {
      command->thrown = nullptr;
      command->refused = withheld;
    }
  }
  batches_.fetch_add(1, std::memory_order_relaxed);
  commands_.fetch_add(run.size(), std::memory_order_relaxed);
}

// After a failed sync nobody knows which pages the disk holds, and the next sync would not say: it ends
// the writer as a failed commit does; the answers before it stand.
std::optional<std::string> Writer::move_log() {
  try {
    DriverConnection& driver = connection_.driver();
    if (!log_is_to_be_emptied_.load()) {
      driver.checkpoint_if_large();
    } else if (driver.empty_log()) {
      log_is_to_be_emptied_.store(false);
    }
  } catch (const std::exception& error) {
    return error.what();
  }
  return std::nullopt;
}

void Writer::empty_log() {
  log_is_to_be_emptied_.store(true);
  std::lock_guard lock(mutex_);
  work_.notify_one();
}

void Writer::run_command(Command& command) {
  if (std::chrono::steady_clock::now() > command.deadline) {
    command.refused = late();
    return;
  }
  participant_.command_begins();
  sql_.savepoint().run();
  try {
    if (command.body(tx_)) {
      sql_.release().run();
      return;
    }
  } catch (...) {
    command.thrown = std::current_exception();
    // Without its transaction a later savepoint would commit alone.
    if (!connection_.driver().in_transaction()) throw;
  }
  undo();
}

void Writer::undo() {
  sql_.undo().run();
  sql_.release().run();
  participant_.command_undone();
}

void Writer::stop_for_good(const std::string& reason) {
  std::vector<Command*> waiting;
  std::shared_ptr<Ticket> ticket;
  {
    std::lock_guard lock(mutex_);
    broken_ = true;
    waiting.swap(prompt_);
    ticket = collecting_;
    for (Command* command : bulk_) waiting.push_back(command);
    bulk_.clear();
  }
  std::vector<std::shared_ptr<Ticket>> tickets{ticket};
  for (Command* command : waiting) {
    command->refused = stopped();
    if (command->ticket != ticket) tickets.push_back(command->ticket);
  }
  for (auto& each : tickets) each->settle();
  if (options_.stop_process) options_.stop_process(reason);
}

Writer::Counters Writer::counters() const {
  std::lock_guard lock(mutex_);
  return {prompt_.size() + bulk_.size(), batches_.load(std::memory_order_relaxed),
          commands_.load(std::memory_order_relaxed)};
}

}  // namespace tally::core::sql
