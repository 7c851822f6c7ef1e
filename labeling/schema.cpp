#include "labeling/schema.h"

#include <span>

#include "space/schema.h"

namespace tally::labeling {

std::span<const core::EmbeddedFile> embedded_files();

std::vector<core::EmbeddedFile> schema_files() {
  auto files = space::schema_files();
  auto own = embedded_files();
  files.insert(files.end(), own.begin(), own.end());
  return files;
}

}  // namespace tally::labeling
