// How a command that serves is told to stop.
#pragma once

#include <csignal>

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
  }

  // The number of the signal that came.
  int wait() {
    int signal = 0;
    sigwait(&signals_, &signal);
    return signal;
  }

 private:
  sigset_t signals_{};
};

}  // namespace tally::api
