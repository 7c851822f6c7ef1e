#include "space/datasets/datasets.h"

#include <doctest/doctest.h>

#include "space/commitment.h"
#include "space/datasets/fixture.h"

using namespace tally;
using namespace tally::space;
using test::answer_of;
using test::Catalogue;
using test::code_of;
using test::version_of;

namespace {

const std::string lines = "{\"a\":1}\n";

NewVersion outside_version() {
  auto version = version_of(lines, "application/dicom");
  version.content = ContentKind::metadata_only;
  version.records = 12;
  return version;
}

}  // namespace

TEST_CASE("datasets: one that is registered has no version, and its entry shows nothing of it") {
  Catalogue fixture;
  DatasetManifest manifest;
  manifest.title = "Chest X-rays";
  manifest.description = "of 2026";
  manifest.license = "CC-BY-4.0";
  manifest.tags = {"radiology", "chest"};
  auto change = fixture.datasets.register_dataset(fixture.provider.principal, manifest, "k1");
  auto dataset = answer_of<DatasetAnswer>(change).dataset;
  CHECK(dataset.provider == fixture.provider.party);
  CHECK(dataset.title == "Chest X-rays");
  CHECK(dataset.license == "CC-BY-4.0");
  CHECK(dataset.tags == std::vector<std::string>{"radiology", "chest"});
  CHECK(dataset.versions == 0);
  CHECK_FALSE(dataset.published_version);

  auto entry = fixture.space.last_entry();
  const core::Json& body = *entry.find("body");
  CHECK(entry.find("kind")->as_string() == "dataset.registered/1");
  CHECK(body.find("manifest")->as_string() ==
        commitment(body.find("salt")->as_string(), core::canonical(manifest)));
  CHECK(change->receipt->entry.find("Chest") == std::string::npos);

  auto again = fixture.datasets.register_dataset(fixture.provider.principal, manifest, "k1");
  REQUIRE(again);
  CHECK(again->repeated);
  CHECK(again->body == change->body);
  manifest.title = "Other";
  CHECK(code_of(fixture.datasets.register_dataset(fixture.provider.principal, manifest, "k1")) ==
        "idempotency_key.reused");
}

TEST_CASE("datasets: a version awaits the content that its digest names") {
  Catalogue fixture;
  auto id = fixture.add_dataset();
  auto wanted = version_of(lines);
  wanted.note = "first";
  auto change = fixture.datasets.register_version(fixture.provider.principal, id, wanted, "k1");
  auto version = answer_of<VersionAnswer>(change).version;
  CHECK(version.version == 1);
  CHECK(version.state == VersionState::awaiting_content);
  CHECK(version.digest == core::sha256(lines));
  CHECK(version.media_type == "application/x-ndjson");
  CHECK(version.note == "first");
  CHECK_FALSE(version.published_at);
  auto entry = fixture.space.last_entry();
  CHECK(entry.find("kind")->as_string() == "dataset.version_registered/1");
  CHECK(entry.find("body")->find("content")->as_string() == "uploaded");
  CHECK(entry.find("body")->find("digest")->as_string() == core::to_hex(core::sha256(lines)));
  CHECK(change->receipt->entry.find("first") == std::string::npos);
  CHECK(fixture.datasets.register_version(fixture.provider.principal, id, wanted, "k1")->repeated);
  CHECK(fixture.add_version(id, wanted) == 2);
}

TEST_CASE("datasets: a version whose content stays outside is published at once, by one entry") {
  Catalogue fixture;
  auto id = fixture.add_dataset();
  auto size = fixture.space.ledger_size();
  auto change =
      fixture.datasets.register_version(fixture.provider.principal, id, outside_version(), "k1");
  auto version = answer_of<VersionAnswer>(change).version;
  CHECK(version.state == VersionState::published);
  CHECK(version.records == 12u);
  CHECK(fixture.space.kinds(size) == std::vector<std::string>{"dataset.version_registered/1"});
  CHECK(fixture.datasets.find(fixture.provider.principal, id)->published_version == 1u);
}

TEST_CASE("datasets: what cannot be registered is refused with its place") {
  Catalogue fixture;
  auto id = fixture.add_dataset();
  auto pointer_of = [&](const NewVersion& wanted) {
    auto refused =
        fixture.datasets.register_version(fixture.provider.principal, id, wanted, fixture.key());
    CHECK(code_of(refused) == "request.invalid");
    return refused.error().details.at(0).pointer;
  };
  auto large = version_of(lines);
  large.bytes = content_bytes_max + 1;
  CHECK(pointer_of(large) == "/bytes");
  auto image = version_of(lines, "image/png");
  image.records = 1;
  CHECK(pointer_of(image) == "/records");
}

TEST_CASE("datasets: other parties register no version of mine") {
  Catalogue fixture;
  auto id = fixture.add_dataset();
  auto clinic = fixture.space.join("Clinic", {Role::provider});
  auto lab = fixture.space.join("Lab", {Role::consumer});
  auto register_as = [&](const Principal& who, const DatasetId& dataset) {
    return code_of(fixture.datasets.register_version(who, dataset, version_of(lines), "k"));
  };
  CHECK(register_as(clinic.principal, id) == "dataset.not_found");
  CHECK(register_as(clinic.principal, DatasetId()) == "dataset.not_found");
  CHECK(register_as(lab.principal, id) == "scope.missing");
  CHECK(code_of(fixture.datasets.register_dataset(lab.principal, {}, "k")) == "scope.missing");
}

TEST_CASE("datasets: what is not published is seen by its provider alone") {
  Catalogue fixture;
  auto lab = fixture.space.join("Lab", {Role::consumer});
  auto id = fixture.add_dataset();
  auto& datasets = fixture.datasets;
  fixture.add_version(id, version_of(lines));
  CHECK(datasets.find(fixture.provider.principal, id));
  CHECK(datasets.find_version(fixture.provider.principal, id, 1));
  CHECK(code_of(datasets.find(lab.principal, id)) == "dataset.not_found");
  CHECK(code_of(datasets.find_version(lab.principal, id, 1)) == "dataset.not_found");

  REQUIRE(fixture.upload(id, 1, lines));
  fixture.add_version(id, version_of(lines));
  CHECK(datasets.find(lab.principal, id)->published_version == 1u);
  CHECK(datasets.find_version(lab.principal, id, 1)->state == VersionState::published);
  CHECK(code_of(datasets.find_version(lab.principal, id, 2)) == "dataset.version_not_found");
  CHECK(code_of(datasets.find_version(lab.principal, id, 1ull << 63)) ==
        "dataset.version_not_found");
  CHECK(datasets.list_versions(lab.principal, id, 0, 10)->items.size() == 1);
  CHECK(datasets.list_versions(fixture.provider.principal, id, 0, 10)->items.size() == 2);
  CHECK(datasets.list_versions(fixture.provider.principal, id, 0, 1)->next_cursor == "1");
  CHECK(code_of(datasets.find(fixture.space.operator_principal, id)) == "scope.missing");
}

TEST_CASE("datasets: the catalogue lists what is published, page by page, and a provider's own") {
  Catalogue fixture;
  auto lab = fixture.space.join("Lab", {Role::consumer});
  std::vector<DatasetId> published;
  for (int i = 0; i < 5; ++i) {
    fixture.space.clock.advance_ms(1);
    auto id = fixture.add_dataset();
    if (i == 2) continue;  // stays without a version
    fixture.add_version(id, outside_version());
    published.push_back(id);
  }
  std::vector<DatasetId> seen;
  std::string cursor;
  while (true) {
    auto page = fixture.datasets.list(lab.principal, {std::nullopt, cursor, 3});
    REQUIRE(page);
    for (const auto& dataset : page->items) seen.push_back(dataset.id);
    if (!page->next_cursor) break;
    cursor = *page->next_cursor;
  }
  CHECK(seen == published);
  auto of_provider = [&](const Principal& who) {
    return fixture.datasets.list(who, {fixture.provider.party, "", 10})->items.size();
  };
  CHECK(of_provider(fixture.provider.principal) == 5);
  CHECK(of_provider(lab.principal) == 4);
}

TEST_CASE("datasets: a version made from another names it and its project") {
  Catalogue fixture;
  auto id = fixture.add_dataset();
  fixture.add_version(id, outside_version());
  auto change = fixture.space.write([&](core::sql::Tx& tx) {
    auto dataset = find_dataset(tx, id);
    REQUIRE(dataset.has_value());
    return add_version(fixture.space.journal().ledger, tx, "act_1", *dataset, version_of(lines),
                       {1, "prj_1"});
  });
  auto version = answer_of<VersionAnswer>(change).version;
  CHECK(version.version == 2);
  CHECK(version.parent_version == 1u);
  CHECK(version.project == "prj_1");
  auto entry = fixture.space.last_entry();
  CHECK(entry.find("body")->find("parent_version")->as_integer() == 1);
  CHECK(entry.find("body")->find("project")->as_string() == "prj_1");
}

TEST_CASE("datasets: a media type is a type and a subtype, in small letters") {
  CHECK(MediaType::parse("image/png"));
  CHECK(MediaType::parse("application/vnd.apache.parquet"));
  CHECK(MediaType::parse("application/x-ndjson")->has_records());
  CHECK_FALSE(MediaType::parse("image/png")->has_records());
  for (const char* text : {"", "/", "image", "image/", "/png", "Image/png", "image/png; q=1",
                           "image/p ng", "a/b/c", "-a/b"}) {
    CHECK_FALSE(MediaType::parse(text));
  }
}
