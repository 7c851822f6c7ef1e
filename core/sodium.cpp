#include "core/sodium.h"

#include <sodium.h>

#include "core/result.h"

namespace tally::core {

void start_sodium() {
  static const int started = sodium_init();
  if (started < 0) throw Broken("libsodium cannot start: no random source");
}

}  // namespace tally::core
