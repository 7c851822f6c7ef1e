#include "bench/machine.h"

#include <algorithm>
#include <chrono>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <linux/magic.h>
#include <sstream>
#include <sys/vfs.h>
#include <thread>
#include <unistd.h>

#include <fmt/core.h>

#include "core/result.h"

namespace tally::bench {
namespace {

using core::Broken;

// The value behind "<name> : " in a file of /proc.
std::string value_in(const char* file, const std::string& name) {
  std::ifstream lines(file);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with(name)) continue;
    std::size_t at = line.find(':');
    if (at == std::string::npos) continue;
    at = line.find_first_not_of(" \t", at + 1);
    return at == std::string::npos ? "" : line.substr(at);
  }
  return "";
}

bool lives_in_memory(const std::string& path) {
  struct statfs found = {};
  if (statfs(path.c_str(), &found) != 0) throw Broken("cannot look at " + path);
  auto type = static_cast<std::uint64_t>(found.f_type);
  return type == TMPFS_MAGIC || type == RAMFS_MAGIC;
}

}  // namespace

Machine this_machine() {
  Machine machine;
  machine.cpu = value_in("/proc/cpuinfo", "model name");
  machine.cores = std::thread::hardware_concurrency();
  std::string memory = value_in("/proc/meminfo", "MemTotal");
  machine.memory_bytes = memory.empty() ? 0 : std::stoull(memory) * 1024;
  return machine;
}

std::uint64_t anonymous_bytes() {
  std::string kibibytes = value_in("/proc/self/status", "RssAnon");
  if (kibibytes.empty()) throw Broken("the kernel does not tell RssAnon");
  return std::stoull(kibibytes) * 1024;
}

double cpu_seconds_of(pid_t process) {
  std::ifstream stat("/proc/" + std::to_string(process) + "/stat");
  std::string line((std::istreambuf_iterator<char>(stat)), {});
  std::istringstream fields(line.substr(line.rfind(')') + 2));
  std::string skipped;
  for (int i = 0; i < 11; ++i) fields >> skipped;
  double user = 0, kernel = 0;
  fields >> user >> kernel;
  return (user + kernel) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

DataDirectory::DataDirectory(const std::string& parent) {
  std::filesystem::create_directories(parent);
  if (lives_in_memory(parent)) {
    throw Broken(parent + " lies in memory (tmpfs); give --dir with a place on a disk");
  }
  std::string pattern = parent + "/tallystick-bench-XXXXXX";
  const char* made = mkdtemp(pattern.data());
  if (made == nullptr) throw Broken("cannot make a directory in " + parent);
  path_ = made;
}

DataDirectory::~DataDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::vector<double> sync_times_us(const DataDirectory& directory, int rounds) {
  int file = open(directory.file("sync").c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
  if (file < 0) throw Broken("cannot write in " + directory.path());
  std::vector<double> times;
  std::string block(4096, 'x');
  for (int i = 0; i < rounds; ++i) {
    auto start = std::chrono::steady_clock::now();
    bool ok = write(file, block.data(), block.size()) == static_cast<ssize_t>(block.size()) &&
              fdatasync(file) == 0;
    if (!ok) throw Broken("cannot write in " + directory.path());
    std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - start;
    times.push_back(took.count());
  }
  close(file);
  std::sort(times.begin(), times.end());
  return times;
}

std::string machine_members(const DataDirectory& directory) {
  Machine machine = this_machine();
  std::vector<double> times = sync_times_us(directory, 300);
  return fmt::format(R"("cores":{},"cpu":"{}","fdatasync_p50_us":{:.0f},"fdatasync_p99_us":{:.0f})",
                     machine.cores, machine.cpu, percentile(times, 0.5), percentile(times, 0.99));
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return percentile(values, 0.5);
}

double percentile(const std::vector<double>& sorted, double part) {
  auto at = static_cast<std::size_t>(part * static_cast<double>(sorted.size() - 1) + 0.5);
  return sorted[at];
}

}  // namespace tally::bench
