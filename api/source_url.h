// A ledger behind a server's URL, read as tlog-tiles for an audit.
#pragma once

#include <memory>
#include <string>

#include "core/result.h"
#include "ledger/source.h"

namespace tally::api {

bool is_url(const std::string& text);

// `url` is the server's, or that of the ledger's tiles: without a path, /ledger is meant. The token
// is for the entries, which are the auditor's to read; without entries, none is asked for. Refusals: http.bad_url. Throws core::Broken
// when the server cannot be reached, does not answer as it should, or wants another token.
core::Result<std::unique_ptr<ledger::LedgerSource>> open_url_source(const std::string& url,
                                                                    const std::string& token,
                                                                    bool with_entries = true);

}  // namespace tally::api
