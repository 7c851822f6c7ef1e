// The status table of tlog-witness over the real `tallystick witness`, and its crashes.
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "api/http_client.h"
#include "core/file.h"
#include "core/guarded.h"
#include "core/hash.h"
#include "witness/stage.h"

using namespace tally;
using namespace tally::ledger;
using namespace tally::witness_test;

namespace {

int status(const WitnessProcess& witness, const std::string& body) {
  return witness.add(body).status;
}

// How a child that had to die at its n-th sync answers: not at all.
bool dies_at_sync(WitnessProcess& witness, int number, const std::string& body) {
  witness.kill_hard();
  ::setenv("LD_PRELOAD", die_at_sync_library.c_str(), 1);
  ::setenv("ASAN_OPTIONS", "verify_asan_link_order=0", 1);
  ::setenv("DIE_AT_SYNC", std::to_string(number).c_str(), 1);
  witness.start();
  ::unsetenv("LD_PRELOAD");
  ::unsetenv("DIE_AT_SYNC");
  auto answer = api::HttpClient(witness.url()).request("POST", "/w/add-checkpoint", {}, body);
  bool is_dead = witness.wait_for_end() == 128 + SIGKILL;
  return is_dead && !answer;
}

}  // namespace

TEST_CASE("tallystick witness: each status of the table") {
  SampleLog log;
  WitnessProcess witness({log.vkey()});
  witness.start();
  // 400, 404, 403: in this order.
  CHECK(status(witness, "") == 400);
  CHECK(status(witness, "old 0\n\nnothing") == 400);
  CHECK(status(witness, "old 00\n\n" + log.note(5)) == 400);
  CHECK(status(witness, SampleLog("other.example").body(0, 5)) == 404);
  CHECK(status(witness, SampleLog(log.origin(), 99).body(0, 5)) == 403);
  CHECK(status(witness, log.body(6, 5)) == 400);
  // 409 with nothing held, then 200, then 409 with the size held.
  auto answer = witness.add(log.body(3, 5));
  CHECK(answer.status == 409);
  CHECK(answer.header("Content-Type") == "text/x.tlog.size");
  CHECK(answer.body == "0\n");
  CHECK(status(witness, "old 0\n" + core::to_base64(Hash{}.view()) + "\n\n" + log.note(5)) == 422);
  answer = witness.add(log.body(0, 5));
  CHECK(answer.status == 200);
  CHECK(read_cosignature(answer.body, log.text(5), witness.key()));
  answer = witness.add(log.body(0, 8));
  CHECK(answer.status == 409);
  CHECK(answer.body == "5\n");
  CHECK(status(witness, log.body(4, 4)) == 409);
  // 422: no proof, a wrong one, another root.
  CHECK(status(witness, "old 5\n\n" + log.note(8)) == 422);
  CHECK(status(witness, "old 5\n\n" + log.note_of({8, Hash{}})) == 422);
  CHECK(status(witness, "old 5\n\n" + log.note_of({5, Hash{}})) == 422);
  CHECK(status(witness, log.body(5, 5)) == 200);
  CHECK(status(witness, log.body(5, 20)) == 200);
  // Other methods, paths and sizes.
  api::HttpClient client(witness.url());
  CHECK(client.request("GET", "/w/add-checkpoint")->status == 405);
  CHECK(client.request("POST", "/add-checkpoint", {}, log.body(20, 20))->status == 404);
  CHECK(status(witness, std::string(add_checkpoint_bytes_max + 1, 'x')) == 413);
  CHECK(client.request("GET", "/healthz")->status == 200);
  // The newest note, for whoever watches.
  std::string path = "/w/" + core::to_hex(core::sha256(log.origin())) + "/checkpoint";
  auto newest = client.request("GET", path);
  REQUIRE(newest->status == 200);
  auto policy = parse_policy("log " + log.vkey() + "\nwitness w " + format_vkey(witness.key()) +
                             "\nquorum w\n");
  CHECK(open_witnessed(newest->body, *policy)->checkpoint.head.size == 20);
  CHECK(client.request("GET", "/w/00/checkpoint")->status == 404);
}

TEST_CASE("tallystick witness: a log starts with the empty tree, and size 0 has one root") {
  SampleLog log;
  WitnessProcess witness({log.vkey()});
  witness.start();
  CHECK(status(witness, "old 0\n\n" + log.note_of({0, Hash{}})) == 422);
  CHECK(status(witness, log.body(0, 0)) == 200);
  CHECK(status(witness, log.body(0, 0)) == 200);
  CHECK(status(witness, log.body(0, 1)) == 200);
  CHECK(status(witness, log.body(0, 0)) == 409);
}

TEST_CASE("tallystick witness: what it holds outlives SIGKILL and SIGTERM") {
  SampleLog log;
  WitnessProcess witness({log.vkey()});
  witness.start();
  CHECK(status(witness, log.body(0, 7)) == 200);
  witness.kill_hard();
  witness.start();
  CHECK(witness.add(log.body(0, 9)).body == "7\n");
  CHECK(status(witness, log.body(7, 9)) == 200);
  CHECK(witness.stop() == 0);
  witness.start();
  CHECK(witness.add(log.body(0, 9)).body == "9\n");
}

TEST_CASE("tallystick witness: killed between keeping and answering, it is ahead of its answers") {
  SampleLog log;
  WitnessProcess witness({log.vkey()});
  witness.start();
  CHECK(status(witness, log.body(0, 4)) == 200);
  // Killed after the file was synced, before it took its place: nothing happened.
  REQUIRE(dies_at_sync(witness, 1, log.body(4, 6)));
  witness.start();
  CHECK(witness.add(log.body(0, 9)).body == "4\n");
  // Killed after its place was synced, before the answer: it holds 6, whatever the log knows.
  REQUIRE(dies_at_sync(witness, 2, log.body(4, 6)));
  witness.start();
  CHECK(witness.add(log.body(4, 5)).body == "6\n");
  CHECK(status(witness, log.body(6, 6)) == 200);
  CHECK(status(witness, log.body(6, 9)) == 200);
}

TEST_CASE("tallystick witness: killed at random, it never cosigns both sides of a fork" *
          doctest::test_suite("concurrent")) {
  SampleLog honest;
  SampleLog fork(honest.origin(), 0, 10);  // the same key; other entries from 10 on
  WitnessProcess witness({honest.vkey()});
  std::set<std::string> cosigned;
  std::uint64_t largest = 0;
  for (int round = 0; round < 12; ++round) {
    witness.start();
    std::atomic<bool> is_over{false};
    core::Guarded<std::vector<std::pair<std::uint64_t, std::string>>> taken;
    std::vector<std::jthread> clients;
    for (const SampleLog* log : {&honest, &fork}) {
      clients.emplace_back([&, log] {
        std::uint64_t held = 0;
        for (std::uint64_t step = 1; !is_over; ++step) {
          std::uint64_t size = std::min<std::uint64_t>(held + 1 + step % 2, 60);
          auto answer = api::HttpClient(witness.url(), {.timeout_s = 2})
                            .request("POST", "/w/add-checkpoint", {}, log->body(held, size));
          if (!answer) return;
          if (answer->status == 409) held = parse_tlog_size(answer->body).value();
          if (answer->status != 200) continue;
          held = size;
          std::this_thread::sleep_for(std::chrono::milliseconds(5));
          taken.with([&](auto& all) { all.emplace_back(size, log->text(size)); });
        }
      });
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(30 + round * 7));
    witness.kill_hard();
    is_over = true;
    clients.clear();
    taken.with([&](const auto& all) {
      std::uint64_t before = largest;
      for (const auto& [size, text] : all) {
        CHECK(size >= before);  // of this life: not behind the one before
        largest = std::max(largest, size);
        cosigned.insert(text);
      }
    });
  }
  REQUIRE(largest > 10);
  std::set<std::uint64_t> sizes;
  bool has_honest = false;
  bool has_fork = false;
  for (const std::string& text : cosigned) {
    TreeHead head = parse_checkpoint(text)->head;
    CHECK(sizes.insert(head.size).second);  // one root for each size
    if (head.size <= 10) continue;
    has_honest = has_honest || text == honest.text(head.size);
    has_fork = has_fork || text == fork.text(head.size);
  }
  CHECK(has_honest != has_fork);
}

TEST_CASE("tallystick witness: it does not start on what it cannot trust") {
  SampleLog log;
  WitnessProcess witness({log.vkey()});
  CHECK(witness.exit_code_of_start({}) == 0);
  CHECK(witness.exit_code_of_start({"--host", "0.0.0.0"}) == 2);
  CHECK(witness.exit_code_of_start({"--prefix", "/a b"}) == 2);
  witness.start();
  CHECK(status(witness, log.body(0, 7)) == 200);
  CHECK(witness.exit_code_of_start({}) == 2);  // another serves it
  witness.kill_hard();

  std::string held = witness.held_file(log.origin());
  std::string note = *core::read_file(held);
  std::string edited = note;
  edited.replace(edited.find("\n7\n"), 3, "\n6\n");
  REQUIRE(core::write_file(held, edited));
  CHECK(witness.exit_code_of_start({}) == 2);
  REQUIRE(core::write_file(held, ""));
  CHECK(witness.exit_code_of_start({}) == 2);
  REQUIRE(core::write_file(held, note));
  CHECK(witness.exit_code_of_start({}) == 0);

  REQUIRE(core::write_file(witness.logs_file(), "log nothing\nquorum none\n"));
  CHECK(witness.exit_code_of_start({}) == 2);
}
