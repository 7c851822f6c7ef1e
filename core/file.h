// Small files, read and written whole.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "core/result.h"

namespace tally::core {

// Refusals: file.unreadable, file.too_large.
Result<std::string> read_file(const std::string& path, std::size_t bytes_max = 64U << 20);

enum class FileMode { shared, secret };  // 0644, 0600

// Atomic and durable: a temporary file beside it, fsync, rename, fsync of the directory.
// Refusal: file.unwritable.
Result<Done> write_file(const std::string& path,
                        std::string_view bytes,
                        FileMode mode = FileMode::shared);

}  // namespace tally::core
