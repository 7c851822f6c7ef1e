#include "api/routes/ledger.h"

#include <string>

#include "core/hash.h"
#include "ledger/store.h"
#include "ledger/tile.h"

namespace tally::api {
namespace {

using core::Error;
using core::Refusal;
using core::Result;
using ledger::TileKind;
using ledger::TilePath;

constexpr std::size_t hash_bytes = 32;

// One of the tags in If-None-Match is this one.
bool is_known(const Request& request, std::string_view etag) {
  auto known = request.header("If-None-Match");
  return known && (*known == "*" || known->find(etag) != std::string_view::npos);
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

Result<Reply> checkpoint(const ledger::Journal& journal, const Request& request) {
  return cacheable(request, *journal.ledger.signed_head().note, "text/plain; charset=utf-8",
                   "no-cache");
}

// The first `width` entries of a bundle, with their lengths; nothing if there are fewer.
std::optional<std::string> first_entries(const std::string& bundle, unsigned width) {
  auto entries = ledger::parse_bundle(bundle);
  if (!entries || entries->size() < width) return std::nullopt;
  std::string_view last = (*entries)[width - 1];
  return bundle.substr(0, static_cast<std::size_t>(last.data() - bundle.data()) + last.size());
}

std::optional<std::string> read_path(core::sql::Session& session, const TilePath& path) {
  if (path.kind == TileKind::entries) {
    auto bundle = ledger::read_bundle(session, path.index);
    return bundle ? first_entries(*bundle, path.width) : std::nullopt;
  }
  auto hashes = ledger::read_tile(session, path.level, path.index);
  if (!hashes || hashes->size() < path.width * hash_bytes) return std::nullopt;
  hashes->resize(path.width * hash_bytes);
  return hashes;
}

// `kind` is the one that the caller was admitted to, however the path was spelled.
Result<Reply> tile(ledger::Journal& journal, const Request& request, TileKind kind) {
  std::string text = kind == TileKind::entries ? "tile/entries/" : "tile/";
  text += request.param("path");
  auto path = ledger::parse_tile_path(text);
  if (!path || path->kind != kind)
    return Error{Refusal::malformed, "tile.malformed_path", "this is no path of a tile"};
  std::uint64_t size = journal.ledger.signed_head().head.size;
  if (path->width > ledger::tile_width(path->level, path->index, size)) {
    return Error{Refusal::not_found, "tile.not_there", "the newest checkpoint has no such tile"};
  }
  auto bytes =
      journal.readers.read([&](core::sql::Session& session) { return read_path(session, *path); });
  if (!bytes) throw core::Broken("the ledger lacks " + text + "; run `tallystick audit`");
  // Entries are for those who may read them, not for a cache on the way.
  std::string caching = path->kind == TileKind::entries ? "private, " : "public, ";
  caching += path->width == ledger::tile_width_max ? "max-age=31536000, immutable" : "max-age=60";
  return cacheable(request, *std::move(bytes), "application/octet-stream", std::move(caching));
}

}  // namespace

void add_ledger_routes(Router& router, ledger::Journal& journal) {
  router.add("GET", "/ledger/checkpoint", {},
             [&journal](const Request& request) { return checkpoint(journal, request); });
  router.add("GET", "/ledger/tile/{path...}", {}, [&journal](const Request& request) {
    return tile(journal, request, TileKind::hashes);
  });
  router.add(
      "GET", "/ledger/tile/entries/{path...}", {.scope = "ledger:read"},
      [&journal](const Request& request) { return tile(journal, request, TileKind::entries); });
}

}  // namespace tally::api
