#include "ledger/schema.h"

#include <span>

namespace tally::ledger {

std::span<const core::EmbeddedFile> embedded_files();

std::vector<core::EmbeddedFile> schema_files() {
  auto own = embedded_files();
  return {own.begin(), own.end()};
}

}  // namespace tally::ledger
