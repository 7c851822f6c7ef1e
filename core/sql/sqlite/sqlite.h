// The SQLite driver.
//
// Exactly one connection of a database writes and checkpoints its WAL: SQLite before 3.51.3 can
// corrupt a WAL that several connections checkpoint at once (sqlite.org/wal.html, "WAL-reset bug").
// Readers are read-only and never checkpoint, not even when they close last.
#pragma once

#include <string>

#include "core/sql/session.h"

namespace tally::core::sql::sqlite {

// What a test may set otherwise.
struct Options {
  const char* vfs = nullptr;  // a registered SQLite VFS; null: the system's files
  // In the WAL, above which they are moved into the database: 32 MiB. The more, the fewer pages are
  // moved only to change again in the next batches.
  int checkpoint_pages = 8192;
};

// Opens or creates the database with journal_mode=wal and synchronous=full, and reads both back:
// throws SqlBroken when the file system cannot give them.
//
// What a crash left in the WAL is durable when this returns. A process that was killed between
// writing a commit and syncing it leaves frames that are read back from the page cache and yet would
// not survive a loss of power; so does a sync that failed, after which the kernel believes the pages
// to be clean. The WAL's bytes are therefore written again, each where it stands, and synced. As for
// SQLite itself, a write that power interrupts must leave each byte of its range old or new.
Connection open_writer(const std::string& path, const Options& options = {});

// The file begins as a database of SQLite does (sqlite.org/fileformat.html, section 1.2).
bool is_database(const std::string& path);

// Opens an existing database for reading. Works beside a running writer.
Connection open_reader(const std::string& path, const Options& options = {});

// The same for whoever reads the whole of it once, as an audit does: the file is mapped into memory,
// which spares a copy of each page. A disk that fails then ends the process (SIGBUS).
Connection open_scanner(const std::string& path);

// Opens or creates the small database of keys (core/shred_keys.h): readable by its owner alone, no
// log, each transaction synced together with its directory, what is deleted is overwritten.
Connection open_key_store(const std::string& path);

// A database in memory, for tests.
Connection open_memory();

// A private file that is deleted when closed; for staging what may not fit in memory.
Connection open_temporary();

std::string library_version();

}  // namespace tally::core::sql::sqlite
