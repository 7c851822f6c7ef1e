#include "space/conduct/openings.h"

#include <utility>

#include "space/commitment.h"

namespace tally::space {
namespace {

using core::sql::Session;
using core::sql::Statement;
using ledger::Replay;

struct Replayed {
  core::sql::Connection& db;
  Statement note{db, R"(
    insert into conduct_manifest (dataset, version, salt, commitment) values (?1, ?2, ?3, ?4)
    on conflict do nothing
  )"};
  Statement manifests{db, R"(
    select dataset, version, salt, commitment from conduct_manifest order by dataset, version
  )"};
};

struct Stored {
  core::sql::Connection& db;
  Statement of_dataset{db, "select document from dataset_manifest where dataset = ?1"};
  Statement of_version{db, R"(
    select document from dataset_version_manifest where dataset = ?1 and version = ?2
  )"};
};

}  // namespace

const core::sql::Sql manifest_tables = R"(
  create table conduct_manifest (
    dataset    text    not null,
    version    integer not null,
    salt       text    not null,
    commitment text    not null,
    primary key (dataset, version)
  ) strict;
)";

bool opens(std::string_view salt, std::string_view value, std::string_view commitment) {
  constexpr std::size_t salt_digits = 32;
  return salt.size() == salt_digits && commitment_hash(salt, value).view() == commitment;
}

ledger::ConductFinding about_row(std::string code,
                                 const std::string& row,
                                 const std::string& contract,
                                 const std::string& words,
                                 std::string expected,
                                 std::string found) {
  return {.code = std::move(code),
          .place = "row " + row,
          .contract = contract,
          .words = words + ".",
          .expected = std::move(expected),
          .found = std::move(found)};
}

void note_manifest(Replay& replay,
                   std::string_view dataset,
                   std::uint64_t version,
                   std::string_view salt,
                   std::string_view commitment_hex) {
  replay.tx().use<Replayed>().note(dataset, version, salt, commitment_hex).run();
}

void check_manifests(Replay& replay, Session& database) {
  auto manifest = replay.tx().use<Replayed>().manifests();
  auto& sql = database.use<Stored>();
  while (manifest.next()) {
    bool is_own = manifest.integer(1) == 0;
    std::string row = is_own
                          ? "dataset_manifest " + manifest.text(0)
                          : "dataset_version_manifest " + manifest.text(0) + " " + manifest.text(1);
    auto document = is_own ? sql.of_dataset(manifest.view(0))
                           : sql.of_version(manifest.view(0), manifest.integer(1));
    if (!document.next()) {
      auto finding = about_row("opening.missing", row, "",
                               "What the ledger committed to is gone, and no entry erased it");
      finding.not_checkable = replay.carried() != nullptr;  // lost with the disk, in no backup
      replay.report(std::move(finding));
    } else if (commitment(manifest.view(2), document.view(0)) != manifest.view(3)) {
      replay.report(
          about_row("opening.differs", row, "", "The row is not what the ledger committed to"));
    }
  }
}

}  // namespace tally::space
