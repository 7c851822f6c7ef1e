// TALLY_ASSERT(condition): the program is wrong, not its input. On in every build; stops the process.
#pragma once

namespace tally::core {

[[noreturn]] void assertion_failed(const char* condition, const char* file, int line);

}  // namespace tally::core

#define TALLY_ASSERT(condition)       \
  ((condition) ? static_cast<void>(0) \
               : ::tally::core::assertion_failed(#condition, __FILE__, __LINE__))
