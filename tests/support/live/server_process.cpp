#include "support/live/server_process.h"

#include <array>
#include <csignal>
#include <cstdio>
#include <fcntl.h>
#include <stdexcept>
#include <sys/wait.h>
#include <unistd.h>

namespace tally::live {
namespace {

struct Child {
  pid_t pid;
  std::FILE* output;
};

Child launch(const std::vector<std::string>& arguments) {
  std::array<int, 2> pipe_ends{};
  if (::pipe2(pipe_ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  std::vector<char*> argv;
  for (const auto& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  pid_t pid = ::fork();
  if (pid < 0) throw std::runtime_error("no fork");
  if (pid == 0) {
    ::dup2(pipe_ends[1], STDOUT_FILENO);
    ::execv(argv[0], argv.data());
    ::_exit(127);
  }
  ::close(pipe_ends[1]);
  return {pid, ::fdopen(pipe_ends[0], "r")};
}

int wait_for(pid_t pid) {
  int status = 0;
  ::waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

namespace {

int run(const std::vector<std::string>& arguments, std::string& output) {
  Child child = launch(arguments);
  std::array<char, 4096> part{};
  while (std::size_t got = std::fread(part.data(), 1, part.size(), child.output))
    output.append(part.data(), got);
  std::fclose(child.output);
  return wait_for(child.pid);
}

}  // namespace

int exit_code_of(const std::vector<std::string>& arguments) {
  std::string ignored;
  return run(arguments, ignored);
}

std::string run_program(const std::vector<std::string>& arguments) {
  std::string output;
  if (int code = run(arguments, output); code != 0) {
    throw std::runtime_error(arguments.at(0) + " " + arguments.at(1) + " exited " +
                             std::to_string(code));
  }
  return output;
}

ServerProcess::ServerProcess(std::string program,
                             std::string directory,
                             std::vector<std::string> flags,
                             std::vector<std::string> command)
    : program_(std::move(program)),
      directory_(std::move(directory)),
      flags_(std::move(flags)),
      command_(std::move(command)) {}

ServerProcess::~ServerProcess() {
  if (is_running()) kill_hard();
}

void ServerProcess::start() {
  std::vector<std::string> arguments{program_};
  arguments.insert(arguments.end(), command_.begin(), command_.end());
  arguments.insert(arguments.end(),
                   {directory_, "--port", std::to_string(port_), "--log-level", "warn"});
  arguments.insert(arguments.end(), flags_.begin(), flags_.end());
  Child child = launch(arguments);
  child_ = child.pid;
  // The first line says where it listens: "listening on http://127.0.0.1:PORT".
  std::array<char, 256> line{};
  std::string first =
      std::fgets(line.data(), line.size(), child.output) != nullptr ? line.data() : "";
  auto colon = first.rfind(':');
  if (first.find("listening") == std::string::npos || colon == std::string::npos) {
    std::fclose(child.output);
    ::kill(child_, SIGTERM);
    wait_for_end();
    throw std::runtime_error("the server did not start: " + first);
  }
  port_ = std::stoi(first.substr(colon + 1));
  std::fclose(child.output);
}

void ServerProcess::kill_hard() {
  ::kill(child_, SIGKILL);
  wait_for_end();
}

int ServerProcess::stop() {
  ::kill(child_, SIGTERM);
  return wait_for_end();
}

int ServerProcess::wait_for_end() {
  last_exit_code_ = wait_for(child_);
  child_ = -1;
  return last_exit_code_;
}

}  // namespace tally::live
