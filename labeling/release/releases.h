// Releases: what a project has decided becomes a new version of the provider's dataset, which names
// its parent version and the project.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "labeling/projects/project_tables.h"
#include "labeling/release/release_content.h"
#include "ledger/journal.h"
#include "space/datasets/datasets.h"
#include "space/datasets/uploads.h"
#include "space/once.h"

namespace tally::labeling {

struct ReleaseCommand {
  std::optional<std::string> note;

  static constexpr auto fields = core::FieldList{
      core::field("note", &ReleaseCommand::note, core::length(1, 2'000)),
  };
};

struct ReleaseAnswer {
  std::vector<std::uint64_t> entries;  // of the ledger: the version registered, and published
  std::uint64_t released = 0;          // items, one line each
  space::VersionView version;

  static constexpr auto fields = core::FieldList{
      core::field("entries", &ReleaseAnswer::entries),
      core::field("released", &ReleaseAnswer::released),
      core::field("version", &ReleaseAnswer::version),
  };
};

class Releases {
 public:
  Releases(ledger::Journal& journal, space::Uploads& uploads)
      : journal_(journal), uploads_(uploads) {}

  // By the dataset's provider, as often as they like. Answers with ReleaseAnswer; the receipt is of
  // the entry that publishes the version. After a crash the same key goes on where it stopped.
  // Refusals, in this order: project.not_found, release.empty (conflict: no item has labels yet),
  // idempotency_key.reused, those of space::add_version, release.outdated (conflict: answers came
  // since a crash left this key's version without content; use a new key), those of Uploads::upload.
  core::Result<space::Change> release(const Principal& caller,
                                      const space::Once& once,
                                      const ProjectId& project,
                                      const ReleaseCommand& command);

 private:
  core::Result<Project> gather(const Principal& caller,
                               const ProjectId& project,
                               ReleaseContent& content);
  core::Result<space::Change> register_version(const Principal& caller,
                                               const space::Once& once,
                                               const Project& project,
                                               const ReleaseCommand& command,
                                               const ReleaseContent& content);
  std::optional<space::Change> find_published(const space::VersionView& version);

  ledger::Journal& journal_;
  space::Uploads& uploads_;
};

}  // namespace tally::labeling
