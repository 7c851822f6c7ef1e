// Small files, read and written whole.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "core/result.h"

namespace tally::core {

// Refusals: file.unreadable, file.too_large.
Result<std::string> read_file(const std::string& path, std::size_t bytes_max = 64U << 20);

enum class FileMode { shared, secret };  // 0644, 0600

// For a directory that is the program's own; a place that a user named is a core::NamedFile's. Atomic
// and durable: a temporary file, fsync, rename, fsync of the directory. The temporary file is
// `<path>.new`, or another in the same file system; what a crash left there is written over, so that
// nothing piles up. Refusal: file.unwritable.
Result<Done> write_file(const std::string& path,
                        std::string_view bytes,
                        FileMode mode = FileMode::shared,
                        std::string temporary = {});

// Whether write_file could write there now; what is there stays, but for what a crash left of a write.
// Refusal: file.unwritable.
Result<Done> check_writable(const std::string& path);

// The directory and those above it, durable where they were missing. Refusal: file.unwritable.
Result<Done> make_directories(const std::string& path);

// Makes durable what anybody wrote to the file system of `path` so far. Refusal: file.unwritable.
Result<Done> sync_file_system(const std::string& path);

// An exclusive lock on a file or directory that is there; destroyed, or with its process dead, it is
// free again.
class FileLock {
 public:
  // Refusals: file.unreadable, file.locked.
  static Result<FileLock> take(const std::string& path);
  FileLock(FileLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  FileLock& operator=(FileLock&&) = delete;
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;
  ~FileLock();

 private:
  explicit FileLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

}  // namespace tally::core
