#include "space/datasets/content.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include "space/datasets/dataset_tables.h"
#include "space/datasets/fixture.h"

using namespace tally;
using namespace tally::space;
using test::Catalogue;
using test::code_of;
using test::version_of;

namespace {

struct Rows {
  core::sql::Connection& db;
  core::sql::Statement chunk{db, R"(
    select sealed from content_chunk where dataset = ?1 and version = ?2 and chunk = ?3
  )"};
  core::sql::Statement change_chunk{db, R"(
    update content_chunk set sealed = ?4 where dataset = ?1 and version = ?2 and chunk = ?3
  )"};
  core::sql::Statement remove_chunk{db, R"(
    delete from content_chunk where dataset = ?1 and version = ?2 and chunk = ?3
  )"};
  core::sql::Statement move_chunk{db, R"(
    update content_chunk set first_record = ?4 where dataset = ?1 and version = ?2 and chunk = ?3
  )"};
};

struct Stored {
  Catalogue catalogue;
  DatasetId id;
  std::uint64_t version = 0;
  std::string content;

  explicit Stored(std::string text, const std::string& media_type = "application/x-ndjson")
      : content(std::move(text)) {
    id = catalogue.add_dataset();
    version = catalogue.add_version(id, version_of(content, media_type));
    REQUIRE(catalogue.upload(id, version, content));
  }

  core::Result<RecordPage> page(std::uint64_t from, std::uint64_t limit) {
    return catalogue.space.read([&](core::sql::Session& session) {
      return catalogue.space.content().open_page(session, id, version, from, limit);
    });
  }
  std::string read_all() {
    auto facts = catalogue.space.read(
        [&](core::sql::Session& session) { return find_version(session, id, version); });
    REQUIRE(facts.has_value());
    ContentReader reader(catalogue.space.content(), *facts);
    std::string all, piece;
    while (catalogue.space.read(
        [&](core::sql::Session& session) { return reader.next(session, piece); })) {
      all += piece;
    }
    return all;
  }
  template <class Change>
  void change_rows(Change change) {
    REQUIRE(catalogue.space.write([&](core::sql::Tx& tx) -> core::Result<core::Done> {
      change(tx.use<Rows>());
      return core::Done{};
    }));
  }
  std::string sealed_chunk(std::uint64_t chunk) {
    return catalogue.space.read([&](core::sql::Session& session) {
      auto row = session.use<Rows>().chunk(id, version, chunk);
      REQUIRE(row.next());
      return row.text(0);
    });
  }
};

std::string record(std::size_t number, std::size_t bytes) {
  return "{\"n\":" + std::to_string(number) + ",\"t\":\"" + std::string(bytes, 'x') + "\"}\n";
}

std::string records(std::size_t count, std::size_t bytes) {
  std::string content;
  for (std::size_t i = 0; i < count; ++i) content += record(i, bytes);
  return content;
}

}  // namespace

TEST_CASE("content: pages one after another are the content, whatever the sizes") {
  CHECK(rc::check("any records, any page size", [] {
    auto sizes = *rc::gen::container<std::vector<std::size_t>>(rc::gen::oneOf(
        rc::gen::inRange<std::size_t>(0, 50), rc::gen::inRange<std::size_t>(0, 20'000)));
    auto limit = *rc::gen::inRange<std::uint64_t>(1, 20);
    bool ends_in_line_feed = *rc::gen::arbitrary<bool>();
    std::string content;
    for (std::size_t i = 0; i < sizes.size(); ++i) content += record(i, sizes[i]);
    if (!ends_in_line_feed && !content.empty()) content.pop_back();

    Stored stored(content);
    std::string all;
    for (std::uint64_t from = 0; from < sizes.size();) {
      auto page = stored.page(from, limit);
      RC_ASSERT(page);
      RC_ASSERT(page->from == from);
      RC_ASSERT(page->total_records == sizes.size());
      RC_ASSERT(page->records == std::min<std::uint64_t>(limit, sizes.size() - from));
      all += page->lines;
      from += page->records;
    }
    RC_ASSERT(all == content);
    RC_ASSERT(stored.read_all() == content);
  }));
}

TEST_CASE("content: a page is an array of its records") {
  Stored stored("{\"a\":0.5}\n{\"b\":\"x\\ny\"}\n{\"c\":[1,2]}");
  std::string array = "page: ";
  append_json_array(array, *stored.page(0, 2));
  CHECK(array == "page: [{\"a\":0.5},{\"b\":\"x\\ny\"}]");
  array.clear();
  append_json_array(array, *stored.page(2, 2));
  CHECK(array == "[{\"c\":[1,2]}]");
  array.clear();
  append_json_array(array, RecordPage{});
  CHECK(array == "[]");
}

TEST_CASE("content: a page ends before its bytes are too many, and holds a record at least") {
  Stored stored(records(20, 1'000'000));
  auto page = stored.page(0, 1000);
  REQUIRE(page);
  CHECK(page->records == 8);
  CHECK(page->lines.size() <= page_content_bytes_max);
  CHECK(stored.page(8, 1000)->records == 8);
  CHECK(stored.page(16, 1000)->records == 4);
}

TEST_CASE("content: what cannot be opened as a page is refused") {
  Stored stored(records(3, 10));
  CHECK(stored.page(2, 1)->records == 1);
  auto beyond = stored.page(3, 1);
  CHECK(code_of(beyond) == "request.invalid");
  CHECK(beyond.error().details[0].pointer == "/from");
  CHECK(code_of(stored.page(1ull << 62, 1)) == "request.invalid");

  auto page_of = [&](std::uint64_t version) {
    return code_of(stored.catalogue.space.read([&](core::sql::Session& session) {
      return stored.catalogue.space.content().open_page(session, stored.id, version, 0, 1);
    }));
  };
  auto awaiting = stored.catalogue.add_version(stored.id, version_of("{}\n"));
  CHECK(page_of(awaiting) == "dataset.version_not_found");
  CHECK(page_of(99) == "dataset.version_not_found");
  auto outside = version_of("{}\n");
  outside.content = ContentKind::metadata_only;
  CHECK(page_of(stored.catalogue.add_version(stored.id, outside)) == "dataset.no_content");
  auto image = stored.catalogue.add_version(stored.id, version_of("png", "image/png"));
  REQUIRE(stored.catalogue.upload(stored.id, image, "png"));
  CHECK(page_of(image) == "dataset.no_records");
}

TEST_CASE("content: a file comes back as it was") {
  std::string file(200'000, '\0');
  for (std::size_t i = 0; i < file.size(); ++i) file[i] = static_cast<char>(i * 31);
  CHECK(Stored(file, "application/octet-stream").read_all() == file);
}

TEST_CASE("content: a chunk that was changed does not open, and nothing of it leaves") {
  Stored stored(records(100, 1000));
  auto sealed = stored.sealed_chunk(0);
  sealed[100] = static_cast<char>(sealed[100] ^ 1);
  stored.change_rows([&](Rows& rows) {
    rows.change_chunk(stored.id, stored.version, 0, core::sql::Blob{sealed}).run();
  });
  CHECK_THROWS_AS(static_cast<void>(stored.page(0, 1)), core::Broken);
  CHECK_THROWS_AS(stored.read_all(), core::Broken);
  CHECK(stored.page(99, 1));  // the others still do
}

TEST_CASE("content: chunks cannot change places") {
  Stored stored(records(100, 1000));
  auto first = stored.sealed_chunk(0);
  stored.change_rows([&](Rows& rows) {
    rows.change_chunk(stored.id, stored.version, 1, core::sql::Blob{first}).run();
  });
  CHECK_THROWS_AS(stored.read_all(), core::Broken);
}

TEST_CASE("content: a chunk that is gone, or counts its records from elsewhere, is noticed") {
  Stored stored(records(100, 1000));
  SUBCASE("the last one is gone") {
    stored.change_rows([&](Rows& rows) { rows.remove_chunk(stored.id, stored.version, 24).run(); });
    CHECK_THROWS_AS(static_cast<void>(stored.page(99, 1)), core::Broken);
    CHECK_THROWS_AS(stored.read_all(), core::Broken);
  }
  SUBCASE("one within is gone") {
    stored.change_rows([&](Rows& rows) { rows.remove_chunk(stored.id, stored.version, 3).run(); });
    CHECK_THROWS_AS(static_cast<void>(stored.page(0, 100)), core::Broken);
    CHECK_THROWS_AS(static_cast<void>(stored.page(13, 1)), core::Broken);
  }
  SUBCASE("one says that it begins elsewhere") {
    stored.change_rows([&](Rows& rows) { rows.move_chunk(stored.id, stored.version, 1, 5).run(); });
    CHECK_THROWS_AS(static_cast<void>(stored.page(7, 1)), core::Broken);
  }
}

TEST_CASE("content: nothing opens under another master key") {
  Stored stored(records(3, 10));
  core::SeededRandom random(9);
  ContentStore other(core::SealKey::draw(random), stored.catalogue.space.journal().shred_keys,
                     random);
  auto open = [&](core::sql::Session& session) {
    static_cast<void>(other.open_page(session, stored.id, stored.version, 0, 1));
  };
  CHECK_THROWS_AS(stored.catalogue.space.read(open), core::Broken);
}

TEST_CASE("content: more versions than keys are kept still open, and so do they after a restart") {
  Stored stored(records(3, 10));
  auto second = stored.catalogue.add_version(stored.id, version_of(stored.content));
  REQUIRE(stored.catalogue.upload(stored.id, second, stored.content));
  core::SeededRandom random(9);
  ContentStore small(*core::SealKey::from_bytes(core::sha256("master key").view()),
                     stored.catalogue.space.journal().shred_keys, random, 1);
  auto opens = [&](ContentStore& store, std::uint64_t version) {
    auto page = stored.catalogue.space.read([&](core::sql::Session& session) {
      return store.open_page(session, stored.id, version, 0, 3);
    });
    return page && page->lines == stored.content;
  };
  for (int time = 0; time < 3; ++time) {
    CHECK(opens(small, stored.version));
    CHECK(opens(small, second));
  }
  stored.catalogue.space.reopen();
  CHECK(opens(stored.catalogue.space.content(), second));
}
