#include "space/contracts/document.h"

#include <doctest/doctest.h>

#include "core/json.h"

using namespace tally;
using namespace tally::space;

namespace {

const char* provider = "pty_01ARZ3NDEKTSV4RRFFQ69G5FA1";
const char* consumer = "pty_01ARZ3NDEKTSV4RRFFQ69G5FA2";

std::string document_with(const std::string& permissions) {
  return std::string(R"({"dataset":{"digest":")") + std::string(64, 'a') +
         R"(","id":"dst_01ARZ3NDEKTSV4RRFFQ69G5FAV","version":1},"format":"tallystick/contract/v1","nonce":")" +
         std::string(32, '0') + R"(","parties":{"consumer":")" + consumer + R"(","provider":")" +
         provider + R"("},"permissions":)" + permissions + "}";
}

core::Result<Terms> read(const std::string& text) {
  auto json = core::parse_json(text);
  REQUIRE(json);
  auto document = core::decode<ContractDocument>(*json);
  if (!document) return document.error();
  return read_terms(*document, "/document");
}

core::Result<Terms> read_permissions(const std::string& permissions) {
  return read(document_with(permissions));
}

std::string one(const std::string& constraints, const std::string& purpose = R"(["labeling"])") {
  return R"([{"actions":["read"],"constraints":)" + constraints + R"(,"purpose":)" + purpose + "}]";
}

const std::string count_5 = R"({"operand":"count","operator":"lteq","value":5})";

}  // namespace

TEST_CASE("contract document: purpose, count and time become terms") {
  auto terms = read_permissions(one(
      "[" + count_5 + R"(,{"operand":"dateTime","operator":"gteq","value":"2026-01-01T00:00:00Z"},
      {"operand":"dateTime","operator":"lteq","value":"2027-01-01T00:00:00Z"}])"));
  REQUIRE(terms);
  REQUIRE(terms->permissions.size() == 1);
  const auto& permission = terms->permissions[0];
  CHECK(permission.uses_max == 5);
  CHECK(permission.not_before == core::parse_time("2026-01-01T00:00:00Z"));
  CHECK(permission.not_after == core::parse_time("2027-01-01T00:00:00.001Z"));
  CHECK(terms->provider.text() == provider);
}

TEST_CASE("contract document: what this version does not enforce is not filed") {
  struct Row {
    const char* name;
    std::string permissions;
    const char* pointer;
  };
  const Row rows[] = {
      {"an unknown operand",
       one("[" + count_5 + R"(,{"operand":"spatial","operator":"eq","value":"CN"}])"),
       "/document/permissions/0/constraints/1/operand"},
      {"an unknown operator", one(R"([{"operand":"count","operator":"eq","value":5}])"),
       "/document/permissions/0/constraints/0/operator"},
      {"a count of zero", one(R"([{"operand":"count","operator":"lteq","value":0}])"),
       "/document/permissions/0/constraints/0/value"},
      {"a count in words", one(R"([{"operand":"count","operator":"lteq","value":"5"}])"),
       "/document/permissions/0/constraints/0/value"},
      {"two counts", one("[" + count_5 + "," + count_5 + "]"),
       "/document/permissions/0/constraints/1"},
      {"no count",
       one(R"([{"operand":"dateTime","operator":"lt","value":"2027-01-01T00:00:00Z"}])"),
       "/document/permissions/0/constraints"},
      {"a time with an offset",
       one("[" + count_5 +
           R"(,{"operand":"dateTime","operator":"lt","value":"2027-01-01T00:00:00+08:00"}])"),
       "/document/permissions/0/constraints/1/value"},
      {"an end before the start",
       one("[" + count_5 +
           R"(,{"operand":"dateTime","operator":"gteq","value":"2027-01-01T00:00:00Z"},{"operand":"dateTime","operator":"lt","value":"2026-01-01T00:00:00Z"}])"),
       "/document/permissions/0/constraints"},
      {"an unknown purpose", one("[" + count_5 + "]", R"(["labeling","theft"])"),
       "/document/permissions/0/purpose/1"},
      {"two permissions over one use",
       R"([{"actions":["read"],"constraints":[)" + count_5 +
           R"(],"purpose":["labeling"]},{"actions":["read"],"constraints":[)" + count_5 +
           R"(],"purpose":["labeling.review"]}])",
       "/document/permissions/1"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.name);
    auto terms = read_permissions(row.permissions);
    REQUIRE(!terms);
    CHECK(terms.error().code == "request.invalid");
    REQUIRE(!terms.error().details.empty());
    CHECK(terms.error().details[0].pointer == row.pointer);
  }
}

TEST_CASE("contract document: an unknown member, action or format is refused") {
  CHECK(!read_permissions(R"([{"actions":["sell"],"constraints":[)" + count_5 +
                          R"(],"purpose":["labeling"]}])"));
  CHECK(!read_permissions(R"([{"actions":["read"],"constraints":[)" + count_5 +
                          R"(],"purpose":["labeling"],"duty":[]}])"));
  CHECK(!read_permissions("[]"));
  auto other = document_with(one("[" + count_5 + "]"));
  other.replace(other.find("contract/v1"), 11, "contract/v9");
  CHECK(!read(other));
  auto same = document_with(one("[" + count_5 + "]"));
  same.replace(same.find(consumer), std::string(consumer).size(), provider);
  CHECK(!read(same));
}
