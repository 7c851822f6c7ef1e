// Promise P2 under fire: 64 clients with retries on a contract of 1,000 uses, while the server is
// killed with SIGKILL at random moments and started again. In the end exactly 1,000 uses are granted,
// a first answer and its repetitions carry the same receipt, every receipt ever handed out verifies,
// and the audit passes.
//
//   uses_under_fire TALLYSTICK [KILLS]
#include <algorithm>
#include <atomic>
#include <cstdio>
#include <map>
#include <mutex>
#include <random>
#include <set>
#include <thread>

#include "core/file.h"
#include "ledger/proof.h"
#include "support/live/party.h"
#include "support/live/server_process.h"
#include "support/temp_dir.h"

namespace {

using namespace tally;
using core::Json;

constexpr int clients = 64;
constexpr int uses_max = 1000;
constexpr int keys_max = 1300;  // more than are granted
constexpr int in_flight_min = 32;
constexpr std::chrono::seconds time_max{240};

[[noreturn]] void fail(const std::string& why) {
  std::fprintf(stderr, "FAILED: %s\n", why.c_str());
  std::_Exit(1);
}

struct Key {
  std::string text;
  std::string receipt;  // of the first answer that arrived
  std::string use;
  bool refused = false;
  std::uint64_t answers = 0;
  std::uint64_t with_data = 0;
};

// What all clients know of the keys, and how many of these may be begun by now.
class Board {
 public:
  Board() {
    for (int i = 0; i < keys_max; ++i)
      keys_.push_back({.text = "fire-" + std::to_string(i), .receipt = {}, .use = {}});
  }

  // The next key to send: a new one while the pace permits, else one that was sent before.
  std::size_t choose(std::mt19937& random) {
    std::lock_guard lock(mutex_);
    if (begun_ < std::min(pace_, keys_.size())) return begun_++;
    return std::uniform_int_distribution<std::size_t>(0, begun_ - 1)(random);
  }
  void set_pace(std::size_t keys) {
    std::lock_guard lock(mutex_);
    pace_ = keys;
  }
  std::string text(std::size_t key) const { return keys_[key].text; }

  void take_answer(std::size_t index, const api::HttpAnswer& answer) {
    auto json = core::parse_json(answer.body);
    if (!json) fail("an answer is no JSON: " + answer.body);
    std::lock_guard lock(mutex_);
    Key& key = keys_[index];
    if (answer.status == 403 && json->find("code")->as_string() == "contract.uses_exhausted") {
      if (!key.receipt.empty()) fail("a key that was granted was refused later");
      key.refused = true;
      return;
    }
    if (answer.status != 200) fail("an unexpected answer: " + answer.body);
    const Json& receipt = *json->find("receipt");
    std::string proof = receipt.find("proof")->as_string();
    if (key.receipt.empty()) {
      key.receipt = proof;
      key.use = receipt.find("use")->as_string();
    } else if (key.receipt != proof) {
      fail("a repetition carries another receipt than the first answer");
    }
    key.answers += 1;
    if (json->find("records") != nullptr) key.with_data += 1;
  }

  const std::vector<Key>& keys() const { return keys_; }

 private:
  std::mutex mutex_;
  std::vector<Key> keys_;
  std::size_t begun_ = 0;
  std::size_t pace_ = 1;
};

struct Fire {
  std::string url;
  std::string token;
  std::string contract;
  Board board;
  std::atomic<int> in_flight{0};
  std::atomic<bool> done{false};

  // Sends the key until it is answered for good: a broken connection and a 503 leave the outcome open.
  void settle(api::HttpClient& client, std::size_t key) {
    while (!done) {
      in_flight.fetch_add(1);
      auto answer = client.request("POST", "/v1/contracts/" + contract + "/uses",
                                   {{"Idempotency-Key", board.text(key)}},
                                   R"({"from":0,"limit":2,"purpose":"training"})");
      in_flight.fetch_sub(1);
      if (answer && answer->status != 503) {
        board.take_answer(key, *answer);
        return;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }

  void client_loop(unsigned seed) {
    std::mt19937 random(seed);
    api::HttpClient client(url, {.bearer_token = token, .timeout_s = 20});
    while (!done) settle(client, board.choose(random));
  }
};

void wait_for_flight(Fire& fire) {
  for (int i = 0; fire.in_flight < in_flight_min; ++i) {
    if (i > 200'000) fail("never 32 requests in flight");
    std::this_thread::sleep_for(std::chrono::microseconds(100));
  }
}

void kill_and_restart(live::ServerProcess& server, Fire& fire, int number, std::mt19937& random) {
  std::this_thread::sleep_for(
      std::chrono::milliseconds(std::uniform_int_distribution<int>(20, 200)(random)));
  wait_for_flight(fire);
  int flying = fire.in_flight;
  server.kill_hard();
  std::printf("kill %2d with %2d requests in flight\n", number, flying);
  std::fflush(stdout);
  server.start();
}

void check_receipts(const Fire& fire, const std::string& vkey) {
  auto key = ledger::parse_vkey(vkey);
  std::set<std::string> uses;
  std::set<std::int64_t> counts;
  std::size_t granted = 0, refused = 0, answers = 0;
  for (const Key& each : fire.board.keys()) {
    if (each.refused) refused += 1;
    answers += each.answers;
    if (each.receipt.empty()) continue;
    granted += 1;
    auto receipt = ledger::verify_receipt(each.receipt, *key);
    if (!receipt) fail("a receipt does not verify: " + receipt.error().message);
    auto entry = core::parse_json(receipt->entry);
    const Json& body = *entry->find("body");
    if (body.find("use")->as_string() != each.use) fail("a receipt is of another use");
    uses.insert(each.use);
    counts.insert(body.find("count_after")->as_integer());
    if (each.with_data > 4) fail("a use was delivered more often than once and three repetitions");
  }
  if (granted != uses_max || uses.size() != uses_max)
    fail(std::to_string(granted) + " uses granted, not 1000");
  if (counts.size() != uses_max || *counts.rbegin() != uses_max)
    fail("the counts are not 1 to 1000");
  if (refused != keys_max - uses_max) fail(std::to_string(refused) + " keys refused");
  std::printf("granted %zu of %d keys, %zu answers, every receipt verifies\n", granted, keys_max,
              answers);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  std::string program = argv[1];
  int kills = argc > 2 ? std::atoi(argv[2]) : 12;
  unsigned seed = std::random_device{}();
  std::printf("seed %u\n", seed);
  std::mt19937 random(seed);
  std::jthread watchdog([](const std::stop_token& stop) {
    auto end = std::chrono::steady_clock::now() + time_max;
    while (!stop.stop_requested() && std::chrono::steady_clock::now() < end)
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    if (!stop.stop_requested()) fail("it took too long");
  });

  try {
    test::TempDir dir;
    std::string space = dir.file("space"), origin = "fire.example/ledger";
    live::run_program({program, "init", space, "--origin", origin});
    live::ServerProcess server(program, space, {"--workers", "96"});
    server.start();
    std::string token = *core::read_file(space + "/operator.token");
    token.pop_back();
    live::Party provider(server.url(), origin, token, "provider", {"provider"});
    live::Party consumer(server.url(), origin, token, "consumer", {"consumer"});
    auto dataset = live::publish_dataset(provider, server.url(), 4, 512);
    Fire fire;
    fire.url = server.url();
    fire.token = consumer.token();
    fire.contract = live::agree(provider, consumer, dataset, "training", uses_max);
    std::vector<std::jthread> pool;
    for (unsigned i = 0; i < clients; ++i)
      pool.emplace_back([&fire, i, seed] { fire.client_loop(seed + i); });
    for (int kill = 1; kill <= kills; ++kill) {
      fire.board.set_pace(static_cast<std::size_t>(keys_max * kill / (kills + 1)));
      kill_and_restart(server, fire, kill, random);
    }
    fire.board.set_pace(keys_max);
    std::this_thread::sleep_for(std::chrono::seconds(1));
    fire.done = true;
    pool.clear();
    // Whoever was interrupted settles its key now; the server is not killed any more.
    fire.done = false;
    api::HttpClient last(fire.url, {.bearer_token = fire.token});
    for (std::size_t key = 0; key < keys_max; ++key) {
      const Key& state = fire.board.keys()[key];
      if (state.receipt.empty() && !state.refused) fire.settle(last, key);
    }
    auto contract = consumer.call("GET", "/v1/contracts/" + fire.contract);
    if (contract.find("contract")->find("uses")->as_integer() != uses_max)
      fail("the contract counts otherwise");
    if (server.stop() != 0) fail("the server did not stop in order");
    check_receipts(fire, [&] {
      std::string text = *core::read_file(space + "/log.vkey");
      text.pop_back();
      return text;
    }());
    std::printf(
        "%s",
        live::run_program({program, "audit", space, "--key", "@" + space + "/log.vkey"}).c_str());
  } catch (const std::exception& error) {
    fail(error.what());
  }
  return 0;
}
