#include "core/named_file.h"

#include <cstdio>
#include <filesystem>
#include <sys/stat.h>
#include <system_error>

#include "core/random.h"

namespace tally::core {
namespace {

namespace fs = std::filesystem;

Error exists(const std::string& path) {
  return {Refusal::conflict, "file.exists", path + " is there, and is not replaced"};
}

Error unwritable(const std::string& path, const std::string& words) {
  return {Refusal::invalid, "file.unwritable", path + ": " + words};
}

// To write where standard output or standard error stand, and not from the beginning of their file.
Descriptor standard_stream(const struct stat& found) {
  for (int number : {STDOUT_FILENO, STDERR_FILENO}) {
    struct stat standard {};
    if (::fstat(number, &standard) != 0) continue;
    bool is_same = standard.st_dev == found.st_dev && standard.st_ino == found.st_ino;
    int flags = ::fcntl(number, F_GETFL);
    if (is_same && flags >= 0 && (flags & O_ACCMODE) != O_RDONLY)
      return Descriptor(::fcntl(number, F_DUPFD_CLOEXEC, 3));
  }
  return Descriptor();
}

// What is there keeps its place, also when it came a moment ago.
bool take_free_place(const std::string& name, const std::string& place) {
  if (::renameat2(AT_FDCWD, name.c_str(), AT_FDCWD, place.c_str(), RENAME_NOREPLACE) == 0)
    return true;
  if (errno != EINVAL && errno != ENOSYS) return false;
  if (::link(name.c_str(), place.c_str()) != 0) return false;  // a file system that cannot
  ::unlink(name.c_str());
  return true;
}

}  // namespace

Result<NamedFile> NamedFile::open(const std::string& path, Existing existing, FileMode mode) {
  struct stat found {};
  bool is_there = ::lstat(path.c_str(), &found) == 0;
  if (!is_there && (errno != ENOENT || path.empty())) return failed("file.unwritable", path);
  if (is_there && existing == Existing::kept) return exists(path);
  if (is_there && ::stat(path.c_str(), &found) != 0)
    return unwritable(path, "a link that leads nowhere");
  std::error_code failure;
  fs::path absolute = fs::absolute(path, failure);
  if (is_there) {
    if (Descriptor stream = standard_stream(found); stream.is_open())
      return NamedFile(absolute, existing, mode, std::move(stream));
    if (S_ISFIFO(found.st_mode) || S_ISCHR(found.st_mode)) {
      Descriptor stream(::open(path.c_str(), O_WRONLY | O_NOCTTY | O_CLOEXEC));
      if (!stream.is_open()) return failed("file.unwritable", path);
      return NamedFile(absolute, existing, mode, std::move(stream));
    }
    if (!S_ISREG(found.st_mode))
      return unwritable(path, S_ISDIR(found.st_mode) ? "is a directory" : "is no file");
  }
  fs::path place = fs::weakly_canonical(absolute, failure);
  if (failure) return unwritable(path, failure.message());
  NamedFile file(place, existing, mode, Descriptor());
  if (!file.can_make()) return failed("file.unwritable", path);
  return file;
}

bool NamedFile::can_make() const {
  std::string name = fresh_name();
  return make(name).is_open() && ::unlink(name.c_str()) == 0;
}

std::string NamedFile::fresh_name() const {
  return fs::path(place_).parent_path() / (".tallystick-" + system_random().salt());
}

Descriptor NamedFile::make(const std::string& name) const {
  mode_t bits = mode_ == FileMode::secret ? 0600 : 0644;
  return Descriptor(::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, bits));
}

Result<Done> NamedFile::write(std::string_view bytes) const {
  if (stream_.is_open()) {
    if (!write_all(stream_.number(), bytes)) return failed("file.unwritable", place_);
    return Done{};
  }
  std::string name = fresh_name();
  Descriptor file = make(name);
  if (!file.is_open()) return failed("file.unwritable", place_);
  bool is_kept = write_all(file.number(), bytes) && ::fsync(file.number()) == 0 &&
                 (existing_ == Existing::kept ? take_free_place(name, place_)
                                              : ::rename(name.c_str(), place_.c_str()) == 0);
  if (!is_kept) {
    Error error = errno == EEXIST ? exists(place_) : failed("file.unwritable", place_);
    ::unlink(name.c_str());
    return error;
  }
  if (!sync_parent_of(place_)) return failed("file.unwritable", place_);
  return Done{};
}

}  // namespace tally::core
