// Each byte of what a ledger stores, changed in turn, makes the audit fail and name the place.
//
// A byte that was changed is any value of a column as the audit reads it: whoever edits the file is
// not held by the checks of the schema.
#include <chrono>
#include <cstdint>
#include <functional>

#include <doctest/doctest.h>

#include "ledger/sample_ledger.h"
#include "ledger/tile.h"

using namespace tally;
using namespace tally::ledger;
using core::sql::Blob;
using core::sql::Connection;
using core::sql::Session;
using core::sql::Statement;

namespace {

// An audit takes some 20 times as long under a sanitizer.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::size_t step = 37;
#else
constexpr std::size_t step = 1;
#endif

struct Tamper {
  test::SampleLedger sample;
  Connection rows;
  Session session;
  std::size_t flipped = 0;

  // 300 entries: one bundle, and a tail of three rows.
  Tamper() : rows(make(sample)), session(rows) {
    REQUIRE(test::first_finding(test::audit_rows(session)) == "");
  }
  ~Tamper() { MESSAGE("bytes flipped: " << flipped << ", one in " << step); }

  static Connection make(test::SampleLedger& sample) {
    sample.append(1, 200);
    sample.append(200, 261);
    sample.append(261, 281);
    sample.append(281, 300);
    sample.close();
    return test::copy_rows(sample.path());
  }

  void expect(const Place& place, std::size_t byte) {
    ++flipped;
    auto report = test::audit_rows(session);
    if (!report.passed() && report.findings.front().place == place) return;
    INFO("byte " << byte << " of " << place.text());
    FAIL(test::first_finding(report));
  }

  // `store` writes the column anew; byte i of it belongs to place_of(i).
  void flip_each(std::string bytes,
                 std::size_t from,
                 std::size_t to,
                 const std::function<void(const std::string&)>& store,
                 const std::function<Place(std::size_t)>& place_of) {
    std::string original = bytes;
    for (std::size_t i = from; i < to; i += step) {
      bytes[i] = static_cast<char>(bytes[i] ^ (1 << (i % 8)));
      store(bytes);
      bytes[i] = original[i];
      expect(place_of(i), i);
    }
    store(original);
    REQUIRE(test::first_finding(test::audit_rows(session)) == "");
  }

  // Each of the eight bytes of a number, in two ways.
  void flip_number(std::int64_t value,
                   const std::function<void(std::int64_t)>& store,
                   const Place& place) {
    for (std::size_t i = 0; i < 8; ++i) {
      for (std::uint64_t mask : {0x10U, 0x80U}) {
        store(static_cast<std::int64_t>(static_cast<std::uint64_t>(value) ^ (mask << (8 * i))));
        expect(place, i);
      }
    }
    store(value);
  }

  std::string bytes_of(Statement& select) {
    auto row = select();
    REQUIRE(row.next());
    return row.text(0);
  }
};

// For each byte of a bundle, the entry that it belongs to; its length before it counts as its own.
std::vector<std::uint64_t> owners(std::string_view bundle, std::uint64_t first_seq) {
  std::vector<std::uint64_t> owners;
  auto entries = parse_bundle(bundle);
  REQUIRE(entries);
  for (std::string_view entry : *entries) {
    owners.insert(owners.end(), entry.size() + 2, first_seq);
    ++first_seq;
  }
  return owners;
}

void tamper_with_bundle(std::size_t quarter) {
  Tamper tamper;
  Statement select(tamper.rows, "select entries from ledger_bundle where bundle = 0");
  Statement update(tamper.rows, "update ledger_bundle set entries = ?1 where bundle = 0");
  std::string bundle = tamper.bytes_of(select);
  auto owner = owners(bundle, 0);
  tamper.flip_each(
      bundle, bundle.size() * quarter / 4, bundle.size() * (quarter + 1) / 4,
      [&](const std::string& bytes) { update(Blob{bytes}).run(); },
      [&](std::size_t i) { return Place::entry(owner[i]); });
}

}  // namespace

TEST_CASE("tamper: each byte of a bundle, first quarter") { tamper_with_bundle(0); }
TEST_CASE("tamper: each byte of a bundle, second quarter") { tamper_with_bundle(1); }
TEST_CASE("tamper: each byte of a bundle, third quarter") { tamper_with_bundle(2); }
TEST_CASE("tamper: each byte of a bundle, last quarter") { tamper_with_bundle(3); }

TEST_CASE("tamper: each byte of the entries after the last bundle") {
  Tamper tamper;
  Statement select(tamper.rows, "select entries from ledger_tail where first_seq = ?1");
  Statement update(tamper.rows, "update ledger_tail set entries = ?1 where first_seq = ?2");
  for (std::uint64_t first : {256U, 261U, 281U}) {
    std::string run;
    {
      auto row = select(first);
      REQUIRE(row.next());
      run = row.text(0);
    }
    auto owner = owners(run, first);
    tamper.flip_each(
        run, 0, run.size(), [&](const std::string& bytes) { update(Blob{bytes}, first).run(); },
        [&](std::size_t i) { return Place::entry(owner[i]); });
  }
}

TEST_CASE("tamper: each byte of the tiles") {
  Tamper tamper;
  Statement select(tamper.rows, "select hashes from ledger_tile where level = ?1 and tile = ?2");
  Statement update(tamper.rows,
                   "update ledger_tile set hashes = ?1 where level = ?2 and tile = ?3");
  for (auto [level, tile] : {std::pair(0, 0), std::pair(0, 1), std::pair(1, 0)}) {
    std::string hashes;
    {
      auto row = select(level, tile);
      REQUIRE(row.next());
      hashes = row.text(0);
    }
    tamper.flip_each(
        hashes, 0, hashes.size(),
        [&, l = level, t = tile](const std::string& bytes) { update(Blob{bytes}, l, t).run(); },
        [l = level, t = tile](std::size_t) { return Place::tile_at(l, t); });
  }
}

TEST_CASE("tamper: each byte of the head row") {
  Tamper tamper;
  std::string root, edge, last_hash;
  std::int64_t last_at = 0;
  {
    Statement select(tamper.rows, "select root, edge, last_hash, last_at from ledger_head");
    auto row = select();
    REQUIRE(row.next());
    root = row.text(0);
    edge = row.text(1);
    last_hash = row.text(2);
    last_at = row.integer(3);
  }
  Statement set_root(tamper.rows, "update ledger_head set root = ?1");
  Statement set_edge(tamper.rows, "update ledger_head set edge = ?1");
  Statement set_last_hash(tamper.rows, "update ledger_head set last_hash = ?1");
  Statement set_id(tamper.rows, "update ledger_head set id = ?1");
  Statement set_size(tamper.rows, "update ledger_head set size = ?1");
  Statement set_last_at(tamper.rows, "update ledger_head set last_at = ?1");
  Statement set_trusted(tamper.rows, "update ledger_head set time_trusted = ?1");
  auto flip_blob = [&](const std::string& column, const std::string& bytes, Statement& update) {
    tamper.flip_each(
        bytes, 0, bytes.size(), [&](const std::string& value) { update(Blob{value}).run(); },
        [&](std::size_t) { return Place::head(column); });
  };
  auto flip_number = [&](const std::string& column, std::int64_t value, Statement& update) {
    tamper.flip_number(
        value, [&](std::int64_t changed) { update(changed).run(); }, Place::head(column));
  };
  flip_blob("root", root, set_root);
  flip_blob("edge", edge, set_edge);
  flip_blob("last_hash", last_hash, set_last_hash);
  flip_number("id", 1, set_id);
  flip_number("size", 300, set_size);
  flip_number("last_at", last_at, set_last_at);
  flip_number("time_trusted", 1, set_trusted);
  set_trusted(0).run();
  tamper.expect(Place::head("time_trusted"), 0);
}

TEST_CASE("tamper: each byte of the checkpoint") {
  Tamper tamper;
  Statement select(tamper.rows, "select note from ledger_checkpoint");
  Statement set_note(tamper.rows, "update ledger_checkpoint set note = ?1");
  Statement set_size(tamper.rows, "update ledger_checkpoint set size = ?1");
  Statement set_id(tamper.rows, "update ledger_checkpoint set id = ?1");
  std::string note = tamper.bytes_of(select);
  tamper.flip_each(
      note, 0, note.size(), [&](const std::string& bytes) { set_note(bytes).run(); },
      [](std::size_t) { return Place::checkpoint("note"); });
  auto store = [](Statement& update) {
    return [&update](std::int64_t value) { update(value).run(); };
  };
  tamper.flip_number(300, store(set_size), Place::checkpoint("size"));
  tamper.flip_number(1, store(set_id), Place::checkpoint("id"));
}

TEST_CASE("tamper: each byte of the numbers that name bundles, rows and tiles") {
  Tamper tamper;
  auto flip = [&](std::int64_t value, Statement& update, const Place& place) {
    // The number itself says which row it is, so it is found again by what it has become.
    std::int64_t stored = value;
    tamper.flip_number(
        value,
        [&](std::int64_t changed) {
          CHECK(update(changed, stored).run() == 1);
          stored = changed;
        },
        place);
  };
  Statement bundle(tamper.rows, "update ledger_bundle set bundle = ?1 where bundle = ?2");
  flip(0, bundle, Place::entry(0));
  Statement first_seq(tamper.rows, "update ledger_tail set first_seq = ?1 where first_seq = ?2");
  for (std::uint64_t first : {256U, 261U, 281U}) {
    flip(static_cast<std::int64_t>(first), first_seq, Place::entry(first));
  }
  Statement count(tamper.rows,
                  "update ledger_tail set count = ?1 where count = ?2 and first_seq = 261");
  flip(20, count, Place::entry(261));
  Statement tile(tamper.rows,
                 "update ledger_tile set tile = ?1 where tile = ?2 and level = 0 and tile <> 0");
  flip(1, tile, Place::tile_at(0, 1));
  Statement top(tamper.rows, "update ledger_tile set tile = ?1 where tile = ?2 and level = 1");
  flip(0, top, Place::tile_at(1, 0));
  Statement level(tamper.rows, "update ledger_tile set level = ?1 where level = ?2 and level <> 0");
  flip(1, level, Place::tile_at(1, 0));
  Statement batch(
      tamper.rows,
      "update ledger_batch set size = ?1 where size = ?2 and size not in (1, 200, 261, 281)");
  flip(300, batch, {.kind = Place::Kind::batch});
}

TEST_CASE("tamper: the last entry of a bundle that another follows, and its hash in the tile") {
  test::SampleLedger sample;
  sample.append(1, 600);
  sample.close();
  auto rows = test::copy_rows(sample.path());
  Session session(rows);
  auto first_place = [&] { return test::audit_rows(session).findings.at(0).place; };
  for (std::uint64_t bundle : {0U, 1U}) {
    Statement select(rows, "select entries from ledger_bundle where bundle = ?1");
    Statement update(rows, "update ledger_bundle set entries = ?1 where bundle = ?2");
    std::string bytes;
    {
      auto row = select(bundle);
      REQUIRE(row.next());
      bytes = row.text(0);
    }
    std::string changed = bytes;
    changed[bytes.size() - 100] ^= 1;
    update(Blob{changed}, bundle).run();
    CHECK(first_place() == Place::entry(bundle * 256 + 255));
    update(Blob{bytes}, bundle).run();
  }
  Statement select(rows, "select hashes from ledger_tile where level = 0 and tile = 1");
  Statement update(rows, "update ledger_tile set hashes = ?1 where level = 0 and tile = 1");
  std::string hashes;
  {
    auto row = select();
    REQUIRE(row.next());
    hashes = row.text(0);
  }
  hashes.back() ^= 1;
  update(Blob{hashes}).run();
  CHECK(first_place() == Place::tile_at(0, 1));
}
