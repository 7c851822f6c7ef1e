#include "api/cli/ledger_source.h"

#include <filesystem>
#include <utility>

#include "api/cli/token_file.h"
#include "api/data_dir.h"
#include "api/replica_store.h"
#include "api/source_url.h"
#include "core/sql/sqlite/sqlite.h"
#include "ledger/publication.h"
#include "ledger/source_database.h"
#include "ledger/source_tiles.h"
#include "space/documents.h"

namespace tally::api {
namespace {

namespace fs = std::filesystem;
using core::Error;
using core::Refusal;
using core::Result;

Result<OpenedLedger> open_database(const std::string& path) {
  bool is_replica = fs::is_regular_file(replica_database(path)) ||
                    fs::path(path).filename() == fs::path(replica_database("")).filename();
  std::string file = fs::is_directory(path) ? DataDir(path).database() : path;
  if (is_replica && fs::is_directory(path)) file = replica_database(path);
  if (!fs::is_regular_file(file)) {
    return Error{Refusal::not_found, "audit.no_database",
                 path + " holds no ledger: no database (" + file +
                     "), and no exported checkpoint (" + (fs::path(path) / "checkpoint").string() +
                     ")."};
  }
  if (!core::sql::sqlite::is_database(file)) {
    return Error{Refusal::malformed, "audit.not_a_database",
                 file +
                     " is a file of another kind; what can be read is a database, a data "
                     "directory, an exported directory or a URL."};
  }
  OpenedLedger opened;
  if (!is_replica) opened.database = file;  // a replica's tables are empty
  opened.connection =
      std::make_unique<core::sql::Connection>(core::sql::sqlite::open_scanner(file));
  opened.session = std::make_unique<core::sql::Session>(*opened.connection);
  // Before the rest, so that all it implies is there.
  if (auto published = ledger::read_published(*opened.session))
    opened.checkpoint = std::move(published->note);
  opened.source = std::make_unique<ledger::DatabaseSource>(*opened.session);
  opened.documents = std::make_unique<space::FiledDocuments>(*opened.session);
  return opened;
}

Result<OpenedLedger> open_tiles(const LedgerPlace& place) {
  std::string token;
  if (!place.token_file.empty()) {
    auto read = read_token_file(place.token_file);
    if (!read) return read.error();
    token = *std::move(read);
  }
  auto fetch = is_url(place.from) ? fetch_from_url(place.from, token)
                                  : ledger::fetch_from_directory(place.from);
  OpenedLedger opened;
  opened.source = std::make_unique<ledger::TileSource>(fetch, place.with_entries);
  opened.documents = std::make_unique<ledger::FetchedDocuments>(fetch);
  const auto& edge = opened.source->edge();
  opened.checkpoint = edge.checkpoints[0].note;
  if (!is_url(place.from) && place.with_entries && edge.checkpoints[0].size > 0 &&
      !fs::exists(fs::path(place.from) / "tile" / "entries")) {
    return Error{Refusal::not_found, "audit.no_entries",
                 place.from +
                     " was exported without entries; `tallystick ledger export --entries` "
                     "makes one that can be audited."};
  }
  return opened;
}

}  // namespace

Result<OpenedLedger> open_ledger(const LedgerPlace& place) {
  bool is_exported = fs::exists(fs::path(place.from) / "checkpoint");
  if (!is_url(place.from) && !is_exported) return open_database(place.from);
  return open_tiles(place);
}

}  // namespace tally::api
