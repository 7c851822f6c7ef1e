// At start: do the key store and the database belong together?
//
// A key store from before the database lacks keys; without them content and names are as good as
// erased, and going on would draw new ones beside them. A key store from before an erasure holds keys
// that were shredded since.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "core/shred_keys.h"
#include "core/sql/session.h"
#include "space/datasets/content.h"

namespace tally::space {

// Names each subject (space/erasure/erasure.h) that is sealed under a key which the store neither has nor
// has shredded. Reads every sealed name and content key once.
void find_missing_keys(core::sql::Session& session,
                       core::ShredKeys& keys,
                       const ContentStore& content,
                       const std::function<void(const std::string& subject)>& take);

// Names each subject that the ledger says is erased and whose key is there.
void find_returned_keys(core::sql::Session& session,
                        core::ShredKeys& keys,
                        const std::function<void(const std::string& subject)>& take);

}  // namespace tally::space
