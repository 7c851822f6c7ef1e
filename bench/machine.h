// What a benchmark runs on, and where its data may lie.
#pragma once

#include <cstdint>
#include <string>
#include <sys/types.h>
#include <vector>

namespace tally::bench {

struct Machine {
  std::string cpu;
  unsigned cores = 0;
  std::uint64_t memory_bytes = 0;
};
Machine this_machine();

// Memory of this process that no file backs (RssAnon); pages of mapped files are not in it.
std::uint64_t anonymous_bytes();

// What the threads of a process have used so far, in user and kernel mode.
double cpu_seconds_of(pid_t process);

// A directory of its own below `parent`, gone when the benchmark is over. Throws core::Broken on a
// file system that lives in memory: what is measured there is no disk.
class DataDirectory {
 public:
  explicit DataDirectory(const std::string& parent);
  ~DataDirectory();
  DataDirectory(const DataDirectory&) = delete;
  DataDirectory& operator=(const DataDirectory&) = delete;

  const std::string& path() const { return path_; }
  std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

// Microseconds that writing 4 KiB and fdatasync takes there, `rounds` times, sorted.
std::vector<double> sync_times_us(const DataDirectory& directory, int rounds);

// The members of a JSON object, without braces: processor, cores, and what a sync costs there.
std::string machine_members(const DataDirectory& directory);

double median(std::vector<double> values);
// `part` of 0.99 is the 99th percentile. Precondition: sorted, not empty.
double percentile(const std::vector<double>& sorted, double part);

}  // namespace tally::bench
