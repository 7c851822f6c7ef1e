#include "space/conduct/floor.h"
#include "space/conduct/openings.h"
#include "space/datasets/dataset_tables.h"
#include "space/parties/party_tables.h"

namespace tally::space {
namespace {

using ledger::Replay;
using ledger::ReplayedEntry;

Recorded where(const ReplayedEntry& entry) { return {entry.seq, entry.at}; }

void judge_registered(ActorsSeen& actors,
                      Replay& replay,
                      const DatasetRegistered& event,
                      const ReplayedEntry& entry) {
  Judged judged(replay, entry);
  actors.judge(judged, event.provider, Scope::datasets_write);
  bool is_new = judged.demand(!find_dataset(replay.tx(), event.dataset), "dataset.exists",
                              "registers a dataset that is there", "", event.dataset.text());
  if (!is_new) return;
  apply(replay.tx(), event, where(entry));
  note_manifest(replay, event.dataset.text(), 0, event.salt, event.manifest);
}

std::optional<Dataset> judge_dataset(ActorsSeen& actors,
                                     const Judged& judged,
                                     const DatasetId& id,
                                     std::int64_t in_flight_ms) {
  auto dataset = find_dataset(judged.replay().tx(), id);
  if (judged.demand(dataset.has_value(), "dataset.unknown", "is about a dataset that is not there",
                    "", id.text())) {
    actors.judge(judged, dataset->provider, Scope::datasets_write, in_flight_ms);
  }
  return dataset;
}

void judge_version(ActorsSeen& actors,
                   Replay& replay,
                   const VersionRegistered& event,
                   const ReplayedEntry& entry) {
  Judged judged(replay, entry);
  auto dataset = judge_dataset(actors, judged, event.dataset, in_flight_ms_max);
  if (!dataset) return;
  if (event.parent_version) {
    judged.demand(*event.parent_version >= 1 && *event.parent_version <= dataset->versions,
                  "dataset.unknown_parent", "names a version before it that is not there",
                  "1 to " + std::to_string(dataset->versions),
                  std::to_string(*event.parent_version));
  }
  bool is_next = judged.demand_equal(dataset->versions + 1, event.version, "dataset.wrong_version",
                                     "does not register the dataset's next version");
  if (!is_next) return;
  apply(replay.tx(), event, where(entry));
  note_manifest(replay, event.dataset.text(), event.version, event.salt, event.manifest);
}

void judge_published(ActorsSeen& actors,
                     Replay& replay,
                     const VersionPublished& event,
                     const ReplayedEntry& entry) {
  Judged judged(replay, entry);
  if (!judge_dataset(actors, judged, event.dataset, bulk_in_flight_ms_max)) return;
  auto version = find_version(replay.tx(), event.dataset, event.version);
  bool is_awaited = judged.demand(
      version && version->state == VersionState::awaiting_content, "dataset.not_awaited",
      "publishes a version that does not wait for content", "", std::to_string(event.version));
  if (is_awaited) apply(replay.tx(), event, where(entry));
}

}  // namespace

void add_dataset_replayers(ledger::Replayers& replayers,
                           const std::shared_ptr<SpaceReplay>& space) {
  replayers.add_tables(manifest_tables);
  replayers.on<DatasetRegistered>(
      [space](Replay& replay, const DatasetRegistered& event, const ReplayedEntry& entry) {
        judge_registered(space->actors, replay, event, entry);
      });
  replayers.on<VersionRegistered>(
      [space](Replay& replay, const VersionRegistered& event, const ReplayedEntry& entry) {
        judge_version(space->actors, replay, event, entry);
      });
  replayers.on<VersionPublished>(
      [space](Replay& replay, const VersionPublished& event, const ReplayedEntry& entry) {
        judge_published(space->actors, replay, event, entry);
      });
}

}  // namespace tally::space
