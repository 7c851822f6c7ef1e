#include "space/datasets/content.h"

#include <algorithm>

#include "core/hash.h"
#include "space/datasets/dataset_tables.h"
#include "space/erasure/erasure.h"

namespace tally::space {
namespace {

using core::Broken;
using core::Error;
using core::Refusal;
using core::Result;
using core::SealKey;
using core::sql::Blob;
using core::sql::Session;
using core::sql::Tx;

struct Reads {
  core::sql::Connection& db;
  core::sql::Statement key{db, R"(
    select sealed from content_key where dataset = ?1 and version = ?2
  )"};
  core::sql::Statement chunk{db, R"(
    select first_record, sealed from content_chunk
     where dataset = ?1 and version = ?2 and chunk = ?3
  )"};
  core::sql::Statement chunks_from_record{db, R"(
    select chunk, first_record, sealed
      from content_chunk
     where dataset = ?1 and version = ?2
       and chunk >= (select chunk from content_chunk
                      where dataset = ?1 and version = ?2 and first_record <= ?3
                      order by first_record desc
                      limit 1)
     order by chunk
  )"};
  core::sql::Statement any_key{db, R"(
    select 1 from content_key where dataset = ?1 and version = ?2
  )"};
  core::sql::Statement any_chunk{db, R"(
    select 1 from content_chunk where dataset = ?1 and version = ?2 limit 1
  )"};
};

struct Writes {
  core::sql::Connection& db;
  core::sql::Statement keep_key{db, R"(
    insert into content_key (dataset, version, sealed) values (?1, ?2, ?3)
    on conflict (dataset, version) do update set sealed = excluded.sealed
  )"};
  core::sql::Statement keep_chunk{db, R"(
    insert into content_chunk (dataset, version, chunk, first_record, sealed)
    values (?1, ?2, ?3, ?4, ?5)
  )"};
  core::sql::Statement remove_chunks{db, R"(
    delete from content_chunk
     where dataset = ?1 and version = ?2
       and chunk in (select chunk from content_chunk
                      where dataset = ?1 and version = ?2
                      order by chunk
                      limit ?3)
  )"};
  core::sql::Statement remove_key{db, R"(
    delete from content_key where dataset = ?1 and version = ?2
  )"};
};

std::string place_of(const DatasetId& dataset, std::uint64_t version) {
  return dataset.text() + '/' + std::to_string(version) + '/';
}

// The rest of `lines` behind its first `count` records.
std::string_view skip_records(std::string_view lines, std::uint64_t count) {
  for (; count > 0; --count) {
    std::size_t end = lines.find('\n');
    if (end == std::string_view::npos) return {};
    lines.remove_prefix(end + 1);
  }
  return lines;
}

// Moves records from the front of `lines` to the page until it is full; true when it is.
bool take_records(std::string_view lines, std::uint64_t wanted, RecordPage& page) {
  std::size_t taken = 0;
  while (page.records < wanted && taken < lines.size()) {
    std::size_t end = std::min(lines.find('\n', taken), lines.size() - 1) + 1;
    bool is_too_much = page.records > 0 && page.lines.size() + end > page_content_bytes_max;
    if (is_too_much) {
      wanted = page.records;
      break;
    }
    taken = end;
    ++page.records;
  }
  page.lines += lines.substr(0, taken);
  return page.records == wanted;
}

// How a page goes on with the lines of one more chunk. It has to hold the page's next record, which
// its sealed `first_record` tells.
enum class Filling : std::uint8_t { full, wants_more, has_gap };

Filling add_chunk(std::string_view lines,
                  std::uint64_t first_record,
                  std::uint64_t wanted,
                  RecordPage& page) {
  if (page.records == 0) {
    lines = skip_records(lines, page.from - first_record);
    if (lines.empty()) return Filling::has_gap;
  } else if (first_record != page.from + page.records) {
    return Filling::has_gap;
  }
  return take_records(lines, wanted, page) ? Filling::full : Filling::wants_more;
}

std::uint64_t count_records(std::string_view lines) {
  auto ends = static_cast<std::uint64_t>(std::count(lines.begin(), lines.end(), '\n'));
  return lines.ends_with('\n') ? ends : ends + 1;
}

// Opens only while both are there.
SealKey joined(const SealKey& master, const SealKey& subject) {
  std::string text = "tallystick/content-key/v1\n";
  text += subject.bytes();
  return *SealKey::from_bytes(core::hmac_sha256(master.bytes(), text).view());
}

Error version_not_found(const DatasetId& dataset, std::uint64_t version) {
  return {Refusal::not_found, "dataset.version_not_found",
          dataset.text() + " has no version " + std::to_string(version)};
}

}  // namespace

void append_json_array(std::string& out, const RecordPage& page) {
  std::string_view lines = page.lines;
  if (lines.ends_with('\n')) lines.remove_suffix(1);
  out += '[';
  // A line feed stands between records and, as JSON escapes it in texts, nowhere else.
  for (std::size_t end = lines.find('\n'); end != std::string_view::npos; end = lines.find('\n')) {
    out += lines.substr(0, end);
    out += ',';
    lines.remove_prefix(end + 1);
  }
  out += lines;
  out += ']';
}

ContentKey::ContentKey(const DatasetId& dataset, std::uint64_t version, const SealKey& key)
    : place_(place_of(dataset, version)), key_(key) {}

std::string ContentKey::context(std::uint64_t chunk, std::uint64_t first_record) const {
  return place_ + std::to_string(chunk) + '/' + std::to_string(first_record);
}

std::string ContentKey::seal(const Chunk& chunk, core::Random& random) const {
  return core::seal(key_, chunk.bytes, context(chunk.index, chunk.first_record), random);
}

void ContentKey::open(std::uint64_t chunk,
                      std::uint64_t first_record,
                      std::string_view sealed,
                      std::string& out) const {
  if (core::unseal(key_, sealed, context(chunk, first_record), out)) return;
  throw Broken("stored content was changed: " + context(chunk, first_record) + " does not open");
}

ContentStore::NewKey ContentStore::draw_key(const DatasetId& dataset, std::uint64_t version) {
  SealKey key = SealKey::draw(random_);
  SealKey under = joined(master_key_, shred_keys_.draw(content_subject(dataset, version)));
  std::string context = place_of(dataset, version) + "key";
  std::string sealed = core::seal_key(under, key, context, random_);
  return {ContentKey(dataset, version, key), std::move(sealed)};
}

bool ContentStore::opens_without_subject(const DatasetId& dataset,
                                         std::uint64_t version,
                                         std::string_view sealed) const {
  return core::unseal_key(master_key_, sealed, place_of(dataset, version) + "key").has_value();
}

Result<RecordPage> ContentStore::open_page(Session& session,
                                           const DatasetId& dataset,
                                           std::uint64_t version,
                                           std::uint64_t from,
                                           std::uint64_t limit) {
  TALLY_ASSERT(limit >= 1 && limit <= page_records_max);
  auto opened = open(session, {dataset, version});
  if (!opened) return opened.error();
  const Opened& content = **opened;
  if (!content.records) {
    return Error{Refusal::conflict, "dataset.no_records",
                 "this content has no records; it is used as a whole"};
  }
  RecordPage page{{}, from, 0, *content.records};
  if (from > page.total_records || (from == page.total_records && from > 0)) {
    return Error{
        Refusal::invalid,
        "request.invalid",
        "there are no records from there on",
        {{"/from", "out_of_range", "must be below " + std::to_string(page.total_records)}}};
  }
  std::uint64_t wanted = std::min(limit, page.total_records - from);
  if (wanted == 0) return page;
  auto chunks = session.use<Reads>().chunks_from_record(dataset, version, from);
  if (!fill_page({dataset, version}, content.key, std::move(chunks), wanted, page)) {
    throw Broken("stored content is not all there: " + place_of(dataset, version));
  }
  return page;
}

// From the chunks in their order, the first of which holds the page's first record. False when one
// is missing.
bool ContentStore::fill_page(const Place& place,
                             const ContentKey& key,
                             core::sql::Cursor row,
                             std::uint64_t wanted,
                             RecordPage& page) {
  std::string lines;
  while (row.next()) {
    SealedChunk chunk{row.natural(0), row.natural(1), 0, row.text(2)};
    key.open(chunk.index, chunk.first_record, chunk.sealed, lines);
    chunk.records = count_records(lines);
    auto filling = add_chunk(lines, chunk.first_record, wanted, page);
    if (filling == Filling::has_gap) return false;
    chunks_.keep(place, std::make_shared<const SealedChunk>(std::move(chunk)));
    if (filling == Filling::full) return true;
  }
  return false;
}

std::optional<RecordPage> ContentStore::find_page(const DatasetId& dataset,
                                                  std::uint64_t version,
                                                  std::uint64_t from,
                                                  std::uint64_t limit) {
  Place place{dataset, version};
  auto content = find_kept(place);
  if (!content || !content->records || from >= *content->records) return std::nullopt;
  RecordPage page{{}, from, 0, *content->records};
  std::uint64_t wanted = std::min(limit, page.total_records - from);
  std::string lines;
  while (auto chunk = chunks_.find(place, from + page.records)) {
    content->key.open(chunk->index, chunk->first_record, chunk->sealed, lines);
    auto filling = add_chunk(lines, chunk->first_record, wanted, page);
    if (filling == Filling::full) return page;
    if (filling == Filling::has_gap) break;
  }
  return std::nullopt;
}

bool ContentStore::open_chunk(Session& session,
                              const DatasetId& dataset,
                              std::uint64_t version,
                              std::uint64_t chunk,
                              std::string& out) {
  auto opened = open(session, {dataset, version});
  if (!opened) throw Broken("there is no content to read: " + opened.error().message);
  auto row = session.use<Reads>().chunk(dataset, version, chunk);
  if (!row.next()) return false;
  (*opened)->key.open(chunk, row.natural(0), row.view(1), out);
  return true;
}

Result<core::Done> ContentStore::require_content(Session& session,
                                                 const DatasetId& dataset,
                                                 std::uint64_t version) {
  auto opened = open(session, {dataset, version});
  if (!opened) return opened.error();
  return core::Done{};
}

// What is published never changes, so that what is kept is never stale.
Result<ContentStore::OpenedPtr> ContentStore::open(Session& session, const Place& place) {
  if (auto kept = find_kept(place)) return kept;
  const auto& [dataset, number] = place;
  auto version = find_version(session, dataset, number);
  if (!version || version->state != VersionState::published) {
    return version_not_found(dataset, number);
  }
  if (version->content == ContentKind::metadata_only) {
    return Error{Refusal::conflict, "dataset.no_content",
                 "the content of this version is with its provider"};
  }
  std::string subject = content_subject(dataset, number);
  if (auto erased = find_erasure(session, subject)) return version_erased(place, *erased);
  auto subject_key = shred_keys_.find(subject);
  if (!subject_key && shred_keys_.is_shredded(subject)) return key_shredded(place);
  SealKey under = subject_key ? joined(master_key_, *subject_key) : master_key_;
  auto row = session.use<Reads>().key(dataset, number);
  if (!row.next()) {
    return Error{Refusal::gone, "dataset.content_lost",
                 "the content of " + place_of(dataset, number) +
                     " was lost with the disk that the ledger was continued from"};
  }
  auto key = core::unseal_key(under, row.view(0), place_of(dataset, number) + "key");
  if (!key) {
    throw Broken("the keys do not open the key of " + place_of(dataset, number) +
                 "; are they the keys of this database?");
  }
  auto opened = std::make_shared<const Opened>(
      Opened{ContentKey(dataset, number, *key), version->bytes, version->records});
  keep(place, opened);
  return opened;
}

ContentStore::OpenedPtr ContentStore::find_kept(const Place& place) {
  return kept_.with([&](Kept& kept) -> OpenedPtr {
    auto found = kept.slots.find(place);
    if (found == kept.slots.end()) return nullptr;
    found->second.used = ++kept.uses;
    return found->second.opened;
  });
}

void ContentStore::keep(const Place& place, OpenedPtr opened) {
  kept_.with([&](Kept& kept) {
    if (kept.slots.size() >= keys_kept_max_) {
      auto used_less = [](const auto& a, const auto& b) { return a.second.used < b.second.used; };
      kept.slots.erase(std::min_element(kept.slots.begin(), kept.slots.end(), used_less));
    }
    kept.slots[place] = {std::move(opened), ++kept.uses};
  });
}

void ContentStore::forget(const DatasetId& dataset, std::uint64_t version) {
  Place place{dataset, version};
  kept_.with([&](Kept& kept) { kept.slots.erase(place); });
  chunks_.forget(place);
}

bool ContentReader::next(Session& session, std::string& piece) {
  if (bytes_ == version_.bytes) return false;
  bool is_there = store_.open_chunk(session, version_.dataset, version_.version, chunk_, piece);
  if (!is_there || bytes_ + piece.size() > version_.bytes) {
    throw Broken("stored content is not all there: " +
                 place_of(version_.dataset, version_.version));
  }
  ++chunk_;
  bytes_ += piece.size();
  return true;
}

void keep_content_key(Tx& tx,
                      const DatasetId& dataset,
                      std::uint64_t version,
                      std::string_view sealed) {
  tx.use<Writes>().keep_key(dataset, version, Blob{sealed}).run();
}

void keep_chunk(Tx& tx, const DatasetId& dataset, std::uint64_t version, const Chunk& sealed) {
  tx.use<Writes>()
      .keep_chunk(dataset, version, sealed.index, sealed.first_record, Blob{sealed.bytes})
      .run();
}

bool remove_chunks(Tx& tx, const DatasetId& dataset, std::uint64_t version, std::uint64_t limit) {
  auto& sql = tx.use<Writes>();
  sql.remove_chunks(dataset, version, limit).run();
  if (tx.use<Reads>().any_chunk(dataset, version).next()) return false;
  sql.remove_key(dataset, version).run();
  return true;
}

bool has_content(Session& session, const DatasetId& dataset, std::uint64_t version) {
  return session.use<Reads>().any_key(dataset, version).next();
}

}  // namespace tally::space
