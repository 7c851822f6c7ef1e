#include <filesystem>

#include <doctest/doctest.h>

#include "support/api/command_line.h"
#include "support/temp_dir.h"

using namespace tally;
using test::run;

namespace {

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("cli serve: what a data directory lacks is named, and what to do") {
  test::TempDir folder;
  auto refused = [&](const std::string& directory) {
    auto made = run({"serve", directory, "--port", "0"});
    CHECK(made.code == 2);
    return made.err;
  };
  CHECK(holds(refused(folder.file("none")), "make the data directory with `tallystick init`"));
  std::string data = folder.file("data");
  REQUIRE(run({"init", data, "--origin", "serve.example/log"}).code == 0);
  std::filesystem::remove(data + "/tallystick.toml");
  std::string config = refused(data);
  CHECK(holds(config, "tallystick.toml is missing: put its copy back"));
  CHECK(holds(config, "(config.unreadable)"));
  for (const char* key : {"secret.key", "log.key"}) {
    std::filesystem::remove(data + "/keys/" + key);
    std::string words = refused(data);
    CHECK(
        holds(words, std::string(key) + " is missing, but its database is there: put the copies"));
    CHECK_FALSE(holds(words, "`tallystick init`"));
  }
}
