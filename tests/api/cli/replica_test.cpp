#include <filesystem>

#include <doctest/doctest.h>

#include "core/file.h"
#include "ledger/sample_ledger.h"
#include "support/api/command_line.h"

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
  CHECK(follow(other.path(), dir.file("copy")).code != 0);
}
