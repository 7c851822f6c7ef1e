// How a command that serves is told to stop.
#pragma once

#include <csignal>
#include <cstdint>
#include <ctime>

namespace tally::api {

// SIGINT and SIGTERM are for the thread that waits alone: made before any other thread is born.
class StopSignals {
 public:
  StopSignals() {
    sigemptyset(&signals_);
    sigaddset(&signals_, SIGINT);
    sigaddset(&signals_, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
    std::signal(SIGXFSZ, SIG_IGN);  // a file that may not grow is an error of the write
  }

  // The number of the signal that came.
  int wait() {
    int signal = 0;
    sigwait(&signals_, &signal);
    return signal;
  }
  // False when none came within that time.
  bool came_within(std::int64_t wait_ms) {
    timespec wait{wait_ms / 1000, wait_ms % 1000 * 1'000'000};
    return sigtimedwait(&signals_, nullptr, &wait) > 0;
  }

 private:
  sigset_t signals_{};
};

}  // namespace tally::api
