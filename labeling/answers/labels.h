// Labels: the classes of a project, and sets of them.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/result.h"

namespace tally::labeling {

inline constexpr std::size_t classes_max = 1'000;
inline constexpr std::size_t class_bytes_max = 128;

// The classes of a project in their order.
class ClassList {
 public:
  ClassList() = default;
  // Precondition: no name stands twice (see repeated_class).
  explicit ClassList(std::vector<std::string> names);
  // From text(). Throws core::Broken when it is none.
  static ClassList from_text(std::string_view text);

  std::size_t size() const { return names_.size(); }
  const std::string& name(std::size_t index) const { return names_.at(index); }
  const std::vector<std::string>& names() const { return names_; }
  std::string text() const;  // canonical JSON array

  // A set of classes as one text: the canonical JSON array of their names in class order, so that
  // equal sets are equal texts. Refuses with request.invalid what is no class or stands twice;
  // pointers begin with `pointer`.
  core::Result<std::string> labels_text(std::span<const std::string> labels,
                                        std::string_view pointer) const;
  std::string labels_text(std::uint32_t only) const;

 private:
  std::vector<std::string> names_;
  std::unordered_map<std::string, std::size_t> index_;
};

// Refuses with request.invalid at `pointer`/<index> where a class stands a second time, or holds
// control characters.
core::Result<core::Done> check_classes(std::span<const std::string> names,
                                       std::string_view pointer);

// No control characters, so that a name stays one line wherever it is printed.
bool is_printable(std::string_view text);

}  // namespace tally::labeling
