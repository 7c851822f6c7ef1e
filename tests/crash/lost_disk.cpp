// The server is killed under load and its disk thrown away: every receipt that was ever answered names an
// entry on the replica, under the checkpoint that the replica holds, and the replica passes the audit.
// Then the ledger goes on under another origin, from a backup that was made before the first use and the
// replica: every use that was answered counts, and none goes out before both parties have confirmed that.
//
//   lost_disk TALLYSTICK [ROUNDS]
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <mutex>
#include <optional>
#include <random>
#include <thread>
#include <vector>

#include "api/replica_store.h"
#include "core/file.h"
#include "core/random.h"
#include "core/sql/sqlite/sqlite.h"
#include "ledger/checkpoint.h"
#include "ledger/proof.h"
#include "ledger/publication.h"
#include "ledger/store.h"
#include "support/live/party.h"
#include "support/live/server_process.h"
#include "support/temp_dir.h"

namespace {

using namespace tally;

constexpr int clients = 32;
constexpr std::uint64_t receipts_min = 400;

[[noreturn]] void fail(const std::string& why) {
  std::fprintf(stderr, "FAILED: %s\n", why.c_str());
  std::exit(1);
}

struct Load {
  std::string url, token, contract;
  std::mutex mutex;
  std::vector<std::string> receipts;
  std::atomic<bool> done{false};

  void run(int number) {
    api::HttpClient client(url, {.bearer_token = token, .timeout_s = 5});
    for (int n = 0; !done; ++n) {
      auto answer =
          client.request("POST", "/v1/contracts/" + contract + "/uses",
                         {{"Idempotency-Key", std::to_string(number) + "-" + std::to_string(n)}},
                         R"({"from":0,"limit":2,"purpose":"training"})");
      if (!answer || answer->status != 200) continue;
      auto json = core::parse_json(answer->body);
      if (!json) fail("an answer is no JSON: " + answer->body);
      std::lock_guard lock(mutex);
      receipts.push_back(json->find("receipt")->find("proof")->as_string());
    }
  }
  std::uint64_t count() {
    std::lock_guard lock(mutex);
    return receipts.size();
  }
};

std::string line_of(const std::string& path) {
  std::string text = *core::read_file(path);
  text.pop_back();
  return text;
}

// All that was answered lies on the replica, and nothing there is wrong.
void judge(const std::string& program,
           const std::string& replica,
           const std::string& vkey,
           const std::vector<std::string>& receipts) {
  live::run_program({program, "audit", replica, "--key", vkey, "--quiet"});
  auto key = *ledger::parse_vkey(vkey);
  auto connection = core::sql::sqlite::open_reader(api::replica_database(replica));
  core::sql::Session session(connection);
  auto held = ledger::read_published(session);
  auto checkpoint = ledger::open_checkpoint(held ? held->note : "", key.name, key);
  if (!checkpoint) fail("the replica has no checkpoint");
  for (const std::string& file : receipts) {
    auto receipt = ledger::verify_receipt(file, key);
    if (!receipt) fail("a receipt does not verify: " + receipt.error().message);
    auto entry = ledger::read_entry(session, receipt->index);
    if (!entry || ledger::hash_leaf(*entry) != receipt->leaf)
      fail("a receipt's entry is not on the replica: " + std::to_string(receipt->index));
    if (receipt->index >= checkpoint->head.size)
      fail("a receipt's entry is behind the replica's checkpoint");
  }
}

// The uses of a contract, as a party sees them.
std::uint64_t uses_of(live::Party& party, const std::string& contract) {
  auto view = party.call("GET", "/v1/contracts/" + contract);
  return static_cast<std::uint64_t>(view.find("contract")->find("uses")->as_integer());
}

void confirm(live::Party& party, const std::string& contract, std::uint64_t uses) {
  auto view = party.call("GET", "/v1/contracts/" + contract);
  auto document = core::Json::object(
      {{"contract", contract},
       {"document", *view.find("contract")->find("document_digest")},
       {"format", "tallystick/confirmation/v1"},
       {"nonce", core::system_random().salt()},
       {"used", core::Json::array({core::Json(static_cast<std::int64_t>(uses))})}});
  party.call("POST", "/v1/contracts/" + contract + "/confirmation",
             party.sign(space::SignedVerb::confirm, document));
}

void go_on(const std::string& program,
           const test::TempDir& dir,
           const std::string& vkey,
           const live::Party& former_provider,
           const live::Party& former_consumer,
           const Load& load) {
  std::string space = dir.file("space-2"), origin = "lost.example/ledger-2";
  std::filesystem::create_directories(space);
  std::filesystem::rename(dir.file("keys"), space + "/keys");
  live::run_program({program, "restore", dir.file("backup"), space, "--key", vkey, "--continue",
                     "--origin", origin, "--from", dir.file("elsewhere"), "--none-is-later"});
  live::run_program({program, "audit", space, "--key", "@" + space + "/log.vkey", "--quiet"});
  if (!core::write_file(space + "/tallystick.toml", "")) fail("no configuration");
  live::ServerProcess server(program, space, {"--replica", dir.file("elsewhere-2")});
  server.start();
  auto provider = former_provider.at(server.url(), origin);
  auto consumer = former_consumer.at(server.url(), origin);
  auto uses = uses_of(consumer, load.contract);
  if (uses < load.receipts.size()) fail("a use that was answered is not counted");
  api::HttpClient client(server.url(), {.bearer_token = consumer.token(), .timeout_s = 5});
  auto use = [&](const std::string& key) {
    auto answer =
        client.request("POST", "/v1/contracts/" + load.contract + "/uses",
                       {{"Idempotency-Key", key}}, R"({"from":0,"limit":2,"purpose":"training"})");
    return answer ? answer->status : 0;
  };
  if (use("later") != 403) fail("a contract was used that nobody has confirmed");
  confirm(consumer, load.contract, uses);
  if (use("later") != 403) fail("a contract was used that its provider has not confirmed");
  confirm(provider, load.contract, uses);
  // The content came back with the backup.
  if (use("later") != 200) fail("a contract cannot be used that both parties have confirmed");
  if (uses_of(provider, load.contract) != uses + 1) fail("the count does not go on");
  if (server.stop() != 0) fail("the server did not stop in order");
  live::run_program({program, "audit", space, "--key", "@" + space + "/log.vkey", "--quiet"});
  std::printf("          goes on as %s: %llu uses, confirmed by both parties, and one more\n",
              origin.c_str(), static_cast<unsigned long long>(uses));
}

void run_round(const std::string& program, int round, std::mt19937& random) {
  test::TempDir dir;
  std::string space = dir.file("space"), replica = dir.file("elsewhere"),
              origin = "lost.example/ledger";
  live::run_program({program, "init", space, "--origin", origin});
  std::string vkey = line_of(space + "/log.vkey");
  Load load;
  std::optional<live::Party> former_provider, former_consumer;
  {
    live::ServerProcess server(program, space, {"--replica", replica, "--workers", "48"});
    server.start();
    live::Party provider(server.url(), origin, line_of(space + "/operator.token"), "provider",
                         {"provider"});
    live::Party consumer(server.url(), origin, line_of(space + "/operator.token"), "consumer",
                         {"consumer"});
    auto dataset = live::publish_dataset(provider, server.url(), 4, 512);
    load.url = server.url();
    load.token = consumer.token();
    load.contract = live::agree(provider, consumer, dataset, "training", 1'000'000);
    live::run_program({program, "backup", space, dir.file("backup")});
    std::filesystem::copy(space + "/keys", dir.file("keys"));
    former_provider = provider;
    former_consumer = consumer;
    std::vector<std::jthread> pool;
    for (int i = 0; i < clients; ++i) pool.emplace_back([&load, i] { load.run(i); });
    while (load.count() < receipts_min) std::this_thread::sleep_for(std::chrono::milliseconds(2));
    std::this_thread::sleep_for(
        std::chrono::milliseconds(std::uniform_int_distribution<int>(0, 150)(random)));
    server.kill_hard();
    load.done = true;
  }
  std::filesystem::remove_all(space);  // the disk is gone
  judge(program, replica, vkey, load.receipts);
  std::printf("round %2d: killed, disk thrown away; %zu receipts, each on the replica\n", round,
              load.receipts.size());
  go_on(program, dir, vkey, *former_provider, *former_consumer, load);
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  int rounds = argc > 2 ? std::atoi(argv[2]) : 5;
  unsigned seed = std::random_device{}();
  std::printf("seed %u\n", seed);
  std::mt19937 random(seed);
  try {
    for (int round = 1; round <= rounds; ++round) run_round(argv[1], round, random);
  } catch (const std::exception& error) {
    fail(error.what());
  }
  return 0;
}
