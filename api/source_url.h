// A ledger behind a server's URL, read as tlog-tiles for an audit.
#pragma once

#include <memory>
#include <string>

#include "core/result.h"
#include "ledger/source_tiles.h"

namespace tally::api {

bool is_url(const std::string& text);

// The files below a URL: `url` is the server's, or that of the ledger's tiles; without a path, /ledger
// is meant. The token is for entries and documents, which are the auditor's to read. Throws
// core::Broken, when a file is fetched, if the server cannot be reached, does not answer as it should,
// or wants another token.
ledger::TileSource::Fetch fetch_from_url(const std::string& url, const std::string& token);

}  // namespace tally::api
