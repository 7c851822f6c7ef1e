// `tallystick use` against a server that counts: a local mistake charges nothing, and what was charged
// can be had again.
#include <atomic>
#include <fcntl.h>
#include <filesystem>
#include <optional>
#include <string>
#include <sys/stat.h>
#include <thread>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "core/file.h"
#include "core/posix_file.h"
#include "ledger/sample_ledger.h"
#include "support/api/command_line.h"
#include "support/api/test_server.h"

using namespace tally;
using test::run;
using test::TestServer;

namespace {

const std::string token = "tally_" + std::string(43, 'c');
const std::string vkey = ledger::format_vkey(test::sample_signer().verifier());

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

struct Counting {
  std::atomic<int> used = 0;
  int status = 200;
  int receipt_status = 200;
  bool receipt_breaks = false;
  std::optional<core::Descriptor> reader;  // of a FIFO; gone once the use is charged
  std::string receipt = "no receipt at all";
  api::Router router{nullptr};
  test::TempDir dir;

  Counting() {
    router.add("POST", "/v1/contracts/{id}/uses", {.body = api::BodyKind::json},
               [this](const api::Request&) -> core::Result<api::Reply> {
                 ++used;
                 reader.reset();
                 api::Reply reply = api::json_reply(status, "{\"records\":[]}");
                 reply.headers.emplace_back("Tallystick-Receipt", "/v1/uses/use_1/receipt");
                 return reply;
               });
    router.add("GET", "/v1/uses/{id}/receipt", {},
               [this](const api::Request&) -> core::Result<api::Reply> {
                 api::Reply reply{
                     .status = receipt_status, .content_type = "text/plain", .body = receipt};
                 if (receipt_breaks) {
                   reply.chunks = [](std::string&) -> bool { throw core::Broken("it breaks off"); };
                   reply.length_bytes = 100;
                 }
                 return reply;
               });
    REQUIRE(core::write_file(dir.file("token"), token + "\n"));
  }

  test::Run use(const std::string& url, const std::vector<std::string>& more) {
    std::vector<std::string> words = {"use",   "ctr_1", "--purpose",    "training",
                                      "--url", url,     "--token-file", dir.file("token")};
    words.insert(words.end(), more.begin(), more.end());
    return run(words);
  }
};

}  // namespace

TEST_CASE_FIXTURE(Counting, "cli use: a place that cannot be written is found before the request") {
  TestServer server(router);
  REQUIRE(core::write_file(dir.file("earlier"), "an earlier receipt"));
  auto refused = [&](const std::vector<std::string>& more) {
    auto made = use(server.url(), more);
    CHECK(made.code == 2);
    CHECK(made.out.empty());
    CHECK_FALSE(holds(made.err, "retry"));
    return made.err;
  };
  CHECK(holds(refused({"--output", dir.file("none/answer")}), "(file.unwritable)"));
  CHECK(holds(refused({"--output", dir.path()}), "(file.unwritable)"));
  CHECK(holds(refused({"--receipt", dir.file("none/receipt")}), "(file.unwritable)"));
  CHECK(holds(refused({"--receipt", dir.file("earlier")}), "(receipt.exists)"));
  CHECK(
      holds(refused({"--receipt", dir.file("a"), "--output", dir.file("a")}), "(receipt.exists)"));
  CHECK(used == 0);
  CHECK(*core::read_file(dir.file("earlier")) == "an earlier receipt");
  CHECK_FALSE(std::filesystem::exists(dir.file("a")));
}

TEST_CASE_FIXTURE(Counting, "cli use: one place under two names is found before the request") {
  TestServer server(router);
  std::filesystem::create_directory(dir.file("sub"));
  std::filesystem::create_directory_symlink("sub", dir.file("link"));
  for (const auto& [answer_at, receipt_at] : std::vector<std::pair<std::string, std::string>>{
           {"a", "./a"}, {"sub/../a", "a"}, {"sub/a", "link/a"}}) {
    auto made =
        use(server.url(), {"--output", dir.file(answer_at), "--receipt", dir.file(receipt_at)});
    CHECK(made.code == 2);
    CHECK(holds(made.err, "(receipt.exists)"));
  }
  auto before = std::filesystem::current_path();
  std::filesystem::current_path(dir.path());
  CHECK(use(server.url(), {"--output", "ans", "--receipt", "./ans"}).code == 2);
  std::filesystem::current_path(before);
  CHECK(used == 0);
}

TEST_CASE_FIXTURE(Counting, "cli use: files beside the answer and the receipt stay") {
  TestServer server(router);
  auto made = use(server.url(), {"--output", dir.file("x.new"), "--receipt", dir.file("x")});
  CHECK(made.code == 0);
  CHECK(*core::read_file(dir.file("x.new")) == "{\"records\":[]}");
  CHECK(*core::read_file(dir.file("x")) == receipt);
  REQUIRE(core::write_file(dir.file("data.new"), "mine"));
  status = 403;
  CHECK(use(server.url(), {"--output", dir.file("data")}).code == 1);
  CHECK(*core::read_file(dir.file("data.new")) == "mine");
  CHECK_FALSE(std::filesystem::exists(dir.file("data")));
}

TEST_CASE_FIXTURE(Counting, "cli use: a pipe takes the answer, and is no place for a receipt") {
  TestServer server(router);
  REQUIRE(::mkfifo(dir.file("fifo").c_str(), 0600) == 0);
  CHECK(use(server.url(), {"--receipt", dir.file("fifo")}).code == 2);
  CHECK(used == 0);
  std::string got;
  {
    std::jthread takes([&] { got = *core::read_file(dir.file("fifo")); });
    CHECK(use(server.url(), {"--output", dir.file("fifo")}).code == 0);
  }
  CHECK(got == "{\"records\":[]}");
  CHECK(std::filesystem::is_fifo(dir.file("fifo")));
}

TEST_CASE_FIXTURE(Counting, "cli use: a reader that went leaves the key to retry with") {
  TestServer server(router);
  REQUIRE(::mkfifo(dir.file("fifo").c_str(), 0600) == 0);
  // Both ways, so that it does not wait for a writer: there before the request.
  reader.emplace(::open(dir.file("fifo").c_str(), O_RDWR | O_CLOEXEC));
  auto made = use(server.url(), {"--output", dir.file("fifo")});
  CHECK(made.code == 2);
  CHECK(used == 1);
  CHECK(holds(made.err, "retry with --idempotency-key "));
}

TEST_CASE_FIXTURE(Counting, "cli use: a log key that is none is found before the request") {
  TestServer server(router);
  REQUIRE(core::write_file(dir.file("vkey"), "not a key\n"));
  for (const auto& given :
       {std::string("not a key"), "@" + dir.file("vkey"), "@" + dir.file("none")})
    CHECK(use(server.url(), {"--log-key", given}).code == 2);
  CHECK(used == 0);
}

TEST_CASE_FIXTURE(Counting, "cli use: a file that holds no token is neither sent nor printed") {
  TestServer server(router);
  for (const std::string& secret : {std::string("-----BEGIN PRIVATE KEY-----\nMC4CAQ\n"),
                                    token + "\n" + token + "\n", token + "c\n", std::string()}) {
    REQUIRE(core::write_file(dir.file("token"), secret));
    auto made = use(server.url(), {});
    CHECK(made.code == 2);
    CHECK(holds(made.err, "(token_file.malformed)"));
    CHECK_FALSE(holds(made.err, "MC4CAQ"));
    CHECK_FALSE(holds(made.err, token));
    auto audit = run({"audit", server.url(), "--key", vkey, "--token-file", dir.file("token")});
    CHECK(audit.code == 2);
    CHECK(holds(audit.err, "(token_file.malformed)"));
  }
  CHECK(used == 0);
}

TEST_CASE_FIXTURE(Counting, "cli use: what was charged is handed out though its receipt is wrong") {
  TestServer server(router);
  REQUIRE(core::write_file(dir.file("vkey"), vkey + "\n"));
  auto made = use(server.url(), {"--log-key", "@" + dir.file("vkey"), "--output", dir.file("out"),
                                 "--receipt", dir.file("receipt"), "--idempotency-key", "once"});
  CHECK(made.code == 1);
  CHECK(used == 1);
  CHECK(holds(made.err, "retry with --idempotency-key once"));
  CHECK(*core::read_file(dir.file("out")) == "{\"records\":[]}");
  CHECK(*core::read_file(dir.file("receipt")) == receipt);
  CHECK(use(server.url(), {}).code == 0);
}

TEST_CASE_FIXTURE(Counting, "cli use: the key to retry with is named where a use may be charged") {
  TestServer server(router);
  auto hints = [&](const std::string& url, int answered) {
    status = answered;
    auto made = use(url, {});
    CHECK(made.code != 0);
    return holds(made.err, "retry with --idempotency-key ");
  };
  CHECK(hints(server.url(), 500));
  CHECK(hints(server.url(), 503));
  CHECK_FALSE(hints(server.url(), 403));
  CHECK(hints("http://127.0.0.1:1", 200));
  CHECK_FALSE(hints("127.0.0.1:1", 200));
}

TEST_CASE_FIXTURE(Counting, "cli use: 1 is a refusal, 2 what could not be done") {
  TestServer server(router);
  auto code = [&](int of_use, int of_receipt) {
    status = of_use;
    receipt_status = of_receipt;
    return use(server.url(), {}).code;
  };
  CHECK(code(200, 200) == 0);
  CHECK(code(403, 200) == 1);
  CHECK(code(409, 200) == 1);
  CHECK(code(429, 200) == 1);
  CHECK(code(302, 200) == 2);
  CHECK(code(500, 200) == 2);
  CHECK(code(503, 200) == 2);
  CHECK(code(200, 404) == 1);
  CHECK(code(200, 500) == 2);
  CHECK(code(200, 503) == 2);
  receipt_breaks = true;
  CHECK(code(200, 200) == 2);
  CHECK(use("http://127.0.0.1:1", {}).code == 2);
}
