#include "api/witness_collector.h"

#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include <doctest/doctest.h>

#include "api/router.h"
#include "core/guarded.h"
#include "core/sql/readers.h"
#include "ledger/sample_ledger.h"
#include "ledger/witness.h"
#include "support/api/test_server.h"

using namespace tally;
using test::SampleLedger;

namespace {

class MemoryStore : public ledger::WitnessStore {
 public:
  std::optional<std::string> load(const std::string&) override { return std::nullopt; }
  void save(const std::string&, const std::string&) override {}
};

ledger::Policy believing(const ledger::VerifierKey& log) {
  return *ledger::parse_policy("log " + ledger::format_vkey(log) + "\nquorum none\n");
}

// A witness behind HTTP, without a disk. Down, it answers 503.
class ServedWitness {
 public:
  ServedWitness(const std::string& name, const ledger::VerifierKey& log)
      : key_(name,
             core::SigningKey::from_seed(core::sha256(name)),
             ledger::SignatureType::cosignature),
        witness_(key_, believing(log), store_, core::system_clock()),
        router_([](const api::Request&, const std::string&) -> core::Result<api::Principal> {
          return core::Error{core::Refusal::forbidden, "scope.missing", ""};
        }) {
    router_.add("POST", "/w/add-checkpoint", {.body = api::BodyKind::json},
                [this](const api::Request& request) -> core::Result<api::Reply> {
                  ++requests;
                  if (is_down) return core::Error{core::Refusal::unavailable, "down", "down"};
                  auto answer = witness_.add_checkpoint(request.body_text);
                  api::Reply reply;
                  reply.status = answer.status;
                  reply.content_type = answer.type;
                  reply.body = answer.body;
                  return reply;
                });
    server_.emplace(router_);
  }

  std::string policy_line(const std::string& name) const {
    return "witness " + name + " " + ledger::format_vkey(key_.verifier()) + " " + server_->url() +
           "/w\n";
  }

  std::atomic<bool> is_down{false};
  std::atomic<int> requests{0};

 private:
  ledger::NoteSigner key_;
  MemoryStore store_;
  ledger::Witness witness_;
  api::Router router_;
  std::optional<test::TestServer> server_;
};

struct Scene {
  SampleLedger sample;
  core::sql::Readers readers{
      [path = sample.path()] { return core::sql::sqlite::open_reader(path); }};
  core::SeededRandom random{1};
  core::ShredKeys keys{core::sql::sqlite::open_memory(), random};
  ledger::Journal journal{sample.writer(), readers, sample.ledger(), random, keys};
  ledger::WitnessedPublication publication = readers.read([this](core::sql::Session& session) {
    return ledger::WitnessedPublication(session, sample.ledger());
  });
  std::string log_line = "log " + ledger::format_vkey(test::sample_signer().verifier()) + "\n";

  // While the clock stands: the collector's commands read it too.
  void append(int value) {
    auto done = journal.writer.run([&](core::sql::Tx& tx) -> core::Result<core::Done> {
      journal.ledger.append(tx, "test.noted/1", "act_1",
                            "{\"salt\":\"00\",\"value\":" + std::to_string(value) + "}");
      return core::Done{};
    });
    REQUIRE(done);
  }

  bool publishes(std::uint64_t size) const {
    for (int i = 0; i < 500; ++i) {
      if (publication.newest().size >= size) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return false;
  }
};

constexpr api::WitnessCollector::Options quick{
    .interval_ms = 20, .timeout_ms = 2'000, .grace_ms = 20, .pause_min_ms = 10, .pause_max_ms = 50};

}  // namespace

TEST_CASE("witness collector: a ledger that grows all the time is published with its quorum" *
          doctest::test_suite("concurrent")) {
  Scene scene;
  ServedWitness first("w1.example", test::sample_signer().verifier());
  ServedWitness second("w2.example", test::sample_signer().verifier());
  auto policy = *ledger::parse_policy(scene.log_line + first.policy_line("w1") +
                                      second.policy_line("w2") + "group g all w1 w2\nquorum g\n");
  std::uint64_t size_before = 0;
  {
    api::WitnessCollector collector(policy, scene.journal, scene.publication, quick);
    for (int value = 0; value < 120; ++value) {
      scene.append(value);
      second.is_down = value % 40 > 25;
      if (value % 10 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(15));
      if (value % 30 == 0)
        CHECK(collector.metrics().find("tallystick_witness") != std::string::npos);
      auto published = scene.publication.newest();
      CHECK(published.size >= size_before);
      size_before = published.size;
      if (!published.note.empty()) CHECK(ledger::open_witnessed(published.note, policy));
    }
    second.is_down = false;
    REQUIRE(scene.publishes(121));
  }
  auto opened = ledger::open_witnessed(scene.publication.newest().note, policy);
  REQUIRE(opened);
  CHECK(opened->checkpoint.head == scene.sample.ledger().signed_head().head);
  CHECK(opened->cosignatures.size() == 2);
}

TEST_CASE("witness collector: it stops at once while witnesses are silent" *
          doctest::test_suite("concurrent")) {
  Scene scene;
  ServedWitness down("w1.example", test::sample_signer().verifier());
  down.is_down = true;
  auto policy = *ledger::parse_policy(scene.log_line + down.policy_line("w1") + "quorum w1\n");
  auto collector = std::make_unique<api::WitnessCollector>(
      policy, scene.journal, scene.publication,
      api::WitnessCollector::Options{
          .interval_ms = 20, .timeout_ms = 30'000, .pause_min_ms = 30'000});
  scene.append(1);
  for (int i = 0; i < 500 && down.requests == 0; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  CHECK(down.requests >= 1);
  auto begin = std::chrono::steady_clock::now();
  collector = nullptr;
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(5));
  CHECK(scene.publication.newest() == ledger::Published{});
}
