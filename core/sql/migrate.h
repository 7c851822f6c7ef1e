// Migrations: schemas/sql/NNNN_name.sql, applied in order, each once and never edited afterwards.
#pragma once

#include <span>

#include "core/embedded.h"
#include "core/sql/session.h"

namespace tally::core::sql {

// Applies what is missing, by name, each file in one transaction. Throws Broken when a file that was applied
// has changed since, or when the database was written by a newer program.
void migrate(Connection& connection, std::span<const EmbeddedFile> files);

}  // namespace tally::core::sql
