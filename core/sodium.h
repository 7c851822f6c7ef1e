// Starts libsodium once, before its first use in a process.
#pragma once

namespace tally::core {

// Throws Broken when the library has no random source. Thread-safe and cheap when repeated.
void start_sodium();

}  // namespace tally::core
