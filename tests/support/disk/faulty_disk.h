// A disk under SQLite that fails when a test wants: a VFS over the system's own, which notes every
// write and sync of databases and their logs. Files lie in a directory, as processes see them; locks
// and shared memory are the system's, so that several connections work in WAL mode.
//
//   FaultyDisk disk(directory);
//   api::Store store(.., {.files = {.vfs = disk.vfs()}});
//   disk.fail({.at = 3, .fault = Fault::full});
//   ..
//   disk.halt();               // the process is gone: nothing it does reaches the disk any more
//
// Nothing is synced for real: what a loss of power leaves is computed from the operations. A
// directory whose sync fails is an error here; the system's VFS passes over it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "support/disk/disk_state.h"

namespace tally::test {

enum class Fault : std::uint8_t {
  none,
  io_error,  // the operation fails and has no effect; a sync leaves its pages waiting
  full,      // a write fails for want of space; other operations as io_error
  torn,      // a write does a part of its work and fails; other operations as io_error
  lost,      // a sync fails and its pages count as clean; other operations as io_error
};

struct FaultPlan {
  std::size_t at = 0;  // the number of the operation, counted from 0
  Fault fault = Fault::none;
  bool lasting = false;     // all operations after it fail too
  bool syncs_only = false;  // only syncs of files are counted, and fail
};

class FaultyDisk {
 public:
  // The files that are in the directory now are durable.
  explicit FaultyDisk(std::string directory);
  // A disk in that state; its cached files are put into the directory.
  FaultyDisk(std::string directory, const DiskState& state);
  ~FaultyDisk();
  FaultyDisk(const FaultyDisk&) = delete;
  FaultyDisk& operator=(const FaultyDisk&) = delete;

  const char* vfs() const;
  const std::string& directory() const { return directory_; }

  void fail(FaultPlan plan);  // counts from now on
  void halt();
  bool has_failed() const;
  std::size_t op_count() const;
  std::vector<DiskOp> ops() const;
  DiskState start() const { return start_; }  // before the first operation
  DiskState state() const;                    // after the last

  // --- for the VFS ------------------------------------------------------------------------------

  // What is to become of the operation that comes now; the operation is noted unless it fails.
  // Of a torn write `bytes_done` are written.
  struct Verdict {
    Fault fault = Fault::none;
    std::size_t bytes_done = 0;
  };
  Verdict begin(DiskOp op);
  bool holds(const std::string& file) const;

 private:
  struct Vfs;

  void note(DiskOp op);

  std::string directory_;
  DiskState start_;
  mutable std::mutex mutex_;
  DiskState state_;
  std::vector<DiskOp> ops_;
  FaultPlan plan_;
  std::size_t counted_ = 0;
  bool has_failed_ = false;
  bool halted_ = false;
  std::unique_ptr<Vfs> vfs_;
};

// The first connection that this thread opens while this object lives: to show that tests notice what
// a weaker promise would lose.
class WeakSync {
 public:
  WeakSync();
  ~WeakSync();
  WeakSync(const WeakSync&) = delete;
  WeakSync& operator=(const WeakSync&) = delete;

  // `pragma synchronous = off`. Precondition: a connection was opened, and nobody uses it now.
  void switch_off();
};

// Puts the files into an empty directory.
void write_files(const Files& files, const std::string& directory);
// All regular files of the directory but shared memory.
Files read_files(const std::string& directory);

}  // namespace tally::test
