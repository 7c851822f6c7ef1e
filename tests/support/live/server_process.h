// The real program as a child process, for tests and benchmarks that must not trust anything less.
#pragma once

#include <string>
#include <sys/types.h>
#include <vector>

namespace tally::live {

// Runs a program to its end; what it wrote to stdout. Throws std::runtime_error unless it exits 0.
std::string run_program(const std::vector<std::string>& arguments);
// The same for one that may fail: its exit code, 128 and more for a signal.
int exit_code_of(const std::vector<std::string>& arguments);

// `tallystick serve DIR`, or another command that serves, from start() until it is killed or stopped; the port stays the same.
class ServerProcess {
 public:
  ServerProcess(std::string program,
                std::string directory,
                std::vector<std::string> flags = {},
                std::vector<std::string> command = {"serve"});
  ~ServerProcess();
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;

  void start();        // returns once the server listens
  void kill_hard();    // SIGKILL
  int stop();          // SIGTERM; the exit code, 128 and more for a signal
  int wait_for_end();  // of a child that ends by itself; the same
  int last_exit_code() const { return last_exit_code_; }  // also after a start() that failed
  bool is_running() const { return child_ > 0; }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  pid_t pid() const { return child_; }

 private:
  std::string program_;
  std::string directory_;
  std::vector<std::string> flags_;
  std::vector<std::string> command_;
  int last_exit_code_ = 0;
  pid_t child_ = -1;
  int port_ = 0;
};

}  // namespace tally::live
