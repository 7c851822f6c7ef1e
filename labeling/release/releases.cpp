#include "labeling/release/releases.h"

#include <memory>
#include <utility>

namespace tally::labeling {
namespace {

using core::Done;
using core::Error;
using core::Refusal;
using core::Result;
using space::Change;
using space::Once;
using space::VersionView;

Error nothing_to_release() {
  return {Refusal::conflict, "release.empty", "no item of this project has labels yet"};
}

Error outdated() {
  return {Refusal::conflict, "release.outdated",
          "the labels have changed since this release began; begin another under a new key"};
}

VersionView version_of(const Change& change) {
  auto answer = core::decode<space::VersionAnswer>(*core::parse_json(change.body));
  TALLY_ASSERT(answer);
  return answer->version;
}

// The upload's answer as a release's; `registered` is the entry before.
Change as_release(Change change, std::uint64_t registered, bool is_repeated) {
  auto version = version_of(change);
  change.body = core::canonical(
      ReleaseAnswer{{registered, change.receipt->seq}, version.records.value_or(0), version});
  change.repeated = is_repeated;
  return change;
}

}  // namespace

Result<Project> Releases::gather(const Principal& caller,
                                 const ProjectId& project,
                                 ReleaseContent& content) {
  ClassList classes;
  auto found = journal_.readers.read([&](Session& session) {
    auto own = project_of_provider(session, project, caller);
    if (own) classes = ClassList::from_text(project_text(session, project).classes);
    return own;
  });
  if (!found) return found;
  content.fill(journal_, project, classes);
  if (content.records() == 0) return nothing_to_release();
  return found;
}

Result<Change> Releases::register_version(const Principal& caller,
                                          const Once& once,
                                          const Project& project,
                                          const ReleaseCommand& command,
                                          const ReleaseContent& content) {
  space::NewVersion wanted;
  wanted.bytes = content.bytes();
  wanted.content = space::ContentKind::uploaded;
  wanted.digest = content.digest();
  wanted.media_type = *space::MediaType::parse("application/x-ndjson");
  wanted.note = command.note;
  wanted.records = content.records();
  return space::run_once(journal_, once, [&](Tx& tx) -> Result<Change> {
    auto dataset = space::find_dataset(tx, project.dataset);
    if (!dataset) throw core::Broken("the dataset of a project is gone: " + project.id.text());
    return space::add_version(journal_.ledger, tx, caller.actor.text(), *dataset, wanted,
                              {project.version, project.id.text()});
  });
}

std::optional<Change> Releases::find_published(const VersionView& registered) {
  return journal_.readers.read([&](Session& session) -> std::optional<Change> {
    auto row = space::find_version(session, registered.dataset, registered.version);
    if (!row || !row->published_seq) return std::nullopt;
    auto view = space::find_version_view(session, registered.dataset, registered.version);
    auto receipt = journal_.ledger.find_receipt(session, *row->published_seq);
    if (!view || !receipt) throw core::Broken("a published version has lost its entry");
    return Change{core::canonical(space::VersionAnswer{*std::move(view)}),
                  std::make_shared<const ledger::Receipt>(*std::move(receipt)), true};
  });
}

Result<Change> Releases::release(const Principal& caller,
                                 const Once& once,
                                 const ProjectId& project,
                                 const ReleaseCommand& command) {
  ReleaseContent content;
  auto found = gather(caller, project, content);
  if (!found) return found.error();
  auto registered = register_version(caller, once, *found, command, content);
  if (!registered) return registered;
  auto version = version_of(*registered);
  if (registered->repeated) {
    if (auto published = find_published(version))
      return as_release(*std::move(published), registered->receipt->seq, true);
    if (version.digest != content.digest()) return outdated();
  }
  auto uploaded = uploads_.upload(caller, version.dataset, version.version,
                                  [&](const space::ContentSink& sink) {
                                    content.read(sink);
                                    return Result<Done>(Done{});
                                  });
  if (!uploaded) return uploaded;
  return as_release(*std::move(uploaded), registered->receipt->seq, false);
}

}  // namespace tally::labeling
