#include "api/routes/ledger.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "core/hash.h"
#include "ledger/store.h"
#include "ledger/tile.h"
#include "space/documents.h"

namespace tally::api {
namespace {

using core::Error;
using core::Refusal;
using core::Result;
using ledger::TileKind;
using ledger::TilePath;

constexpr std::size_t hash_bytes = 32;

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t";
  std::size_t first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

// One of the tags in If-None-Match is this one. Weak tags match too (RFC 9110, 13.1.2); no tag of
// ours holds a comma.
bool is_known(const Request& request, std::string_view etag) {
  for (const Header& header : request.headers) {
    if (!equal_ignoring_case(header.name, "If-None-Match")) continue;
    std::string_view rest = header.value;
    while (!rest.empty()) {
      std::size_t end = std::min(rest.find(','), rest.size());
      std::string_view tag = trimmed(rest.substr(0, end));
      rest.remove_prefix(std::min(end + 1, rest.size()));
      if (tag.starts_with("W/")) tag.remove_prefix(2);
      if (tag == "*" || tag == etag) return true;
    }
  }
  return false;
}

Reply cacheable(const Request& request, std::string body, std::string type, std::string caching) {
  std::string etag = '"' + core::to_hex(core::sha256(body)).substr(0, 32) + '"';
  Reply reply;
  reply.content_type = std::move(type);
  reply.headers = {{"ETag", etag}, {"Cache-Control", std::move(caching)}};
  if (is_known(request, etag)) {
    reply.status = 304;
  } else {
    reply.body = std::move(body);
  }
  return reply;
}

Result<Reply> checkpoint(const ledger::Publication& publication, const Request& request) {
  std::string note = publication.newest().note;
  if (note.empty()) {
    return Error{Refusal::unavailable, "ledger.not_published_yet",
                 "no checkpoint has the quorum of its witnesses yet"};
  }
  return cacheable(request, std::move(note), "text/plain; charset=utf-8", "no-cache");
}

std::optional<std::string> read_path(core::sql::Session& session, const TilePath& path) {
  if (path.kind == TileKind::entries) {
    auto bundle = ledger::read_bundle(session, path.index);
    if (!bundle) return std::nullopt;
    ledger::cut_bundle(*bundle, path.width);
    auto entries = ledger::parse_bundle(*bundle);
    if (!entries || entries->size() != path.width) return std::nullopt;
    return bundle;
  }
  auto hashes = ledger::read_tile(session, path.level, path.index);
  if (!hashes || hashes->size() < path.width * hash_bytes) return std::nullopt;
  hashes->resize(path.width * hash_bytes);
  return hashes;
}

// `kind` is the one that the caller was admitted to, however the path was spelled.
Result<Reply> tile(const ledger::Publication& publication,
                   core::sql::Readers& readers,
                   const Request& request,
                   TileKind kind) {
  std::string text = kind == TileKind::entries ? "tile/entries/" : "tile/";
  text += request.param("path");
  auto path = ledger::parse_tile_path(text);
  if (!path || path->kind != kind)
    return Error{Refusal::malformed, "tile.malformed_path", "this is no path of a tile"};
  std::uint64_t size = publication.newest().size;
  if (path->width > ledger::tile_width(path->level, path->index, size)) {
    return Error{Refusal::not_found, "tile.not_there", "the published checkpoint has no such tile"};
  }
  auto bytes = readers.read([&](core::sql::Session& session) { return read_path(session, *path); });
  if (!bytes) throw core::Broken("the ledger lacks " + text + "; run `tallystick audit`");
  // A tile of a given width never changes. Entries are for those who may read them, not for a cache
  // on the way.
  std::string caching = path->kind == TileKind::entries ? "private" : "public";
  return cacheable(request, *std::move(bytes), "application/octet-stream",
                   caching + ", max-age=31536000, immutable");
}

// A document is its digest: it never changes, and is what was asked for or nothing.
Result<Reply> document(core::sql::Readers& readers, const Request& request) {
  auto digest = core::Hash::from_hex(request.param("digest"));
  if (!digest) {
    return Error{Refusal::malformed, "document.malformed_digest",
                 "a document is asked for by its SHA-256, 64 lower-case hex digits"};
  }
  auto bytes = readers.read(
      [&](core::sql::Session& session) { return space::FiledDocuments(session).find(*digest); });
  if (!bytes) {
    return Error{Refusal::not_found, "document.not_found",
                 "no document is filed under that digest"};
  }
  return cacheable(request, *std::move(bytes), "application/json",
                   "private, max-age=31536000, immutable");
}

}  // namespace

void add_ledger_routes(Router& router,
                       core::sql::Readers& readers,
                       const ledger::Publication& publication) {
  auto serve = [&](TileKind kind) {
    return [&readers, &publication, kind](const Request& request) {
      return tile(publication, readers, request, kind);
    };
  };
  router.add("GET", "/ledger/checkpoint", {},
             [&publication](const Request& request) { return checkpoint(publication, request); });
  router.add("GET", "/ledger/tile/{path...}", {}, serve(TileKind::hashes));
  router.add("GET", "/ledger/tile/entries/{path...}", {.scope = "ledger:read"},
             serve(TileKind::entries));
  router.add("GET", "/ledger/documents/{digest}", {.scope = "ledger:read"},
             [&readers](const Request& request) { return document(readers, request); });
}

}  // namespace tally::api
