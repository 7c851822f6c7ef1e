#include "space/datasets/uploads.h"

#include <optional>
#include <vector>

#include "core/hash.h"
#include "space/datasets/datasets.h"
#include "space/erasure/erasure.h"
#include "space/event.h"

namespace tally::space {
namespace {

using core::Done;
using core::Error;
using core::Refusal;
using core::Result;
using core::sql::Lane;
using core::sql::Session;
using core::sql::Tx;

constexpr std::size_t chunks_per_command_max = 256;
constexpr std::size_t bytes_per_command_max = std::size_t{1} << 20;

struct Statements {
  core::sql::Connection& db;
  core::sql::Statement leftover{db, R"(
    select k.dataset, k.version
      from content_key k join dataset_version v on v.dataset = k.dataset and v.version = k.version
     where v.state = 'awaiting_content'
     limit 1
  )"};
};

Error version_not_found(const DatasetId& dataset, std::uint64_t version) {
  return {Refusal::not_found, "dataset.version_not_found",
          dataset.text() + " has no version " + std::to_string(version)};
}

Error digest_mismatch_of_size(const DatasetVersion& version) {
  return {Refusal::invalid, "dataset.digest_mismatch",
          "announced were " + std::to_string(version.bytes) + " bytes; more arrived"};
}

}  // namespace

// The right to upload a version, held by one at a time.
class Uploads::Turn {
 public:
  Turn(Uploads& uploads, Place place) : uploads_(uploads), place_(std::move(place)) {
    is_mine_ = uploads_.under_way_.with([&](auto& set) { return set.insert(place_).second; });
  }
  ~Turn() {
    if (is_mine_) uploads_.under_way_.with([&](auto& set) { set.erase(place_); });
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

  bool is_mine() const { return is_mine_; }

 private:
  Uploads& uploads_;
  Place place_;
  bool is_mine_ = false;
};

// Takes the body: hashes, cuts and seals it, and stores the chunks command by command.
class Uploads::Receiver {
 public:
  Receiver(Uploads& uploads, const DatasetVersion& version)
      : uploads_(uploads),
        version_(version),
        new_key_(uploads.store_.draw_key(version.dataset, version.version)),
        chunker_(version.media_type.has_records(), [this](Chunk chunk) { return seal(chunk); }) {}

  Result<ReceivedContent> run(const ContentSource& source) {
    std::optional<Error> stopped;
    auto read = source([&](std::string_view piece) {
      auto taken = take(piece);
      if (!taken) stopped = taken.error();
      return static_cast<bool>(taken);
    });
    if (stopped) return *std::move(stopped);
    if (!read) return read.error();
    if (auto finished = chunker_.finish(); !finished) return finished.error();
    if (auto stored = store(); !stored) return stored.error();
    ReceivedContent received{digest_.finish(), bytes_, std::nullopt};
    if (version_.media_type.has_records()) received.records = chunker_.records();
    return received;
  }

 private:
  Result<Done> take(std::string_view piece) {
    bytes_ += piece.size();
    if (bytes_ > version_.bytes) return digest_mismatch_of_size(version_);
    digest_.update(piece);
    return chunker_.add(piece);
  }

  Result<Done> seal(Chunk& chunk) {
    chunk.bytes = new_key_.key.seal(chunk, uploads_.store_.random());
    sealed_bytes_ += chunk.bytes.size();
    sealed_.push_back(std::move(chunk));
    bool is_enough =
        sealed_.size() >= chunks_per_command_max || sealed_bytes_ >= bytes_per_command_max;
    return is_enough ? store() : Done{};
  }

  Result<Done> store() {
    auto stored = uploads_.journal_.writer.run(
        [&](Tx& tx) -> Result<Done> {
          keep_content_key(tx, version_.dataset, version_.version, new_key_.sealed);
          for (const Chunk& chunk : sealed_) {
            keep_chunk(tx, version_.dataset, version_.version, chunk);
          }
          return Done{};
        },
        Lane::bulk);
    sealed_.clear();
    sealed_bytes_ = 0;
    return stored;
  }

  Uploads& uploads_;
  const DatasetVersion& version_;
  ContentStore::NewKey new_key_;
  Chunker chunker_;
  core::Sha256Stream digest_;
  std::uint64_t bytes_ = 0;
  std::vector<Chunk> sealed_;
  std::size_t sealed_bytes_ = 0;
};

Result<Change> Uploads::upload(const Principal& by,
                               const DatasetId& dataset,
                               std::uint64_t number,
                               const ContentSource& source) {
  auto permitted = require(by, Scope::datasets_write);
  if (!permitted) return permitted.error();
  Place place{dataset, number};
  Turn turn(*this, place);
  auto version = find_own(by, place);
  if (!version) return version.error();
  if (version->content == ContentKind::metadata_only) {
    return Error{Refusal::conflict, "dataset.no_content",
                 "this version was registered as metadata only; register one to be uploaded"};
  }
  if (!turn.is_mine()) {
    return Error{Refusal::conflict, "dataset.upload_under_way",
                 "this content is being uploaded by someone else right now"};
  }
  if (version->state == VersionState::published) return compare_again(*version, source);
  return receive(by, *version, source);
}

Result<DatasetVersion> Uploads::find_own(const Principal& by, const Place& place) {
  return journal_.readers.read([&](Session& session) -> Result<DatasetVersion> {
    auto dataset = find_dataset(session, place.first);
    auto version = find_version(session, place.first, place.second);
    if (!dataset || !version || dataset->provider != by.party) {
      return version_not_found(place.first, place.second);
    }
    if (auto erased = find_erasure(session, content_subject(place.first, place.second)))
      return version_erased(place, *erased);
    return *std::move(version);
  });
}

Result<Change> Uploads::receive(const Principal& by,
                                const DatasetVersion& version,
                                const ContentSource& source) {
  Place place{version.dataset, version.version};
  if (auto removed = discard(place); !removed) return removed.error();
  auto received = Receiver(*this, version).run(source);
  auto published = received ? publish(by, version, *received) : Result<Change>(received.error());
  if (published) return published;
  // The refusal is what the caller needs to know. What cannot be removed now is removed later.
  static_cast<void>(discard(place));
  return published;
}

Result<Change> Uploads::publish(const Principal& by,
                                const DatasetVersion& version,
                                const ReceivedContent& received) {
  auto same = compare_content(version, received);
  if (!same) return same.error();
  return journal_.writer.run([&](Tx& tx) -> Result<Change> {
    auto& ledger = journal_.ledger;
    VersionPublished event;
    event.dataset = version.dataset;
    event.records = received.records;
    event.salt = ledger.draw_salt();
    event.version = version.version;
    auto receipt = append_event(ledger, tx, by.actor.text(), event);
    apply(tx, event, {receipt->seq, ledger.now()});
    return answer(tx, {version.dataset, version.version}, std::move(receipt));
  });
}

// The content is here already; sent again, it is compared and dropped.
Result<Change> Uploads::compare_again(const DatasetVersion& version, const ContentSource& source) {
  core::Sha256Stream digest;
  ReceivedContent received;
  auto read = source([&](std::string_view piece) {
    digest.update(piece);
    received.bytes += piece.size();
    return received.bytes <= version.bytes;
  });
  if (!read) return read.error();
  received.digest = digest.finish();
  received.records = version.records;
  auto same = compare_content(version, received);
  if (!same) return same.error();
  return journal_.readers.read([&](Session& session) -> Result<Change> {
    auto receipt = journal_.ledger.find_receipt(session, version.published_seq.value());
    if (!receipt) throw core::Broken("the ledger lacks the entry that published a version");
    auto change = answer(session, {version.dataset, version.version},
                         std::make_shared<const ledger::Receipt>(*std::move(receipt)));
    change.repeated = true;
    return change;
  });
}

Change Uploads::answer(Session& session, const Place& place, ledger::ReceiptPtr receipt) {
  auto view = find_version_view(session, place.first, place.second);
  TALLY_ASSERT(view.has_value());
  return {core::canonical(VersionAnswer{*std::move(view)}), std::move(receipt)};
}

Result<Done> Uploads::discard(const Place& place) {
  bool is_gone = journal_.readers.read(
      [&](Session& session) { return !has_content(session, place.first, place.second); });
  while (!is_gone) {
    auto removed = remove_some(place);
    if (!removed) return removed.error();
    is_gone = *removed;
  }
  return Done{};
}

// True when nothing is left to remove.
Result<bool> Uploads::remove_some(const Place& place) {
  return journal_.writer.run(
      [&](Tx& tx) -> Result<bool> {
        auto version = find_version(tx, place.first, place.second);
        TALLY_ASSERT(version && version->state == VersionState::awaiting_content);
        return remove_chunks(tx, place.first, place.second, chunks_per_command_max);
      },
      Lane::bulk);
}

void Uploads::discard_leftovers() {
  while (true) {
    auto place = journal_.readers.read([](Session& session) -> std::optional<Place> {
      auto row = session.use<Statements>().leftover();
      if (!row.next()) return std::nullopt;
      return Place{row.id<DatasetId>(0), row.natural(1)};
    });
    if (!place) return;
    if (!remove_some(*place)) return;
  }
}

}  // namespace tally::space
