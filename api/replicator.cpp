#include "api/replicator.h"

#include <algorithm>
#include <chrono>
#include <sys/stat.h>
#include <utility>

#include <fmt/core.h>
#include <spdlog/spdlog.h>

#include "core/sql/sqlite/sqlite.h"
#include "ledger/store.h"
#include "ledger/tile.h"
#include "space/documents.h"

namespace tally::api {
namespace {

using core::Done;
using core::Error;
using core::Refusal;
using core::Result;
using ledger::SignedHead;

Error unconfirmed() {
  return {Refusal::unavailable, "replica.unconfirmed",
          "the change is stored, but the replica has not confirmed it; retry with the same key"};
}
Error away() {
  return {Refusal::unavailable, "replica.away",
          "the replica is out of reach, and nothing is changed without it; try again"};
}
Error refuse(const char* code, std::string words) {
  return {Refusal::conflict, code, std::move(words)};
}

bool lies_on_one_file_system(const std::string& one, const std::string& other) {
  struct stat first {
  }, second{};
  return ::stat(one.c_str(), &first) == 0 && ::stat(other.c_str(), &second) == 0 &&
         first.st_dev == second.st_dev;
}

void describe(std::string& out, const char* name, const char* type, const char* words) {
  out += fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, words, name, type);
}

}  // namespace

// The ledger as its own database has it, read beside the writer.
struct Replicator::Reader {
  explicit Reader(const std::string& database)
      : connection(core::sql::sqlite::open_reader(database)), session(connection) {}
  core::sql::Connection connection;
  core::sql::Session session;
};

Replicator::Replicator(std::string database, Options options)
    : database_(std::move(database)),
      options_(std::move(options)),
      thread_([this](const std::stop_token& stop) { loop(stop); }) {}

Replicator::~Replicator() = default;

Result<Done> Replicator::start(const SignedHead& head, const ledger::LogKeys& log_keys) {
  std::unique_lock lock(mutex_);
  log_keys_ = log_keys;
  target_ = head;
  work_.notify_one();
  auto patience = options_.goes_on ? options_.wait_ms : options_.start_wait_ms;
  done_.wait_for(lock, std::chrono::milliseconds(patience),
                 [&] { return held_ >= head.head.size || never_ || failures_ > 0; });
  if (never_) return *never_;
  if (held_ >= head.head.size) return Done{};
  is_away_ = true;
  if (options_.goes_on) return Done{};
  return Error{Refusal::unavailable, "replica.away",
               "the replica " + options_.directory.string() +
                   " cannot be brought up to the ledger; the log says why. Nothing was signed or "
                   "served. replica.when_away = \"go_on\" starts without it"};
}

std::optional<Error> Replicator::hand_over(const SignedHead& head, const Entries& entries) {
  std::unique_lock lock(mutex_);
  target_ = head;
  entries_ = entries;
  work_.notify_one();
  auto failures = failures_;
  if (!is_away_) {
    done_.wait_for(lock, std::chrono::milliseconds(options_.wait_ms),
                   [&] { return held_ >= head.head.size || failures_ != failures; });
  }
  if (held_ >= head.head.size) return std::nullopt;
  if (!is_away_) {
    is_away_ = true;
    spdlog::error("the replica {} is away; {}", options_.directory.string(),
                  options_.goes_on ? "answers go out without it" : "nothing is answered");
  }
  if (options_.goes_on) return std::nullopt;
  return unconfirmed();
}

std::optional<Error> Replicator::closed() const {
  if (options_.goes_on) return std::nullopt;
  std::lock_guard lock(mutex_);
  return is_away_ ? std::optional(away()) : std::nullopt;
}

// --- the thread -----------------------------------------------------------------------------------

void Replicator::loop(const std::stop_token& stop) {
  while (true) {
    SignedHead head;
    Entries entries;
    {
      std::unique_lock lock(mutex_);
      work_.wait(lock, stop, [this] { return target_.head.size > held_ && !never_; });
      if (stop.stop_requested()) return;
      head = target_;
      entries = std::move(entries_);
      entries_.clear();
    }
    Result<Done> copied = Done{};
    try {
      copied = copy(head, entries);
    } catch (const core::Broken& broken) {
      copied = Error{Refusal::unavailable, "replica.broken", broken.what()};
    }
    if (copied) {
      note_copied(head.head.size);
      continue;
    }
    store_.reset();  // what is on its disk is read anew
    note_failed(copied.error());
    std::unique_lock lock(mutex_);
    work_.wait_for(lock, stop, std::chrono::milliseconds(options_.retry_ms), [] { return false; });
  }
}

Result<Done> Replicator::copy(const SignedHead& head, const Entries& entries) {
  if (!store_) {
    if (auto opened = open(head); !opened) return opened;
  }
  std::uint64_t held = store_->head().size;
  if (held >= head.head.size) return Done{};
  store_->begin();
  Result<Done> added = Done{};
  if (held + entries.size() == head.head.size) {
    std::vector<std::string_view> bytes;
    bytes.reserve(entries.size());
    for (const auto& entry : entries) bytes.emplace_back(entry->entry);
    added = add(held, bytes);
  } else {
    added = add_stored(head.head.size);
  }
  return added ? store_->commit(*head.note) : added;
}

Result<Done> Replicator::open(const SignedHead& head) {
  auto log_keys = [this] {
    std::lock_guard lock(mutex_);
    return *log_keys_;
  }();
  auto opened = ReplicaStore::open(options_.directory, log_keys);
  if (!opened) return opened.error();
  store_ = *std::move(opened);
  if (lies_on_one_file_system(database_, options_.directory.string())) {
    spdlog::warn("the replica {} lies on the ledger's own file system and goes with it",
                 options_.directory.string());
  }
  return compare(head);
}

// Whether the replica holds an earlier state of this ledger.
Result<Done> Replicator::compare(const SignedHead& head) {
  ledger::TreeHead held = store_->head();
  if (held.size > head.head.size) {
    return refuse(
        "replica.ledger_behind",
        "the replica " + options_.directory.string() + " holds " + std::to_string(held.size) +
            " entries, but this ledger ends at " + std::to_string(head.head.size) +
            ": it is an older copy. Nothing was signed or served. See docs/durability.md");
  }
  auto& session = reader().session;
  ledger::TileSubtrees tiles([&session](unsigned level, std::uint64_t tile) {
    return ledger::read_tile(session, level, tile).value_or("");
  });
  if (held.size == 0 || ledger::root_of(tiles, held.size) == held.root) return Done{};
  return refuse("replica.ledger_forked",
                "the replica " + options_.directory.string() + " of size " +
                    std::to_string(held.size) +
                    " holds another history than this ledger; keep both, they are evidence");
}

Replicator::Reader& Replicator::reader() {
  if (!reader_) reader_ = std::make_unique<Reader>(database_);
  return *reader_;
}

// What the replica lacks, from the ledger's own database.
Result<Done> Replicator::add_stored(std::uint64_t size) {
  auto& connection = reader().connection;
  for (std::uint64_t next = store_->head().size; next < size;) {
    std::uint64_t bundle = next / ledger::tile_width_max;
    connection.run("begin");
    auto bytes = ledger::read_bundle(reader().session, bundle);
    connection.run("rollback");
    auto entries = bytes ? ledger::parse_bundle(*bytes) : std::nullopt;
    std::uint64_t first = bundle * ledger::tile_width_max;
    std::uint64_t end = std::min(first + ledger::tile_width_max, size);
    if (!entries || first + entries->size() < end)
      throw core::Broken("the ledger lacks entries from " + std::to_string(next) + " on");
    entries->resize(end - first);
    entries->erase(entries->begin(), entries->begin() + static_cast<std::ptrdiff_t>(next - first));
    if (auto added = add(next, *entries); !added) return added;
    next = end;
  }
  return Done{};
}

Result<Done> Replicator::add(std::uint64_t first_seq,
                             const std::vector<std::string_view>& entries) {
  for (std::string_view entry : entries) {
    if (auto erased = space::erased_document(entry)) store_->forget_document(*erased);
    auto digest = space::document_of(entry);
    if (!digest) continue;
    auto document = space::FiledDocuments(reader().session).find(*digest);
    if (document) store_->keep_document(*document);
  }
  return store_->add(first_seq, entries);
}

void Replicator::note_copied(std::uint64_t size) {
  std::lock_guard lock(mutex_);
  held_ = size;
  if (is_away_ && held_ >= target_.head.size) {
    is_away_ = false;
    spdlog::info("the replica {} holds everything again", options_.directory.string());
  }
  done_.notify_all();
}

void Replicator::note_failed(const Error& why) {
  spdlog::error("the replica {}: {} ({})", options_.directory.string(), why.message, why.code);
  std::lock_guard lock(mutex_);
  ++failures_;
  bool belongs = why.code != "replica.ledger_behind" && why.code != "replica.ledger_forked" &&
                 why.code != "replica.other_log";
  if (!belongs) never_ = why;
  done_.notify_all();
}

std::string Replicator::metrics() const {
  std::lock_guard lock(mutex_);
  std::string out;
  describe(out, "tallystick_replica_entries", "gauge", "Entries that the replica holds.");
  out += fmt::format("tallystick_replica_entries {}\n", held_);
  describe(out, "tallystick_replica_lag_entries", "gauge", "Entries that the replica lacks.");
  out += fmt::format("tallystick_replica_lag_entries {}\n", target_.head.size - held_);
  describe(out, "tallystick_replica_away", "gauge", "1 while the replica is not waited for.");
  out += fmt::format("tallystick_replica_away {}\n", is_away_ ? 1 : 0);
  describe(out, "tallystick_replica_failures_total", "counter", "Attempts that failed.");
  out += fmt::format("tallystick_replica_failures_total {}\n", failures_);
  return out;
}

}  // namespace tally::api
