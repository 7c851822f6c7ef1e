#include "space/datasets/uploads.h"

#include <doctest/doctest.h>

#include "space/datasets/fixture.h"

using namespace tally;
using namespace tally::space;
using test::Catalogue;
using test::code_of;
using test::pieces_of;
using test::version_of;

namespace {

const std::string lines = "{\"scan\":\"0001\"}\n{\"scan\":\"0002\"}\n{\"scan\":\"0003\"}\n";

std::string many_lines(int count) {
  std::string content;
  for (int i = 0; i < count; ++i) {
    content +=
        "{\"scan\":\"" + std::to_string(i) + "\",\"note\":\"" + std::string(200, 'n') + "\"}\n";
  }
  return content;
}

}  // namespace

TEST_CASE("uploads: what arrives as announced is published, with an entry") {
  Catalogue fixture;
  auto id = fixture.add_dataset();
  auto number = fixture.add_version(id, version_of(lines));
  auto size = fixture.space.ledger_size();
  auto change = fixture.upload(id, number, lines);
  auto answer = test::answer_of<VersionAnswer>(change);
  CHECK(answer.version.state == VersionState::published);
  CHECK(answer.version.records == 3u);
  CHECK(answer.version.published_at == fixture.space.clock.now());
  CHECK(fixture.space.kinds(size) == std::vector<std::string>{"dataset.version_published/1"});
  auto entry = fixture.space.last_entry();
  CHECK(entry.find("by")->as_string() == fixture.provider.principal.actor.text());
  CHECK(entry.find("body")->find("records")->as_integer() == 3);
  CHECK(change->receipt->seq == size);
}

TEST_CASE("uploads: the same content again gets the same answer, other content does not") {
  Catalogue fixture;
  auto id = fixture.add_dataset();
  auto number = fixture.add_version(id, version_of(lines));
  auto first = fixture.upload(id, number, lines);
  auto size = fixture.space.ledger_size();
  auto again = fixture.upload(id, number, lines);
  REQUIRE(again);
  CHECK(again->repeated);
  CHECK(again->body == first->body);
  CHECK(again->receipt->file() == first->receipt->file());
  CHECK(code_of(fixture.upload(id, number, lines + "{}\n")) == "dataset.digest_mismatch");
  CHECK(fixture.space.ledger_size() == size);
}

TEST_CASE("uploads: content that is not what was announced leaves nothing behind") {
  Catalogue fixture;
  auto id = fixture.add_dataset();
  std::string content = many_lines(20'000);  // several commands' worth
  auto number = fixture.add_version(id, version_of(content));
  auto size = fixture.space.ledger_size();
  std::string other = content;
  other[other.size() - 5] = 'm';
  CHECK(code_of(fixture.upload(id, number, other)) == "dataset.digest_mismatch");
  CHECK(fixture.stored_rows() == 0);
  CHECK(code_of(fixture.upload(id, number, content + "{}\n")) == "dataset.digest_mismatch");
  CHECK(code_of(fixture.upload(id, number, content.substr(0, 400))) == "dataset.record_invalid");
  CHECK(code_of(fixture.upload(id, number, "")) == "dataset.digest_mismatch");
  CHECK(code_of(fixture.upload(id, number, "{}\nno\n")) == "dataset.record_invalid");
  CHECK(fixture.stored_rows() == 0);
  CHECK(fixture.space.ledger_size() == size);
  CHECK(fixture.upload(id, number, content));  // and the way is free for the right one
}

TEST_CASE("uploads: the number of records must be the one announced, where it was") {
  Catalogue fixture;
  auto id = fixture.add_dataset();
  auto version = version_of(lines);
  version.records = 4;
  auto number = fixture.add_version(id, version);
  CHECK(code_of(fixture.upload(id, number, lines)) == "dataset.records_mismatch");
  version.records = 3;
  number = fixture.add_version(id, version);
  CHECK(fixture.upload(id, number, lines));
}

TEST_CASE("uploads: a body that breaks off leaves nothing behind") {
  Catalogue fixture;
  auto id = fixture.add_dataset();
  std::string content = many_lines(20'000);
  auto number = fixture.add_version(id, version_of(content));
  auto broken = [&](const ContentSink& sink) -> core::Result<core::Done> {
    sink(content.substr(0, content.size() - 1000));
    return core::Error{core::Refusal::malformed, "request.body_broken", "it ended early"};
  };
  auto result = fixture.uploads.upload(fixture.provider.principal, id, number, broken);
  CHECK(code_of(result) == "request.body_broken");
  CHECK(fixture.stored_rows() == 0);
}

TEST_CASE("uploads: what a crash left behind is removed by the next upload, or at start") {
  Catalogue fixture;
  auto id = fixture.add_dataset();
  std::string content = many_lines(20'000);
  auto number = fixture.add_version(id, version_of(content));
  struct Crash {};
  auto crashing = [&](const ContentSink& sink) -> core::Result<core::Done> {
    sink(content);
    throw Crash{};
  };
  auto crash = [&] {
    CHECK_THROWS_AS(
        static_cast<void>(fixture.uploads.upload(fixture.provider.principal, id, number, crashing)),
        Crash);
    CHECK(fixture.stored_rows() > 1);
  };
  crash();
  CHECK(fixture.upload(id, number, content));
  number = fixture.add_version(id, version_of(content));
  auto rows = fixture.stored_rows();
  crash();
  fixture.uploads.discard_leftovers();
  CHECK(fixture.stored_rows() == rows);
}

TEST_CASE("uploads: a version is uploaded by one at a time") {
  Catalogue fixture;
  auto id = fixture.add_dataset();
  auto number = fixture.add_version(id, version_of(lines));
  std::string code;
  auto slow = [&](const ContentSink& sink) -> core::Result<core::Done> {
    code = code_of(fixture.upload(id, number, lines));
    sink(lines);
    return core::Done{};
  };
  CHECK(fixture.uploads.upload(fixture.provider.principal, id, number, slow));
  CHECK(code == "dataset.upload_under_way");
}

TEST_CASE("uploads: only the provider uploads, to its own versions, with the scope") {
  Catalogue fixture;
  auto id = fixture.add_dataset();
  auto number = fixture.add_version(id, version_of(lines));
  auto other = fixture.space.join("Clinic", {Role::provider});
  auto upload_as = [&](const Principal& who, std::uint64_t version) {
    return code_of(fixture.uploads.upload(who, id, version, pieces_of(lines)));
  };
  CHECK(upload_as(other.principal, number) == "dataset.version_not_found");
  CHECK(upload_as(fixture.provider.principal, number + 1) == "dataset.version_not_found");
  CHECK(upload_as(fixture.provider.principal, 1ull << 63) == "dataset.version_not_found");
  CHECK(upload_as(fixture.space.operator_principal, number) == "scope.missing");
  auto outside = version_of(lines);
  outside.content = ContentKind::metadata_only;
  auto metadata = fixture.add_version(id, outside);
  CHECK(upload_as(fixture.provider.principal, metadata) == "dataset.no_content");
}

TEST_CASE("uploads: what lies on the disk never shows the content") {
  Catalogue fixture;
  auto id = fixture.add_dataset();
  std::string content = many_lines(2000) + "{\"patient\":\"Grace Brewster Hopper\"}\n";
  auto number = fixture.add_version(id, version_of(content));
  REQUIRE(fixture.upload(id, number, content));
  CHECK_FALSE(fixture.space.holds_on_disk("Hopper"));
  CHECK_FALSE(fixture.space.holds_on_disk("\"scan\":\"1"));
  CHECK_FALSE(fixture.space.holds_on_disk(std::string(100, 'n')));
  CHECK(fixture.space.holds_on_disk("X-rays"));  // the search does find what is there
}

TEST_CASE("uploads: content without a byte is content") {
  Catalogue fixture;
  auto id = fixture.add_dataset();
  auto number = fixture.add_version(id, version_of(""));
  auto answer = test::answer_of<VersionAnswer>(fixture.upload(id, number, ""));
  CHECK(answer.version.records == 0u);
  auto page = fixture.space.read([&](core::sql::Session& session) {
    return fixture.space.content().open_page(session, id, number, 0, 10);
  });
  REQUIRE(page);
  CHECK(page->records == 0);
}
