#include "space/schema.h"

#include <span>

#include "ledger/schema.h"

namespace tally::space {

std::span<const core::EmbeddedFile> embedded_files();

std::vector<core::EmbeddedFile> schema_files() {
  auto files = ledger::schema_files();
  auto own = embedded_files();
  files.insert(files.end(), own.begin(), own.end());
  return files;
}

}  // namespace tally::space
