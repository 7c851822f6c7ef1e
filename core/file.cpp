#include "core/file.h"

#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/posix_file.h"

namespace tally::core {

Result<std::string> read_file(const std::string& path, std::size_t bytes_max) {
  Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open()) return failed("file.unreadable", path);
  std::string bytes;
  char part[65536];
  while (true) {
    ssize_t got = ::read(file.number(), part, sizeof part);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failed("file.unreadable", path);
    if (got == 0) return bytes;
    bytes.append(part, static_cast<std::size_t>(got));
    if (bytes.size() > bytes_max) {
      return Error{Refusal::too_large, "file.too_large",
                   path + " has more than " + std::to_string(bytes_max) + " bytes"};
    }
  }
}

Result<Done> write_file(const std::string& path,
                        std::string_view bytes,
                        FileMode mode,
                        std::string temporary) {
  if (temporary.empty()) temporary = path + ".new";
  mode_t bits = mode == FileMode::secret ? 0600 : 0644;
  {
    ::unlink(temporary.c_str());
    Descriptor file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, bits));
    if (!file.is_open()) return failed("file.unwritable", path);
    if (!write_all(file.number(), bytes) || ::fsync(file.number()) != 0)
      return failed("file.unwritable", path);
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0) return failed("file.unwritable", path);
  if (!sync_parent_of(path)) return failed("file.unwritable", path);
  return Done{};
}

Result<Done> check_writable(const std::string& path) {
  std::error_code failure;
  errno = EISDIR;
  if (std::filesystem::is_directory(path, failure)) return failed("file.unwritable", path);
  std::string temporary = path + ".new";
  ::unlink(temporary.c_str());
  Descriptor file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!file.is_open() || ::unlink(temporary.c_str()) != 0) return failed("file.unwritable", path);
  return Done{};
}

Result<Done> make_directories(const std::string& path) {
  namespace fs = std::filesystem;
  fs::path made;
  for (const fs::path& part : fs::path(path)) {
    made /= part;
    if (part.empty() || fs::is_directory(made)) continue;
    if (::mkdir(made.c_str(), 0755) != 0 && errno != EEXIST)
      return failed("file.unwritable", made.string());
    if (!sync_parent_of(made)) return failed("file.unwritable", made.string());
  }
  return Done{};
}

Result<Done> sync_file_system(const std::string& path) {
  Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open() || ::syncfs(file.number()) != 0) return failed("file.unwritable", path);
  return Done{};
}

Result<FileLock> FileLock::take(const std::string& path) {
  int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return failed("file.unreadable", path);
  if (::flock(descriptor, LOCK_EX | LOCK_NB) == 0) return FileLock(descriptor);
  ::close(descriptor);
  return Error{Refusal::conflict, "file.locked", "another process is at work on " + path};
}

FileLock::~FileLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

}  // namespace tally::core
