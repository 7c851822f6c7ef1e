// A copy of a database as it is at one moment, made beside a server that writes it.
#pragma once

#include <string>

namespace tally::core::sql::sqlite {

// Writes the newest committed state of `from` to the new file `to`, a whole database without a log
// beside it, readable by its owner alone. Only a read transaction is held: nothing is written to
// `from`, and its log is not checkpointed (sqlite.h says why), so the log grows while the copy is made.
// The copy is not synced. Throws SqlBroken when either cannot be opened, or `to` is there.
void copy_snapshot(const std::string& from, const std::string& to);

}  // namespace tally::core::sql::sqlite
