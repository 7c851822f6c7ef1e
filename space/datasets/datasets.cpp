#include "space/datasets/datasets.h"

#include "core/json.h"
#include "space/commitment.h"
#include "space/event.h"

namespace tally::space {
namespace {

using core::Error;
using core::Json;
using core::Refusal;
using core::Result;
using core::sql::Session;
using core::sql::Tx;

Error dataset_not_found(const DatasetId& id) {
  return {Refusal::not_found, "dataset.not_found", "there is no dataset " + id.text()};
}

Error version_not_found(const DatasetId& id, std::uint64_t version) {
  return {Refusal::not_found, "dataset.version_not_found",
          id.text() + " has no version " + std::to_string(version)};
}

DatasetRegistered registered(const DatasetId& id,
                             const PartyId& provider,
                             const DatasetManifest& manifest,
                             std::string salt) {
  DatasetRegistered event;
  event.dataset = id;
  event.manifest = commitment(salt, core::canonical(manifest));
  event.provider = provider;
  event.salt = std::move(salt);
  return event;
}

bool is_visible(const DatasetView& dataset, const PartyId& party) {
  return dataset.published_version || dataset.provider == party;
}

}  // namespace

Result<Change> add_version(ledger::Ledger& ledger,
                           Tx& tx,
                           std::string_view by,
                           const Dataset& dataset,
                           const NewVersion& wanted,
                           const VersionOrigin& origin) {
  auto event = decide_version(dataset, wanted, origin, ledger.draw_salt());
  if (!event) return event.error();
  auto receipt = append_event(ledger, tx, by, *event);
  apply(tx, *event, {receipt->seq, ledger.now()});
  keep_manifest(tx, dataset.id, event->version, {wanted.media_type, wanted.note});
  auto view = find_version_view(tx, dataset.id, event->version);
  TALLY_ASSERT(view.has_value());
  return Change{core::canonical(VersionAnswer{*std::move(view)}), std::move(receipt)};
}

Result<Change> Datasets::register_dataset(const Principal& by,
                                          const DatasetManifest& manifest,
                                          std::string_view key) {
  auto permitted = require(by, Scope::datasets_write);
  if (!permitted) return permitted.error();
  return run_once(
      journal_, {by.party.text(), "POST /v1/datasets", std::string(key), core::canonical(manifest)},
      [&](Tx& tx) -> Result<Change> {
        auto& ledger = journal_.ledger;
        auto id = DatasetId::make(ledger.now(), journal_.random);
        auto event = registered(id, by.party, manifest, ledger.draw_salt());
        auto receipt = append_event(ledger, tx, by.actor.text(), event);
        apply(tx, event, {receipt->seq, ledger.now()});
        keep_manifest(tx, id, manifest);
        auto view = find_dataset_view(tx, id);
        TALLY_ASSERT(view.has_value());
        return Change{core::canonical(DatasetAnswer{*std::move(view)}), std::move(receipt)};
      });
}

Result<Change> Datasets::register_version(const Principal& by,
                                          const DatasetId& id,
                                          const NewVersion& wanted,
                                          std::string_view key) {
  auto permitted = require(by, Scope::datasets_write);
  if (!permitted) return permitted.error();
  Json request = Json::object({{"dataset", id.text()}, {"version", core::encode(wanted)}});
  return run_once(journal_,
                  {by.party.text(), "POST /v1/datasets/{id}/versions", std::string(key),
                   core::canonical(request)},
                  [&](Tx& tx) -> Result<Change> {
                    auto dataset = find_dataset(tx, id);
                    if (!dataset || dataset->provider != by.party) return dataset_not_found(id);
                    return add_version(journal_.ledger, tx, by.actor.text(), *dataset, wanted, {});
                  });
}

Result<DatasetView> Datasets::find(const Principal& by, const DatasetId& id) {
  auto permitted = require(by, Scope::datasets_read);
  if (!permitted) return permitted.error();
  auto dataset =
      journal_.readers.read([&](Session& session) { return find_dataset_view(session, id); });
  if (!dataset || !is_visible(*dataset, by.party)) return dataset_not_found(id);
  return *std::move(dataset);
}

Result<VersionView> Datasets::find_version(const Principal& by,
                                           const DatasetId& id,
                                           std::uint64_t version) {
  auto dataset = find(by, id);
  if (!dataset) return dataset.error();
  auto view = journal_.readers.read(
      [&](Session& session) { return find_version_view(session, id, version); });
  if (!view) return version_not_found(id, version);
  if (view->state != VersionState::published && dataset->provider != by.party) {
    return version_not_found(id, version);
  }
  return *std::move(view);
}

Result<Page<VersionView>> Datasets::list_versions(const Principal& by,
                                                  const DatasetId& id,
                                                  std::uint64_t after,
                                                  std::uint64_t limit) {
  auto dataset = find(by, id);
  if (!dataset) return dataset.error();
  auto found = journal_.readers.read(
      [&](Session& session) { return space::list_versions(session, id, after, limit + 1); });
  auto page = cut_page(std::move(found), limit,
                       [](const VersionView& view) { return std::to_string(view.version); });
  std::erase_if(page.items, [&](const VersionView& view) {
    return view.state != VersionState::published && dataset->provider != by.party;
  });
  return page;
}

Result<Page<DatasetView>> Datasets::list(const Principal& by, const Listing& listing) {
  auto permitted = require(by, Scope::datasets_read);
  if (!permitted) return permitted.error();
  auto found = journal_.readers.read([&](Session& session) {
    if (!listing.provider) return list_published(session, listing.cursor, listing.limit + 1);
    return list_of_provider(session, *listing.provider, listing.cursor, listing.limit + 1);
  });
  auto page = cut_page(std::move(found), listing.limit);
  std::erase_if(page.items, [&](const DatasetView& view) { return !is_visible(view, by.party); });
  return page;
}

}  // namespace tally::space
