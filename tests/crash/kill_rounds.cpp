// Rounds of `kill -9` of the real program under load. After every restart, beside the server that is
// under load again: each entry that was read before is the same, each receipt ever handed out names
// the entry that stands at its position, the contract counts exactly the uses in the ledger, and the
// audit passes. In the end every key is settled, and the count is the number of keys.
//
//   kill_rounds TALLYSTICK [ROUNDS]
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <mutex>
#include <random>
#include <thread>
#include <vector>

#include "core/file.h"
#include "core/sql/readers.h"
#include "core/sql/sqlite/sqlite.h"
#include "ledger/checkpoint.h"
#include "ledger/merkle_tree.h"
#include "ledger/proof.h"
#include "ledger/store.h"
#include "ledger/tile.h"
#include "support/live/party.h"
#include "support/live/server_process.h"
#include "support/temp_dir.h"

namespace {

using namespace tally;
using core::Json;
using core::sql::Session;

constexpr int clients = 64;
constexpr int in_flight_min = 16;
constexpr std::uint64_t uses_max = 1'000'000'000;

std::atomic<pid_t> server_pid{0};  // that must not outlive us

[[noreturn]] void fail(const std::string& why) {
  if (server_pid > 0) ::kill(server_pid, SIGKILL);
  std::fprintf(stderr, "FAILED: %s\n", why.c_str());
  std::_Exit(1);
}

// Every receipt that was handed out: verified when it came, remembered by its leaf.
class Receipts {
 public:
  explicit Receipts(const std::string& vkey) : key_(*ledger::parse_vkey(vkey)) {}

  // The position of its entry.
  std::uint64_t take(const std::string& file) {
    auto receipt = ledger::verify_receipt(file, key_);
    if (!receipt) fail("a receipt does not verify: " + receipt.error().message);
    std::lock_guard lock(mutex_);
    auto [known, is_new] = leaves_.try_emplace(receipt->index, receipt->leaf);
    if (!is_new && known->second != receipt->leaf) fail("two receipts for one position");
    return receipt->index;
  }
  std::map<std::uint64_t, core::Hash> all() const {
    std::lock_guard lock(mutex_);
    return leaves_;
  }

 private:
  ledger::VerifierKey key_;
  mutable std::mutex mutex_;
  std::map<std::uint64_t, core::Hash> leaves_;
};

struct Load {
  std::string url, token, contract;
  Receipts& receipts;
  std::atomic<int> in_flight{0};
  std::atomic<bool> pauses{false};
  std::atomic<bool> done{false};
  std::atomic<std::uint64_t> keys{0};
  std::atomic<std::uint64_t> answers{0};

  // Until it is answered: a broken connection and a 503 leave the outcome open.
  std::uint64_t settle(api::HttpClient& client, const std::string& key) {
    while (true) {
      in_flight.fetch_add(1);
      auto answer =
          client.request("POST", "/v1/contracts/" + contract + "/uses", {{"Idempotency-Key", key}},
                         R"({"from":0,"limit":2,"purpose":"training"})");
      in_flight.fetch_sub(1);
      if (answer && answer->status == 200) {
        auto json = core::parse_json(answer->body);
        if (!json) fail("an answer is no JSON: " + answer->body);
        answers.fetch_add(1);
        return receipts.take(json->find("receipt")->find("proof")->as_string());
      }
      if (answer && answer->status != 503) fail("an unexpected answer: " + answer->body);
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }

  // New keys, and now and then one that was answered before, which must name the same entry.
  void run(int number, unsigned seed) {
    std::mt19937 random(seed + static_cast<unsigned>(number));
    api::HttpClient client(url, {.bearer_token = token, .timeout_s = 20});
    std::vector<std::uint64_t> entries;
    while (!done) {
      if (pauses) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
        continue;
      }
      bool repeats = !entries.empty() && random() % 5 == 0;
      std::size_t place = repeats ? random() % entries.size() : entries.size();
      auto entry = settle(client, std::to_string(number) + "-" + std::to_string(place));
      if (!repeats) {
        entries.push_back(entry);
        keys.fetch_add(1);
      } else if (entries[place] != entry) {
        fail("a repetition names another entry than the first answer");
      }
    }
  }
};

struct CountOfUses {
  core::sql::Connection& db;
  core::sql::Statement find{db, R"(
    select uses, (select sum(used) from meter where contract = ?1),
           (select count(*) from use_record where contract = ?1)
      from contract where id = ?1
  )"};
  core::sql::Statement size{db, "select size from ledger_head where id = 1"};
};

// What was read of the ledger so far.
class Reading {
 public:
  Reading(const std::string& database, std::string contract)
      : readers_([database] { return core::sql::sqlite::open_reader(database); }),
        contract_(std::move(contract)) {}

  // All of it again; the number of entries. A backup need not hold receipts behind its end.
  std::uint64_t compare(const Receipts& receipts, bool is_backup = false) {
    auto handed_out = receipts.all();  // before reading: what comes later need not be there
    return readers_.read([&](Session& session) {
      auto& sql = session.use<CountOfUses>();
      std::uint64_t size = 0;
      {
        auto row = sql.size();
        if (row.next()) size = row.natural(0);
      }
      read_entries(session, size);
      if (is_backup) handed_out.erase(handed_out.lower_bound(size), handed_out.end());
      if (!handed_out.empty() && handed_out.rbegin()->first >= size)
        fail("a receipt's entry is lost");
      for (const auto& [seq, leaf] : handed_out) {
        if (leaves_[seq] != leaf) fail("a receipt's entry was changed: " + std::to_string(seq));
      }
      auto row = sql.find(contract_);
      if (!row.next()) fail("the contract is lost");
      for (int column = 0; column < 3; ++column) {
        if (row.natural(column) != uses_)
          fail("counted " + std::to_string(row.natural(column)) + " uses, recorded " +
               std::to_string(uses_));
      }
      return size;
    });
  }
  std::uint64_t uses() const { return uses_; }

 private:
  void read_entries(Session& session, std::uint64_t size) {
    if (size < leaves_.size()) fail("the ledger has become shorter than it was read");
    uses_ = 0;
    for (std::uint64_t bundle = 0; bundle * ledger::tile_width_max < size; ++bundle) {
      std::string bytes = ledger::read_bundle(session, bundle).value_or("");
      auto entries = ledger::parse_bundle(bytes);
      if (!entries) fail("a bundle is malformed");
      for (std::size_t i = 0; i < entries->size(); ++i) {
        auto seq = bundle * ledger::tile_width_max + i;
        if (seq >= size) fail("there are more entries than the ledger's size");
        auto leaf = ledger::hash_leaf((*entries)[i]);
        if (seq == leaves_.size()) leaves_.push_back(leaf);
        if (leaves_[seq] != leaf) fail("entry " + std::to_string(seq) + " was changed");
        if ((*entries)[i].find("\"kind\":\"use.recorded/1\"") != std::string_view::npos) uses_ += 1;
      }
    }
    if (leaves_.size() != size) fail("entries are missing");
  }

  core::sql::Readers readers_;
  std::string contract_;
  std::vector<core::Hash> leaves_;
  std::uint64_t uses_ = 0;
};

std::string line_of(const std::string& path) {
  std::string text = *core::read_file(path);
  text.pop_back();
  return text;
}

int kill_under_load(live::ServerProcess& server, Load& load, std::mt19937& random) {
  load.pauses = false;
  std::this_thread::sleep_for(
      std::chrono::milliseconds(std::uniform_int_distribution<int>(5, 120)(random)));
  for (int i = 0; load.in_flight < in_flight_min; ++i) {
    if (i > 200'000) fail("never 16 requests in flight");
    std::this_thread::sleep_for(std::chrono::microseconds(100));
  }
  int flying = load.in_flight;
  server_pid = 0;
  server.kill_hard();
  load.pauses = true;  // the interrupted go on trying; no new keys while the disk is read
  return flying;
}

// What is restored from a backup that was made under load holds every receipt up to its size, and is
// refused where a later checkpoint is known.
void restore_backup(const std::string& program,
                    const std::string& space,
                    const test::TempDir& dir,
                    const Receipts& receipts,
                    const std::string& contract,
                    const std::string& newest) {
  std::string vkey = "@" + space + "/log.vkey", file = dir.file("backup"),
              to = dir.file("restored");
  live::run_program({program, "restore", file, to, "--key", vkey, "--none-is-later"});
  Reading restored(to + "/tallystick.db", contract);
  auto size = restored.compare(receipts, true);
  std::printf("a backup under load: %llu entries, %llu uses; restored, all hold\n",
              static_cast<unsigned long long>(size),
              static_cast<unsigned long long>(restored.uses()));
  if (!core::write_file(dir.file("newest"), newest)) fail("cannot write a checkpoint");
  bool is_refused = false;
  try {
    live::run_program({program, "restore", file, dir.file("behind"), "--key", vkey, "--newest",
                       dir.file("newest")});
  } catch (const std::runtime_error&) {
    is_refused = true;
  }
  if (!is_refused) fail("a backup was restored although a later checkpoint is known");
}

void run_rounds(const std::string& program, int rounds, unsigned seed) {
  std::mt19937 random(seed);
  test::TempDir dir;
  std::string space = dir.file("space"), origin = "kill.example/ledger";
  live::run_program({program, "init", space, "--origin", origin});
  std::string vkey = "@" + space + "/log.vkey";
  live::ServerProcess server(program, space, {"--workers", "96"});
  server.start();
  server_pid = server.pid();
  std::string token = line_of(space + "/operator.token");
  live::Party provider(server.url(), origin, token, "provider", {"provider"});
  live::Party consumer(server.url(), origin, token, "consumer", {"consumer"});
  auto dataset = live::publish_dataset(provider, server.url(), 4, 512);
  Receipts receipts(line_of(space + "/log.vkey"));
  Load load{.url = server.url(),
            .token = consumer.token(),
            .contract = live::agree(provider, consumer, dataset, "training", uses_max),
            .receipts = receipts};
  Reading reading(space + "/tallystick.db", load.contract);
  std::vector<std::jthread> pool;
  for (int i = 0; i < clients; ++i) pool.emplace_back([&load, i, seed] { load.run(i, seed); });
  for (int round = 1; round <= rounds; ++round) {
    int flying = kill_under_load(server, load, random);
    server.start();
    server_pid = server.pid();
    auto size = reading.compare(receipts);
    live::run_program({program, "audit", space, "--key", vkey, "--quiet"});
    std::printf(
        "round %4d: killed with %2d requests in flight; %llu entries, %llu receipts, all hold\n",
        round, flying, static_cast<unsigned long long>(size),
        static_cast<unsigned long long>(receipts.all().size()));
    std::fflush(stdout);
    if (round != rounds) continue;
    load.pauses = false;
    auto at_least = receipts.all().size() + 200;
    auto wait_for_more = [&] {
      while (receipts.all().size() < at_least)
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    };
    std::jthread meanwhile(wait_for_more);
    live::run_program({program, "backup", space, dir.file("backup")});
    meanwhile.join();
    auto note = api::HttpClient(load.url).request("GET", "/ledger/checkpoint", {});
    if (!note || note->status != 200) fail("no checkpoint");
    restore_backup(program, space, dir, receipts, load.contract, note->body);
  }
  load.done = true;  // each settles the key that it is at
  pool.clear();
  if (server.stop() != 0) fail("the server did not stop in order");
  reading.compare(receipts);
  if (reading.uses() != load.keys)
    fail(std::to_string(reading.uses()) + " uses for " + std::to_string(load.keys) + " keys");
  live::run_program({program, "audit", space, "--key", vkey, "--quiet"});
  std::printf("%d rounds: %llu answers, %llu keys, as many uses; every receipt holds\n", rounds,
              static_cast<unsigned long long>(load.answers),
              static_cast<unsigned long long>(load.keys));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  int rounds = argc > 2 ? std::atoi(argv[2]) : 20;
  unsigned seed = std::random_device{}();
  std::printf("seed %u\n", seed);
  try {
    run_rounds(argv[1], rounds, seed);
  } catch (const std::exception& error) {
    fail(error.what());
  }
  return 0;
}
