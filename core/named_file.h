// A file at a place that somebody named, who may have files of his own around it: none of them is
// touched, whatever their names.
//
// Links are followed. What is written is made under a name that nobody has, in the place's directory
// (`.tallystick-<32 hex digits>`; only a crash leaves it there), and takes the place whole and durable.
// A FIFO, a character device (/dev/null, a terminal) and what standard output or standard error
// already write to are no places to take: the bytes are written into them.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "core/file.h"
#include "core/posix_file.h"
#include "core/result.h"

namespace tally::core {

enum class Existing { replaced, kept };

class NamedFile {
 public:
  // Finds before anything is written whether it can be, and changes nothing. Waits for the reader of
  // a FIFO. Refusals:
  //   conflict  file.exists      something is there, of any kind, and is to be kept
  //   invalid   file.unwritable  also a directory, socket or block device, and a link that leads nowhere
  static Result<NamedFile> open(const std::string& path,
                                Existing existing,
                                FileMode mode = FileMode::shared);

  // Refusals: file.exists (it came meanwhile, and is kept), file.unwritable.
  Result<Done> write(std::string_view bytes) const;

  // Absolute and, for a file, without links: two places are one if these are equal.
  const std::string& place() const { return place_; }

 private:
  NamedFile(std::string place, Existing existing, FileMode mode, Descriptor stream)
      : place_(std::move(place)), existing_(existing), mode_(mode), stream_(std::move(stream)) {}

  bool can_make() const;
  std::string fresh_name() const;
  Descriptor make(const std::string& name) const;

  std::string place_;
  Existing existing_;
  FileMode mode_;
  Descriptor stream_;  // open: what is there is written into
};

}  // namespace tally::core
