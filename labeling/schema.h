// The tables of this floor and those below, as migrations in order.
#pragma once

#include <vector>

#include "core/embedded.h"

namespace tally::labeling {

std::vector<core::EmbeddedFile> schema_files();

}  // namespace tally::labeling
