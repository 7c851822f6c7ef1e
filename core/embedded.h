// A text file that the build put into the program (scripts/cmake/embed.cmake).
#pragma once

#include <string_view>

namespace tally::core {

struct EmbeddedFile {
  std::string_view name;
  std::string_view text;
};

}  // namespace tally::core
