#include <filesystem>

#include <doctest/doctest.h>

#include "core/file.h"
#include "support/api/command_line.h"
#include "support/temp_dir.h"

using namespace tally;
using test::run;

namespace {

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("cli schemas: what it wrote is right, and what was changed since is named") {
  test::TempDir dir;
  CHECK(run({"schemas", dir.path()}).code == 0);
  CHECK(run({"schemas", dir.path(), "--check"}).code == 0);

  REQUIRE(core::write_file(dir.file("use_contract.schema.json"), "{}\n"));
  REQUIRE(core::write_file(dir.file("of_yesterday.schema.json"), "{}\n"));
  REQUIRE(core::write_file(dir.file("README.md"), "not one of them\n"));
  std::filesystem::remove(dir.file("problem.schema.json"));
  auto checked = run({"schemas", dir.path(), "--check"});
  CHECK(checked.code == 1);
  CHECK(holds(checked.err, "use_contract.schema.json differs"));
  CHECK(holds(checked.err, "of_yesterday.schema.json describes no message"));
  CHECK(holds(checked.err, "problem.schema.json is missing"));
  CHECK_FALSE(holds(checked.err, "README"));
}

TEST_CASE("cli schemas: a schema names its message and says what may be said") {
  test::TempDir dir;
  REQUIRE(run({"schemas", dir.path()}).code == 0);
  auto text = core::read_file(dir.file("dataset_answer.schema.json"));
  REQUIRE(text);
  auto schema = core::parse_json(*text);
  REQUIRE(schema);
  CHECK(schema->find("$schema")->as_string() == "https://json-schema.org/draft/2020-12/schema");
  CHECK(schema->find("$id")->as_string() == "urn:tallystick:schema:dataset_answer");
  CHECK(schema->find("title")->as_string() == "A dataset");
  CHECK_FALSE(schema->find("additionalProperties")->as_bool());
  // Of the answers to changes alone.
  CHECK(schema->find("properties")->find("receipt") != nullptr);
  CHECK(schema->find("required")->as_array().size() == 1);
}
