// The SQLite driver.
//
// Exactly one connection of a database writes and checkpoints its WAL: SQLite before 3.51.3 can
// corrupt a WAL that several connections checkpoint at once (sqlite.org/wal.html, "WAL-reset bug").
// Readers are read-only and never checkpoint, not even when they close last.
#pragma once

#include <string>

#include "core/sql/session.h"

namespace tally::core::sql::sqlite {

// Opens or creates the database with journal_mode=wal and synchronous=full, and reads both back:
// throws SqlBroken when the file system cannot give them.
Connection open_writer(const std::string& path);

// Opens an existing database for reading. Works beside a running writer.
Connection open_reader(const std::string& path);

// The same for whoever reads the whole of it once, as an audit does: the file is mapped into memory,
// which spares a copy of each page. A disk that fails then ends the process (SIGBUS).
Connection open_scanner(const std::string& path);

// A database in memory, for tests.
Connection open_memory();

// A private file that is deleted when closed; for staging what may not fit in memory.
Connection open_temporary();

std::string library_version();

}  // namespace tally::core::sql::sqlite
