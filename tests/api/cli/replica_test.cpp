#include <atomic>

#include <doctest/doctest.h>

#include "core/file.h"
#include "ledger/sample_ledger.h"
#include "ledger/source_tiles.h"
#include "support/api/command_line.h"
#include "support/api/test_server.h"

using namespace tally;
using test::run;
using test::SampleLedger;

namespace {

const std::string vkey = ledger::format_vkey(test::sample_signer().verifier());

test::Run follow(const std::string& ledger, const std::string& directory) {
  return run({"replica", ledger, directory, "--key", vkey, "--once"});
}

}  // namespace

TEST_CASE("cli replica: it follows a ledger that grows, and can be audited alone") {
  SampleLedger sample;
  sample.append(1, 300);
  test::TempDir dir;
  sample.append(300, 301);  // stores the checkpoint of 300
  CHECK(follow(sample.path(), dir.file("copy")).out == "holds 300 entries\n");
  sample.append(301, 600);
  sample.close();
  CHECK(follow(sample.path(), dir.file("copy")).out == "holds 600 entries\n");
  CHECK(run({"audit", "--structural", dir.file("copy"), "--key", vkey}).code == 0);
}

TEST_CASE("cli replica: a ledger that went back is not followed, and the copy stays") {
  SampleLedger sample;
  sample.append(1, 300);
  test::TempDir dir;
  sample.append(300, 310);
  REQUIRE(run({"backup", sample.path(), dir.file("older"), "--key", vkey, "--structural"}).code ==
          0);
  sample.append(310, 600);
  sample.close();
  REQUIRE(follow(sample.path(), dir.file("copy")).code == 0);
  auto before = *core::read_file(dir.file("copy") + "/checkpoint");
  auto back = follow(dir.file("older"), dir.file("copy"));
  CHECK(back.code == 1);
  CHECK(back.err.find("(export.behind)") != std::string::npos);
  CHECK(*core::read_file(dir.file("copy") + "/checkpoint") == before);
}

TEST_CASE("cli replica: a ledger out of reach exits 2 with --once, another log exits 1") {
  SampleLedger sample;
  sample.close();
  test::TempDir dir;
  CHECK(follow(dir.file("no.db"), dir.file("copy")).code == 2);
  CHECK(run({"replica", sample.path(), dir.file("copy"), "--once"}).code == 2);  // no key
  REQUIRE(follow(sample.path(), dir.file("copy")).code == 0);
  SampleLedger other(ledger::NoteSigner("other.example/log", core::SigningKey::generate()));
  other.close();
  CHECK(follow(other.path(), dir.file("copy")).code == 1);
}

TEST_CASE("cli replica: without the key that signs it ends, and says that the key was exchanged") {
  SampleLedger sample;
  sample.append(1, 300);
  test::TempDir dir;
  sample.append(300, 301);
  REQUIRE(follow(sample.path(), dir.file("copy")).code == 0);
  sample.close();
  auto before = *core::read_file(dir.file("copy") + "/checkpoint");
  const std::string other = ledger::format_vkey(test::sample_signer("next").verifier());
  for (const auto& more : {std::vector<std::string>{"--once"}, {"--every-ms", "10"}}) {
    std::vector<std::string> words = {"replica", sample.path(), dir.file("copy"), "--key", other};
    words.insert(words.end(), more.begin(), more.end());
    auto ended = run(words);
    CHECK(ended.code == 1);
    CHECK(ended.out.empty());
    CHECK(ended.err.find("give --key once for each key") != std::string::npos);
    CHECK(ended.err.find("(note.unknown_signers)") != std::string::npos);
    CHECK(*core::read_file(dir.file("copy") + "/checkpoint") == before);
  }
  CHECK(run({"replica", sample.path(), dir.file("copy"), "--key", other, "--key", vkey, "--once"})
            .code == 0);
}

TEST_CASE(
    "cli replica: a checkpoint that nobody known signed may pass, and ends it when it stays") {
  SampleLedger sample;
  sample.append(1, 300);
  sample.append(300, 301);
  sample.close();
  test::TempDir dir;
  REQUIRE(follow(sample.path(), dir.file("source")).code == 0);
  const std::string good = *core::read_file(dir.file("source/checkpoint"));
  const std::string text = ledger::parse_note(good)->text;
  const std::string strange = ledger::sign_note(text, test::sample_signer("stranger"));
  auto files = ledger::fetch_from_directory(dir.file("source"));
  std::atomic<int> rounds = 0;
  api::Router router{nullptr};
  router.add(
      "GET", "/ledger/{path...}", {}, [&](const api::Request& request) -> core::Result<api::Reply> {
        std::string path(request.param("path"));
        api::Reply reply{.content_type = "text/plain"};
        bool is_checkpoint = path == "checkpoint";
        reply.body =
            is_checkpoint ? (++rounds == 5 ? good : strange) : files(path, 64U << 20).value_or("");
        return reply;
      });
  test::TestServer server(router);
  auto ended = run({"replica", server.url(), dir.file("copy"), "--key", vkey, "--every-ms", "10"});
  CHECK(ended.code == 1);
  CHECK(ended.out == "holds 301 entries\n");
  CHECK(ended.err.find("(note.unknown_signers)") != std::string::npos);
  CHECK(rounds == 10);  // four, one that is right, five
  CHECK(*core::read_file(dir.file("copy/checkpoint")) == good);
}
